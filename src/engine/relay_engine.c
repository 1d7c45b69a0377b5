/* relay_engine.c: models without weights; see the header. */
#include "engine/relay_engine.h"

static sv_status load(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded)
{
    (void)state, (void)path, (void)options, (void)error;
    *ret_loaded = (sv_engine_loaded){0};
    return SV_OK;
}

static void unload(void *model)
{
    (void)model;
}

const sv_engine sv_relay_engine = {.name = "relay",
                                   .title = "Relay",
                                   .extension = ".yaml",
                                   .writes_text = true,
                                   .load = load,
                                   .unload = unload};
