/* engine_lab.c: hosts, models and tensors for tests of engines. */
#include "engine_lab.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Of AddressSanitizer and ThreadSanitizer, when one of them is linked. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

bool engine_lab_is_sanitized(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL;
}

size_t engine_lab_heap_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

sv_engine_host *engine_lab_open(const sv_engine *engine)
{
    static const sv_engine_config config;
    sv_engine_host *host = NULL;
    sv_engine_about about;
    sv_error error = {0};
    assert_int_equal(sv_engine_host_new(&config, &host), SV_OK);
    if (sv_engine_host_describe(host, engine, &error, &about) == SV_OK)
        return host;
    sv_engine_host_free(host);
    print_message("%s\n", error.message);
    return NULL;
}

const char *engine_lab_path(const char *file)
{
    static _Thread_local char path[512];
    snprintf(path, sizeof path, "%s/tests/data/engine/%s", SV_SOURCE_DIR, file);
    return path;
}

sv_engine_model *engine_lab_load(sv_engine_host *host, const char *file)
{
    sv_engine_model *model = NULL;
    sv_error error = {0};
    if (!host)
        skip();
    if (sv_engine_host_load(host, engine_lab_path(file), NULL, &error, &model))
        fail_msg("%s: %s", file, error.message);
    return model;
}

sv_status engine_lab_run(sv_engine_model *model, const sv_tensor *inputs, size_t n_inputs,
                         sv_error *error, sv_engine_result *ret_result)
{
    sv_engine_request request = {.inputs = inputs, .n_inputs = n_inputs};
    return sv_engine_run(model, &request, error, ret_result);
}

static sv_tensor wrap(const char *name, sv_dtype dtype, sv_shape shape, const void *values)
{
    size_t bytes = 0;
    assert_int_equal(sv_tensor_shape_bytes(&shape, dtype, &bytes), SV_OK);
    return (sv_tensor){sv_str_from(name), dtype, shape, values, bytes};
}

sv_tensor engine_lab_floats(const char *name, sv_shape shape, const float *values)
{
    return wrap(name, SV_DTYPE_FP32, shape, values);
}

sv_tensor engine_lab_int64s(const char *name, sv_shape shape, const int64_t *values)
{
    return wrap(name, SV_DTYPE_INT64, shape, values);
}
