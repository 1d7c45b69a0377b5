/* fuzz_tensor_json.c: hostile JSON as tensors. The first byte chooses the datatype, the second the
 * rank that the model declares. What is taken fits in its bytes, can be written, and reads back as
 * the same bytes; what is refused has a reason. */
#include <stdlib.h>
#include <string.h>

#include "api/tensor_json.h"

enum { ARENA_LIMIT = 64 << 20, MAX_TEXT = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static sv_status read_tensor(sv_arena *arena, const sv_tensor_spec *spec, sv_str text,
                             sv_tensor *ret_tensor)
{
    const sv_value *value;
    sv_value_error error;
    sv_errors errors;
    sv_loc where = {.name = SV_STR("body")};
    sv_errors_init(&errors, arena);
    if (sv_value_parse(arena, text, NULL, &error, &value))
        return SV_FAILED;
    sv_status status = sv_tensor_json_read(spec, value, &where, &errors, ret_tensor);
    require((status == SV_INVALID) == (errors.count > 0));
    return status;
}

static void check_again(sv_arena *arena, const sv_tensor_spec *spec, const sv_tensor *tensor)
{
    sv_buf buf;
    sv_writer writer;
    sv_tensor again;
    sv_error error = {0};
    sv_buf_init(&buf, MAX_TEXT);
    sv_writer_init(&writer, &buf);
    require(sv_tensor_json_write(tensor, &writer, &error) == SV_OK);
    sv_status status = read_tensor(arena, spec, sv_buf_str(&buf), &again);
    require(status == SV_OK || status == SV_NO_MEMORY);
    if (!status) {
        require(again.size_bytes == tensor->size_bytes);
        require(!memcmp(&again.shape, &tensor->shape, sizeof again.shape));
        require(spec->dtype == SV_DTYPE_BYTES || !tensor->size_bytes ||
                !memcmp(again.data, tensor->data, tensor->size_bytes));
    }
    sv_buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    sv_tensor_spec spec = {.name = SV_STR("x"),
                           .dtype = (sv_dtype)(1 + data[0] % (SV_DTYPE_COUNT - 1)),
                           .shape.rank = data[1] % (SV_TENSOR_MAX_RANK + 1)};
    for (int i = 0; i < spec.shape.rank; i++)
        spec.shape.dims[i] = (data[1] >> 4 & i) ? i : -1;
    sv_arena *arena = sv_arena_new(ARENA_LIMIT);
    sv_tensor tensor;
    sv_error error = {0};
    require(arena != NULL);
    if (!read_tensor(arena, &spec, (sv_str){(const char *)data + 2, size - 2}, &tensor)) {
        spec.is_any_shape = true;
        require(sv_tensor_check(&spec, &tensor, &error) == SV_OK);
        check_again(arena, &spec, &tensor);
    }
    sv_arena_free(arena);
    return 0;
}
