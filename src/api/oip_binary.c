/* oip_binary.c: the binary tensor data extension. Little-endian machines only, as all of the
 * server.
 */
#include "api/oip_binary.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 4, NAME_SHOWN = 64 };

static void free_bytes(void *bytes)
{
    free(bytes);
}

void *sv_oip_binary_alloc(sv_arena *arena, size_t size_bytes)
{
    void *bytes = malloc(size_bytes + 1);
    if (bytes && sv_arena_defer(arena, free_bytes, bytes)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

sv_status sv_oip_binary_split(sv_str header, size_t body_bytes, sv_error *error,
                              size_t *ret_json_bytes)
{
    uint64_t bytes;
    if (!header.ptr) {
        *ret_json_bytes = body_bytes;
        return SV_OK;
    }
    if (!sv_str_to_u64(header, &bytes))
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Unable to parse Inference-Header-Content-Length: expected a number of "
                            "bytes, got '%.*s'",
                            SV_STR_ARG(sv_str_slice(header, 0, NAME_SHOWN)));
    if (bytes > body_bytes)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Inference-Header-Content-Length is %llu, but the request has only %zu "
                            "bytes",
                            (unsigned long long)bytes, body_bytes);
    *ret_json_bytes = (size_t)bytes;
    return SV_OK;
}

static sv_status refuse_size(const sv_tensor *tensor, sv_str model, size_t got, sv_error *error)
{
    size_t expected;
    if (sv_tensor_shape_bytes(&tensor->shape, tensor->dtype, &expected))
        expected = 0;
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "input byte size mismatch for input '%.*s' for model '%.*s'. Expected %zu, "
                        "got %zu",
                        SV_STR_ARG(sv_str_slice(tensor->name, 0, NAME_SHOWN)),
                        SV_STR_ARG(sv_str_slice(model, 0, NAME_SHOWN)), expected, got);
}

static sv_status refuse_texts(const sv_tensor *tensor, size_t count, sv_error *error)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "the lengths inside of the BYTES input '%.*s' do not make %zu elements",
                        SV_STR_ARG(sv_str_slice(tensor->name, 0, NAME_SHOWN)), count);
}

/* The next text; false when its length is not there, or leads beyond the end. */
static bool next_text(sv_str *rest, sv_str *ret_text)
{
    uint32_t len;
    if (rest->len < LENGTH_BYTES)
        return false;
    memcpy(&len, rest->ptr, LENGTH_BYTES);
    if (len > rest->len - LENGTH_BYTES)
        return false;
    *ret_text = sv_str_slice(*rest, LENGTH_BYTES, len);
    *rest = sv_str_slice(*rest, LENGTH_BYTES + (size_t)len, rest->len);
    return true;
}

/* Spans for the texts, once they are known to be there. */
static sv_status read_texts(sv_arena *arena, sv_str bytes, sv_error *error, sv_tensor *tensor)
{
    size_t count = 0;
    sv_str rest = bytes, text;
    if (sv_tensor_shape_count(&tensor->shape, &count) || count > bytes.len / LENGTH_BYTES)
        return refuse_texts(tensor, count, error);
    for (size_t i = 0; i < count; i++)
        if (!next_text(&rest, &text))
            return refuse_texts(tensor, count, error);
    if (rest.len)
        return refuse_texts(tensor, count, error);
    sv_str *texts = sv_oip_binary_alloc(arena, count * sizeof *texts);
    if (!texts)
        return SV_NO_MEMORY;
    rest = bytes;
    for (size_t i = 0; i < count; i++)
        (void)next_text(&rest, &texts[i]);
    tensor->data = texts;
    tensor->size_bytes = count * sizeof *texts;
    return SV_OK;
}

static sv_status read_elements(sv_arena *arena, sv_str bytes, sv_tensor *tensor)
{
    size_t alignment = sv_tensor_dtype_size(tensor->dtype);
    tensor->data = bytes.ptr;
    tensor->size_bytes = bytes.len;
    if (!bytes.len || (uintptr_t)bytes.ptr % alignment == 0)
        return SV_OK;
    void *copy = sv_oip_binary_alloc(arena, bytes.len);
    if (!copy)
        return SV_NO_MEMORY;
    tensor->data = memcpy(copy, bytes.ptr, bytes.len);
    return SV_OK;
}

