/* llama.c: the engine for .gguf files. It opens the adapter (llama_library.h) and passes its words
 * on; what llama.cpp's API is like is known in llama/ alone. */
#include "engine/llama.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/llama_library.h"

typedef struct llama_state {
    const sv_engine_config *config;
    sv_llama_library library;
} llama_state;

static sv_status open_llama(const sv_engine_config *config, void **ret_state, sv_error *error)
{
    char message[SV_TEXT_MESSAGE_SIZE] = "";
    llama_state *llama = calloc(1, sizeof *llama);
    if (!llama)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "out of memory");
    llama->config = config;
    sv_status status = sv_llama_library_open(config->directory, error, &llama->library);
    if (!status) {
        status = llama->library.adapter->start(&config->log, message);
        if (status)
            sv_error_set(error, status, NULL, "%s", message);
    }
    if (status)
        free(llama);
    else
        *ret_state = llama;
    return status;
}

static void close_llama(void *state)
{
    llama_state *llama = state;
    llama->library.adapter->stop(&llama->config->log);
    free(llama);
}

static void describe_llama(void *state, sv_engine_about *about)
{
    const llama_state *llama = state;
    llama->library.adapter->describe(about);
    snprintf(about->library, sizeof about->library, "%s", llama->library.path);
}

/* Threads belong to contexts, not to a model. */
static sv_status load_model(void *state, const char *path, const sv_engine_options *options,
                            sv_error *error, sv_engine_loaded *ret_loaded)
{
    const llama_state *llama = state;
    char message[SV_TEXT_MESSAGE_SIZE] = "";
    (void)options;
    sv_llama_any_model *model;
    sv_status status = llama->library.adapter->load(path, message, &model, &ret_loaded->info);
    if (status)
        return sv_error_set(error, status, NULL, "%s", message);
    ret_loaded->model = model;
    ret_loaded->text = model->adapter->text;
    return SV_OK;
}

static void unload_model(void *arg)
{
    sv_llama_any_model *model = arg;
    model->adapter->unload(model);
}

const sv_engine sv_llama_engine = {
    .name = "llama.cpp",
    .title = "llama.cpp",
    .extension = ".gguf",
    .writes_text = true,
    .open = open_llama,
    .close = close_llama,
    .describe = describe_llama,
    .load = load_model,
    .unload = unload_model,
};
