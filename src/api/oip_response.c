/* oip_response.c: inference responses. Data is one flat list: the form that every client knows. */
#include "api/oip_response.h"

#include "api/oip_binary.h"
#include "base/writer.h"

/* Writes `n` elements; false: JSON cannot carry one of them. */
typedef bool (*write_elements)(sv_writer *writer, const void *data, size_t n);

static bool write_bools(sv_writer *writer, const void *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sv_writer_bool(writer, ((const unsigned char *)data)[i]);
    return true;
}

#define INTEGERS(NAME, TYPE, WRITE)                                                                \
    static bool write_##NAME(sv_writer *writer, const void *data, size_t n)                        \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            WRITE(writer, ((const TYPE *)data)[i]);                                                \
        return true;                                                                               \
    }
INTEGERS(uint8, uint8_t, sv_writer_uint)
INTEGERS(uint16, uint16_t, sv_writer_uint)
INTEGERS(uint32, uint32_t, sv_writer_uint)
INTEGERS(uint64, uint64_t, sv_writer_uint)
INTEGERS(int8, int8_t, sv_writer_int)
INTEGERS(int16, int16_t, sv_writer_int)
INTEGERS(int32, int32_t, sv_writer_int)
INTEGERS(int64, int64_t, sv_writer_int)

static bool write_fp32(sv_writer *writer, const void *data, size_t n)
{
    return sv_writer_floats(writer, data, n);
}

static bool write_fp64(sv_writer *writer, const void *data, size_t n)
{
    return sv_writer_doubles(writer, data, n);
}

static bool write_texts(sv_writer *writer, const void *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sv_writer_str(writer, ((const sv_str *)data)[i]);
    return !writer->has_repaired;
}

/* NULL: no form in JSON. */
static const write_elements writers[SV_DTYPE_COUNT] = {
    [SV_DTYPE_BOOL] = write_bools,    [SV_DTYPE_UINT8] = write_uint8,
    [SV_DTYPE_UINT16] = write_uint16, [SV_DTYPE_UINT32] = write_uint32,
    [SV_DTYPE_UINT64] = write_uint64, [SV_DTYPE_INT8] = write_int8,
    [SV_DTYPE_INT16] = write_int16,   [SV_DTYPE_INT32] = write_int32,
    [SV_DTYPE_INT64] = write_int64,   [SV_DTYPE_FP32] = write_fp32,
    [SV_DTYPE_FP64] = write_fp64,     [SV_DTYPE_BYTES] = write_texts};

static sv_status refuse_json(const sv_tensor *tensor, sv_error *error)
{
    const char *dtype = sv_tensor_dtype_name(tensor->dtype);
    const char *why = tensor->dtype == SV_DTYPE_BYTES ? "bytes that are not UTF-8"
                      : writers[tensor->dtype]        ? "values that are not finite"
                                                      : NULL;
    sv_str name = sv_str_slice(tensor->name, 0, 64);
    if (!why)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "sending %s data via JSON is not supported. Please use the binary data "
                            "format for output %.*s",
                            dtype, SV_STR_ARG(name));
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "output %.*s has %s, which JSON cannot carry. Please use the binary data "
                        "format for it",
                        SV_STR_ARG(name), why);
}

static sv_status write_data(sv_writer *writer, const sv_tensor *tensor, sv_error *error)
{
    write_elements write = writers[tensor->dtype];
    size_t n = tensor->size_bytes / sv_tensor_dtype_size(tensor->dtype);
    sv_writer_key(writer, SV_STR("data"));
    sv_writer_begin_array(writer);
    writer->has_repaired = false;
    if (!write || !write(writer, tensor->data, n))
        return refuse_json(tensor, error);
    sv_writer_end_array(writer);
    return SV_OK;
}

static sv_status write_part(sv_writer *writer, const sv_oip_part *part, sv_error *error)
{
    const sv_tensor *tensor = part->tensor;
    sv_status status = SV_OK;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", tensor->name);
    sv_writer_key_cstr(writer, "datatype", sv_tensor_dtype_name(tensor->dtype));
    sv_writer_key(writer, SV_STR("shape"));
    sv_writer_begin_array(writer);
    for (int i = 0; i < tensor->shape.rank; i++)
        sv_writer_int(writer, tensor->shape.dims[i]);
    sv_writer_end_array(writer);
    if (part->is_binary) {
        sv_writer_key(writer, SV_STR("parameters"));
        sv_writer_begin_object(writer);
        sv_writer_key_int(writer, "binary_data_size", (int64_t)sv_oip_binary_size(tensor));
        sv_writer_end_object(writer);
    } else {
        status = write_data(writer, tensor, error);
    }
    sv_writer_end_object(writer);
    return status;
}

sv_status sv_oip_response_write(const sv_oip_response *response, sv_buf *out, sv_error *error,
                                size_t *ret_json_bytes)
{
    sv_writer writer;
    size_t start = out->len;
    sv_status status = SV_OK;
    sv_writer_init(&writer, out);
    sv_writer_begin_object(&writer);
    if (response->id.len)
        sv_writer_key_str(&writer, "id", response->id);
    sv_writer_key_str(&writer, "model_name", response->model);
    sv_writer_key_str(&writer, "model_version", response->version);
    sv_writer_key(&writer, SV_STR("outputs"));
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < response->n_parts && !status; i++)
        status = write_part(&writer, &response->parts[i], error);
    sv_writer_end_array(&writer);
    sv_writer_end_object(&writer);
    size_t json_bytes = out->len - start;
    for (size_t i = 0; i < response->n_parts && !status; i++)
        if (response->parts[i].is_binary)
            sv_oip_binary_write(response->parts[i].tensor, out);
    if (!status)
        status = sv_buf_status(out);
    if (!status)
        *ret_json_bytes = json_bytes;
    return status;
}
