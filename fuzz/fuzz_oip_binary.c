/* fuzz_oip_binary.c: hostile bodies of inference requests: JSON, tensors in it and behind it. The
 * first two bytes say how much is JSON. What is accepted fits what the model declares, and every
 * tensor lies within memory that is there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/oip_binary.h"
#include "api/oip_request.h"
#include "api/oip_response.h"

enum { LENGTH_BYTES = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const sv_tensor_spec inputs[] = {
    {.name = SV_STR_INIT("f"), .dtype = SV_DTYPE_FP32, .is_any_shape = true},
    {.name = SV_STR_INIT("i"), .dtype = SV_DTYPE_INT16, .shape = {2, {-1, 2}}},
    {.name = SV_STR_INIT("b"), .dtype = SV_DTYPE_BOOL, .is_any_shape = true},
    {.name = SV_STR_INIT("s"), .dtype = SV_DTYPE_BYTES, .is_any_shape = true}};

/* Reads all of it: a sanitizer sees what is not there. */
static void write_back(const sv_oip_request *request, const sv_tensor *tensors)
{
    sv_oip_part parts[4];
    sv_oip_response response = {
        .model = SV_STR("m"), .version = SV_STR("1"), .parts = parts, .n_parts = request->n_inputs};
    sv_buf out;
    size_t json_bytes;
    if (request->n_inputs > sizeof parts / sizeof *parts)
        abort();
    for (size_t i = 0; i < request->n_inputs; i++) {
        size_t bytes;
        if (sv_tensor_shape_bytes(&tensors[i].shape, tensors[i].dtype, &bytes) ||
            bytes != tensors[i].size_bytes)
            abort();
        parts[i] = (sv_oip_part){&tensors[i], i % 2 == 0};
    }
    sv_buf_init(&out, 64 << 20);
    if (sv_oip_response_write(&response, &out, NULL, &json_bytes) == SV_OK && json_bytes > out.len)
        abort();
    sv_buf_deinit(&out);
}

static void read_request(sv_arena *arena, size_t n_inputs, sv_str json, sv_str bytes)
{
    sv_engine_info info = {.inputs = inputs, .n_inputs = n_inputs};
    sv_oip_target target = {SV_STR("m"), &info, bytes};
    sv_oip_request request;
    const sv_tensor *tensors;
    sv_error error = {0};
    sv_status status = sv_oip_request_parse(arena, json, &error, &request);
    if (!status)
        status = sv_oip_request_tensors(arena, &request, &target, &error, &tensors);
    if (!status)
        write_back(&request, tensors);
    else if (status != SV_NO_MEMORY && (!error.kind || !error.message[0]))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < LENGTH_BYTES)
        return 0;
    size_t json_bytes = (size_t)data[0] << 8 | data[1];
    sv_str body = {(const char *)data + LENGTH_BYTES, size - LENGTH_BYTES};
    sv_str json = sv_str_slice(body, 0, json_bytes);
    sv_str bytes = sv_str_slice(body, json_bytes, body.len);
    for (size_t n = 1; n <= sizeof inputs / sizeof *inputs; n++) {
        sv_arena *arena = sv_arena_new(0);
        read_request(arena, n, json, bytes);
        sv_tensor raw;
        (void)!sv_oip_binary_read_raw(arena, body, &inputs[n - 1], NULL, &raw);
        sv_arena_free(arena);
    }
    return 0;
}
