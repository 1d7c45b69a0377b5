/* engine_host.c: opens engines once, when a model first needs them. */
#include "engine/engine_host.h"

#include <pthread.h>
#include <stdlib.h>

#include "engine/engine_table.h"

typedef struct slot {
    bool is_open;
    sv_engine_opened opened;
    sv_engine_about about;
} slot;

struct sv_engine_host {
    sv_engine_config config;
    pthread_mutex_t lock;
    /* Guarded by lock. A slot does not change any more once it is open. */
    slot slots[]; /* as sv_engine_table */
};

sv_status sv_engine_host_new(const sv_engine_config *config, sv_engine_host **ret_host)
{
    size_t n_engines;
    sv_engine_table(&n_engines);
    sv_engine_host *host = calloc(1, sizeof *host + n_engines * sizeof *host->slots);
    if (!host)
        return SV_NO_MEMORY;
    sv_engine_prepare_environment();
    host->config = *config;
    pthread_mutex_init(&host->lock, NULL);
    *ret_host = host;
    return SV_OK;
}

void sv_engine_host_free(sv_engine_host *host)
{
    size_t n_engines;
    const sv_engine *const *engines = sv_engine_table(&n_engines);
    if (!host)
        return;
    for (size_t i = 0; i < n_engines; i++)
        if (host->slots[i].is_open && engines[i]->close)
            engines[i]->close(host->slots[i].opened.state);
    pthread_mutex_destroy(&host->lock);
    free(host);
}

static slot *find_slot(sv_engine_host *host, const sv_engine *engine)
{
    size_t n_engines, i = 0;
    const sv_engine *const *engines = sv_engine_table(&n_engines);
    while (i < n_engines && engines[i] != engine)
        i++;
    return i < n_engines ? &host->slots[i] : NULL;
}

/* With the lock held. */
static sv_status open_slot(sv_engine_host *host, const sv_engine *engine, slot *opening,
                           sv_error *error)
{
    sv_status status =
        engine->open ? engine->open(&host->config, &opening->opened.state, error) : SV_OK;
    if (status)
        return status;
    if (engine->describe)
        engine->describe(opening->opened.state, &opening->about);
    opening->opened.engine = engine;
    opening->is_open = true;
    return SV_OK;
}

/* NULL: `*ret_status` says why not. */
static const slot *ensure_open(sv_engine_host *host, const sv_engine *engine, sv_error *error,
                               sv_status *ret_status)
{
    slot *wanted = find_slot(host, engine);
    if (!wanted) {
        *ret_status = sv_error_set(error, SV_UNSUPPORTED, NULL, "%s is not in the table of engines",
                                   engine->title);
        return NULL;
    }
    pthread_mutex_lock(&host->lock);
    *ret_status = wanted->is_open ? SV_OK : open_slot(host, engine, wanted, error);
    pthread_mutex_unlock(&host->lock);
    return *ret_status ? NULL : wanted;
}

sv_status sv_engine_host_describe(sv_engine_host *host, const sv_engine *engine, sv_error *error,
                                  sv_engine_about *ret_about)
{
    sv_status status;
    const slot *opened = ensure_open(host, engine, error, &status);
    if (opened)
        *ret_about = opened->about;
    return status;
}

bool sv_engine_host_has_gpu(sv_engine_host *host)
{
    size_t n_engines;
    bool has_gpu = false;
    sv_engine_table(&n_engines);
    pthread_mutex_lock(&host->lock);
    for (size_t i = 0; i < n_engines; i++)
        has_gpu |= host->slots[i].is_open && host->slots[i].about.has_gpu;
    pthread_mutex_unlock(&host->lock);
    return has_gpu;
}

sv_status sv_engine_host_load(sv_engine_host *host, const char *path,
                              const sv_engine_options *options, sv_error *error,
                              sv_engine_model **ret_model)
{
    const sv_engine *engine = sv_engine_table_find(sv_str_from(path));
    if (!engine) {
        sv_error_set_path(error, "%s", path);
        return sv_error_set(error, SV_UNSUPPORTED, NULL, "no engine takes such files");
    }
    sv_status status;
    const slot *opened = ensure_open(host, engine, error, &status);
    if (!opened)
        return status;
    return sv_engine_load(&opened->opened, path, options, error, ret_model);
}
