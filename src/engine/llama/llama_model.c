/* llama_model.c: a .gguf file in memory: its weights, what it says of itself. */
#include "engine/llama/llama_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 128, VALUE_SIZE = 512, MAX_METADATA = 64, OVERHEAD = 1 << 20 };

static uint64_t read_number(const sv_llama_model *model, const char *key, uint64_t otherwise)
{
    char architecture[64] = "", name[KEY_SIZE], value[32];
    llama_model_meta_val_str(model->llama, "general.architecture", architecture,
                             sizeof architecture);
    snprintf(name, sizeof name, "%s.%s", architecture, key);
    if (llama_model_meta_val_str(model->llama, name, value, sizeof value) <= 0)
        return otherwise;
    return strtoull(value, NULL, 10);
}

static uint64_t count_memory_per_token(const sv_llama_model *model)
{
    const struct llama_model *llama = model->llama;
    int32_t n_heads = llama_model_n_head(llama);
    uint64_t width = n_heads > 0 ? (uint64_t)(llama_model_n_embd(llama) / n_heads) : 0;
    uint64_t numbers = read_number(model, "attention.key_length", width) +
                       read_number(model, "attention.value_length", width);
    return (uint64_t)llama_model_n_layer(llama) * (uint64_t)llama_model_n_head_kv(llama) * numbers *
           2;
}

static sv_token find_token(llama_token token, int32_t n)
{
    return token >= 0 && token < n ? token : SV_NO_TOKEN;
}

static void describe(sv_llama_model *model)
{
    const struct llama_model *llama = model->llama;
    int32_t n = llama_vocab_n_tokens(model->vocab);
    const char *chat = llama_model_chat_template(llama, NULL);
    llama_model_desc(llama, model->description, sizeof model->description);
    model->info = (sv_text_info){
        .n_vocabulary = n,
        .n_context = llama_model_n_ctx_train(llama),
        .n_embedding = llama_model_n_embd_out(llama),
        .bos = find_token(llama_vocab_bos(model->vocab), n),
        .eos = find_token(llama_vocab_eos(model->vocab), n),
        .adds_bos = llama_vocab_get_add_bos(model->vocab),
        .n_parameters = llama_model_n_params(llama),
        .kv_bytes_per_token = count_memory_per_token(model),
        .description = model->description,
        .chat_template = chat,
        .chat_template_name = chat ? sv_llama_words_template_name(chat) : NULL,
    };
}

/* Appends `text` with a zero behind it and returns where it lies. */
static const char *put(char **at, const char *text)
{
    char *start = *at;
    size_t size = strlen(text) + 1;
    memcpy(start, text, size);
    *at += size;
    return start;
}

/* Keeps the entries general.*, of which there are few and short ones. */
static bool keep_metadata(sv_llama_model *model)
{
    char key[KEY_SIZE], value[VALUE_SIZE];
    int32_t n = llama_model_meta_count(model->llama);
    model->metadata = calloc(MAX_METADATA, sizeof *model->metadata);
    model->metadata_text = malloc((size_t)MAX_METADATA * (KEY_SIZE + VALUE_SIZE));
    if (!model->metadata || !model->metadata_text)
        return false;
    char *at = model->metadata_text;
    for (int32_t i = 0; i < n && model->n_metadata < MAX_METADATA; i++) {
        int32_t key_len = llama_model_meta_key_by_index(model->llama, i, key, sizeof key);
        int32_t len = llama_model_meta_val_str_by_index(model->llama, i, value, sizeof value);
        if (key_len <= 0 || key_len >= KEY_SIZE || len < 0 || len >= VALUE_SIZE ||
            strncmp(key, "general.", 8) != 0)
            continue;
        sv_engine_entry *entry = &model->metadata[model->n_metadata++];
        entry->key = (sv_str){put(&at, key), strlen(key)};
        entry->value = (sv_str){put(&at, value), strlen(value)};
    }
    return true;
}

/* NULL: the model can be served. */
static const char *find_obstacle(const sv_llama_model *model)
{
    const struct llama_model *llama = model->llama;
    if (llama_model_has_encoder(llama) && llama_model_has_decoder(llama))
        return "models with an encoder and a decoder are not served";
    if (llama_model_is_diffusion(llama))
        return "diffusion models are not served";
    if (llama_vocab_n_tokens(model->vocab) <= 0 || llama_model_n_ctx_train(llama) <= 0)
        return "the file has no vocabulary or no context";
    return NULL;
}

static sv_status refuse_file(const char *path, char *message)
{
    const char *why = sv_llama_adapter_last_error();
    FILE *file = fopen(path, "rb");
    if (!file)
        return sv_llama_adapter_tell(message, SV_NOT_FOUND,
                                     "there is no such file, or it cannot be read");
    fclose(file);
    if (strstr(why, "unable to allocate") || strstr(why, "bad_alloc"))
        return sv_llama_adapter_tell(message, SV_NO_MEMORY, "out of memory");
    return sv_llama_adapter_tell(message, SV_INVALID, "llama.cpp cannot load the file%s%s",
                                 why[0] ? ": " : "", why);
}

static sv_status finish(sv_llama_model *model, char *message, sv_engine_info *ret_info)
{
    model->vocab = llama_model_get_vocab(model->llama);
    const char *obstacle = find_obstacle(model);
    if (obstacle)
        return sv_llama_adapter_tell(message, SV_INVALID, "%s", obstacle);
    describe(model);
    if (!keep_metadata(model))
        return sv_llama_adapter_tell(message, SV_NO_MEMORY, "out of memory");
    *ret_info = (sv_engine_info){
        .metadata = model->metadata,
        .n_metadata = model->n_metadata,
        .memory_bytes = llama_model_size(model->llama) + OVERHEAD +
                        (uint64_t)model->info.n_vocabulary * 200, /* its texts and their index */
    };
    return SV_OK;
}

/* Read, not mapped: what is repacked for the CPU would be held twice. */
sv_status sv_llama_model_load(const char *path, char *message, sv_llama_any_model **ret_model,
                              sv_engine_info *ret_info)
{
    struct llama_model_params params = llama_model_default_params();
    params.load_mode = LLAMA_LOAD_MODE_NONE;
    params.use_extra_bufts = true;
    sv_llama_model *model = calloc(1, sizeof *model);
    if (!model)
        return sv_llama_adapter_tell(message, SV_NO_MEMORY, "out of memory");
    model->any.adapter = sv_llama_adapter_get(SV_LLAMA_ABI);
    sv_llama_adapter_forget_error();
    model->llama = sv_llama_guard_load(path, params);
    sv_status status = model->llama ? finish(model, message, ret_info) : refuse_file(path, message);
    if (status)
        sv_llama_model_unload(&model->any);
    else
        *ret_model = &model->any;
    return status;
}

void sv_llama_model_unload(sv_llama_any_model *any)
{
    sv_llama_model *model = (sv_llama_model *)any;
    if (model->llama)
        llama_model_free(model->llama);
    free(model->metadata);
    free(model->metadata_text);
    free(model);
}
