/* fuzz_tensor_text.c: hostile lists of numbers, read as text, and hostile requests, cut into lists
 * and the rest. The first byte chooses the datatype. What the text reader takes, the reader of JSON
 * takes too, to the same shape and bytes; what is cut out are pieces of the request, in order. */
#include <stdlib.h>
#include <string.h>

#include "api/oip_data.h"
#include "api/tensor_json.h"
#include "api/tensor_text.h"
#include "base/buf.h"
#include "engine/engine.h"

enum { ARENA_LIMIT = 64 << 20, MAX_TEXT = 16 << 20, MAX_VALUES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_lists(sv_arena *arena, sv_dtype dtype, sv_str text)
{
    const sv_tensor_spec spec = {.name = SV_STR("x"), .dtype = dtype};
    const sv_loc where = {.name = SV_STR("body")};
    size_t n_values = MAX_VALUES;
    sv_tensor tensor, again;
    sv_errors errors;
    sv_value_error why;
    const sv_value *value;
    sv_errors_init(&errors, arena);
    if (sv_tensor_text_read(arena, &spec, text, &n_values, &tensor))
        return;
    require(n_values < MAX_VALUES);
    sv_status status = sv_value_parse(arena, text, NULL, &why, &value);
    if (!status)
        status = sv_tensor_json_read(&spec, value, &where, &errors, &again);
    require(status == SV_OK || status == SV_NO_MEMORY || status == SV_TOO_LARGE);
    if (!status) {
        require(again.size_bytes == tensor.size_bytes);
        require(!memcmp(&again.shape, &tensor.shape, sizeof again.shape));
        require(!memcmp(again.data, tensor.data, tensor.size_bytes));
    }
}

/* Long lists are read another way than what is near the end of one. */
static void check_in_long_list(sv_arena *arena, sv_dtype dtype, sv_str text)
{
    sv_buf buf;
    sv_buf_init(&buf, MAX_TEXT);
    sv_buf_append_byte(&buf, '[');
    sv_buf_append_str(&buf, text);
    for (int i = 0; i < 40; i++)
        sv_buf_append_str(&buf, SV_STR(",0"));
    sv_buf_append_byte(&buf, ']');
    if (!sv_buf_status(&buf))
        check_lists(arena, dtype, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
}

static void check_split(sv_arena *arena, sv_str text)
{
    sv_oip_split split;
    sv_error error = {0};
    if (sv_oip_data_split_lists(arena, text, &error, &split))
        return;
    const char *at = text.ptr;
    require(split.n_spans <= SV_ENGINE_MAX_TENSORS);
    for (size_t i = 0; i < split.n_spans; i++) {
        require(split.spans[i].ptr >= at && split.spans[i].len && split.spans[i].ptr[0] == '[');
        at = split.spans[i].ptr + split.spans[i].len;
        require(at <= text.ptr + text.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_arena *arena = size ? sv_arena_new(ARENA_LIMIT) : NULL;
    if (!arena)
        return 0;
    sv_dtype dtype = (sv_dtype)(1 + data[0] % (SV_DTYPE_COUNT - 1));
    sv_str text = {(const char *)data + 1, size - 1};
    check_lists(arena, dtype, text);
    check_in_long_list(arena, dtype, text);
    check_split(arena, text);
    sv_arena_free(arena);
    return 0;
}