/* A BOOL of any other bits would be neither. */
static bool has_only_truth(sv_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if ((unsigned char)bytes.ptr[i] > 1)
            return false;
    return true;
}

sv_status sv_oip_binary_read(sv_arena *arena, sv_str bytes, sv_str model, sv_error *error,
                             sv_tensor *tensor)
{
    size_t size;
    if (tensor->dtype == SV_DTYPE_BYTES)
        return read_texts(arena, bytes, error, tensor);
    if (sv_tensor_shape_bytes(&tensor->shape, tensor->dtype, &size) || size != bytes.len)
        return refuse_size(tensor, model, bytes.len, error);
    if (tensor->dtype == SV_DTYPE_BOOL && !has_only_truth(bytes))
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "the BOOL input '%.*s' has bytes other than 0 and 1",
                            SV_STR_ARG(sv_str_slice(tensor->name, 0, NAME_SHOWN)));
    return read_elements(arena, bytes, tensor);
}

static sv_status refuse_raw(const sv_tensor_spec *spec, sv_error *error)
{
    return sv_error_set(
        error, SV_INVALID, &sv_kind_invalid_input,
        "The shape of the raw input '%.*s' can not be deduced: more than one dimension "
        "is of variable size, or the bytes do not fill it",
        SV_STR_ARG(sv_str_slice(spec->name, 0, NAME_SHOWN)));
}

/* Fills in the free length, of which there may be one. */
static bool deduce_shape(const sv_tensor_spec *spec, size_t n_elements, sv_shape *ret_shape)
{
    sv_shape shape = spec->shape;
    int free_at = -1;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dims[i] >= 0)
            continue;
        if (free_at >= 0)
            return false;
        free_at = i;
        shape.dims[i] = 1;
    }
    size_t fixed;
    if (spec->is_any_shape || sv_tensor_shape_count(&shape, &fixed))
        return false;
    if (free_at >= 0 && fixed && n_elements % fixed == 0) {
        shape.dims[free_at] = (int64_t)(n_elements / fixed);
        fixed = n_elements;
    }
    *ret_shape = shape;
    return fixed == n_elements;
}

sv_status sv_oip_binary_read_raw(sv_arena *arena, sv_str bytes, const sv_tensor_spec *spec,
                                 sv_error *error, sv_tensor *ret_tensor)
{
    sv_tensor tensor = {.name = spec->name, .dtype = spec->dtype};
    bool is_text = spec->dtype == SV_DTYPE_BYTES;
    size_t size = is_text ? bytes.len : sv_tensor_dtype_size(spec->dtype);
    size_t n_elements = is_text ? 1 : size ? bytes.len / size : 0;
    if (!spec->dtype || (!is_text && bytes.len % size) ||
        !deduce_shape(spec, n_elements, &tensor.shape))
        return refuse_raw(spec, error);
    sv_status status = SV_OK;
    if (is_text) {
        sv_str *text = sv_arena_alloc(arena, sizeof *text);
        if (!text)
            return SV_NO_MEMORY;
        *text = bytes;
        tensor.data = text;
        tensor.size_bytes = sizeof *text;
    } else {
        status = sv_oip_binary_read(arena, bytes, SV_STR(""), error, &tensor);
    }
    if (!status)
        *ret_tensor = tensor;
    return status;
}

size_t sv_oip_binary_size(const sv_tensor *tensor)
{
    if (tensor->dtype != SV_DTYPE_BYTES)
        return tensor->size_bytes;
    const sv_str *texts = tensor->data;
    size_t count = tensor->size_bytes / sizeof *texts, size = count * LENGTH_BYTES;
    for (size_t i = 0; i < count; i++)
        size += texts[i].len;
    return size;
}

void sv_oip_binary_write(const sv_tensor *tensor, sv_buf *out)
{
    if (tensor->dtype != SV_DTYPE_BYTES) {
        sv_buf_append(out, tensor->data, tensor->size_bytes);
        return;
    }
    const sv_str *texts = tensor->data;
    for (size_t i = 0; i < tensor->size_bytes / sizeof *texts; i++) {
        uint32_t len = (uint32_t)texts[i].len;
        sv_buf_append(out, &len, LENGTH_BYTES);
        sv_buf_append_str(out, texts[i]);
    }
}
