/* engine_lab.h: what tests of engines share: a host, the models of tests/data/engine, a run in one
 * line. */
#ifndef SERVAL_TESTS_ENGINE_LAB_H
#define SERVAL_TESTS_ENGINE_LAB_H

#include "engine/engine_host.h"

/* A host whose `engine` is open. NULL when the engine is not installed, and says so. For set-up. */
sv_engine_host *engine_lab_open(const sv_engine *engine);
/* tests/data/engine/<file>; one text per thread, until the next call. */
const char *engine_lab_path(const char *file);
/* Loads tests/data/engine/<file> or fails the test. Skips it when there is no host. */
sv_engine_model *engine_lab_load(sv_engine_host *host, const char *file);
/* Runs with all outputs; `error` may be NULL. */
sv_status engine_lab_run(sv_engine_model *model, const sv_tensor *inputs, size_t n_inputs,
                         sv_error *error, sv_engine_result *ret_result);
/* Bytes of the heap in use, in all threads. */
size_t engine_lab_heap_bytes(void);
/* A sanitizer stands behind malloc: it ends the process where malloc would return NULL. */
bool engine_lab_is_sanitized(void);
/* A tensor over an array of the right type: FP32, INT64. */
sv_tensor engine_lab_floats(const char *name, sv_shape shape, const float *values);
sv_tensor engine_lab_int64s(const char *name, sv_shape shape, const int64_t *values);

#endif
