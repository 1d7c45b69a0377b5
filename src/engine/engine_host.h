/* engine_host.h: the engines of one process: opened when a model first needs them, asked about,
 * closed at the end.
 *
 * A missing engine is an error for the models that need it and for nothing else. */
#ifndef SERVAL_ENGINE_ENGINE_HOST_H
#define SERVAL_ENGINE_ENGINE_HOST_H

#include "engine/engine.h"

/* Opens nothing yet; copies `config`. Calls sv_engine_prepare_environment, so make it before
 * threads start. SV_NO_MEMORY. */
sv_status sv_engine_host_new(const sv_engine_config *config, sv_engine_host **ret_host) SV_MUST_USE;
/* Closes what was opened. No model may be loaded. NULL is fine. */
void sv_engine_host_free(sv_engine_host *host);

/* Opens `engine` (of engine_table.h) if need be and tells about it. Any thread; waits for another
 * that is opening one. SV_UNAVAILABLE: it cannot be used here, `error` says why. */
sv_status sv_engine_host_describe(sv_engine_host *host, const sv_engine *engine, sv_error *error,
                                  sv_engine_about *ret_about) SV_MUST_USE;
/* Does any engine that has been opened compute on a GPU? Opens nothing. Any thread. */
bool sv_engine_host_has_gpu(sv_engine_host *host);

/* Loads the model at `path` (ends in zero) with the engine of its extension; blocks. `options` may
 * be NULL. Any thread. SV_UNSUPPORTED: no engine takes such files. SV_UNAVAILABLE: its engine is
 * missing. SV_NOT_FOUND, SV_INVALID, SV_NO_MEMORY: see struct sv_engine. The model is the caller's,
 * to be given to sv_engine_unload before the host is freed. */
sv_status sv_engine_host_load(sv_engine_host *host, const char *path,
                              const sv_engine_options *options, sv_error *error,
                              sv_engine_model **ret_model) SV_MUST_USE;

#endif
