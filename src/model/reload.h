/* reload.h: looks at the disk again: what is new, changed or gone since.
 *
 * A change is acted on once it has stood for two looks, so that a file is not read while it is
 * being written; whoever asks for a look wants it at once. What cannot be read is told in the log
 * and changes nothing: what answers goes on. On the loader's thread. */
#ifndef SERVAL_MODEL_RELOAD_H
#define SERVAL_MODEL_RELOAD_H

#include "model/registry.h"
#include "observe/log.h"

typedef struct sv_reload sv_reload;

typedef struct sv_reload_config {
    sv_registry *registry;
    sv_log *log;              /* NULL: none */
    const char *const *paths; /* as for sv_repository_scan; outlive it */
    size_t n_paths;
} sv_reload_config;

sv_status sv_reload_new(const sv_reload_config *config, sv_reload **ret_reload) SV_MUST_USE;
/* NULL is fine. */
void sv_reload_free(sv_reload *reload);

/* Takes new models and versions in, has changed ones loaded anew, lets go of those that are gone.
 * `is_asked`: without waiting for a second look. */
void sv_reload_look(sv_reload *reload, bool is_asked);
/* Lets go of versions that are served no more, once those that came in their place answer. To be
 * called after each load. */
void sv_reload_settle(sv_reload *reload);

#endif
