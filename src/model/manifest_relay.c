/* manifest_relay.c: relays, as far as files and environment tell. */
#include "model/manifest_relay.h"

#include <stdlib.h>

enum { ENV_LEN = 4, MAX_ENV_NAME = 256 };

/* Begins a line of `problems`: "models/x/model.yaml:3: base_url: ". `key` NULL: of the whole. */
static void begin_problem(const struct manifest *manifest, const sv_model_source *source,
                          const char *key, sv_buf *problems)
{
    const sv_yaml *file = manifest->file;
    const sv_value *written =
        file && key ? sv_value_get(file->root, sv_str_from(key)) : (const sv_value *)NULL;
    sv_buf_printf(problems, "%s", source->manifest ? source->manifest : "--set");
    if (written)
        sv_buf_printf(problems, ":%u", sv_yaml_line(file, written));
    sv_buf_printf(problems, ": %s%s", key ? key : "", key ? ": " : "");
}

static bool is_env(sv_str key)
{
    return sv_str_starts_with(key, SV_STR("env:"));
}

bool sv_manifest_relay_key(const struct manifest *manifest, sv_str *ret_key)
{
    char name[MAX_ENV_NAME];
    sv_str key = manifest->api_key.set ? manifest->api_key.value : (sv_str){0};
    if (is_env(key)) {
        sv_str written = sv_str_slice(key, ENV_LEN, MAX_ENV_NAME - 1);
        for (size_t i = 0; i < written.len; i++)
            name[i] = written.ptr[i];
        name[written.len] = '\0';
        const char *value = getenv(name);
        key = value ? sv_str_trim(sv_str_from(value)) : (sv_str){0};
        if (!key.len)
            return false;
    }
    *ret_key = key;
    return true;
}

/* What a header may carry. */
static bool is_sendable(sv_str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] <= ' ' || key.ptr[i] == 0x7F)
            return false;
    return true;
}

static bool has_any(sv_str text, const char *bytes)
{
    for (; *bytes; bytes++)
        if (sv_str_find(text, *bytes) < text.len)
            return true;
    return false;
}

static bool check_address(const struct manifest *manifest, const sv_model_source *source,
                          sv_buf *problems)
{
    if (!manifest->base_url.set) {
        begin_problem(manifest, source, "provider", problems);
        sv_buf_printf(problems, "a relay needs base_url, such as https://api.example.com/v1\n");
        return false;
    }
    if (!has_any(manifest->base_url.value, "@?#"))
        return true;
    begin_problem(manifest, source, "base_url", problems);
    sv_buf_printf(problems,
                  "Input should have no user name, no query and no fragment; a key is api_key\n");
    return false;
}

static bool check_key(const struct manifest *manifest, const sv_model_source *source,
                      sv_buf *problems)
{
    sv_str key;
    bool is_there = sv_manifest_relay_key(manifest, &key);
    if (is_there && is_sendable(key))
        return true;
    sv_str written = manifest->api_key.value;
    begin_problem(manifest, source, "api_key", problems);
    if (!is_there)
        sv_buf_printf(problems, "the environment variable %.*s is not set\n",
                      SV_STR_ARG(sv_str_slice(written, ENV_LEN, written.len)));
    else
        sv_buf_printf(problems, "the key has blanks or control characters\n");
    return false;
}

static bool check_task(const struct manifest *manifest, const sv_model_source *source,
                       sv_buf *problems)
{
    if (manifest->task == SV_TASK_UNSET || manifest->task == SV_TASK_TEXT_GENERATION)
        return true;
    begin_problem(manifest, source, "task", problems);
    sv_buf_printf(problems, "a relay's task is text-generation\n");
    return false;
}

sv_status sv_manifest_relay_check(const struct manifest *manifest, const sv_model_source *source,
                                  sv_buf *problems)
{
    bool has_file = !sv_repository_is_relay(&source->versions[0]);
    if (!manifest->provider && has_file)
        return SV_OK;
    if (!manifest->provider) {
        begin_problem(manifest, source, NULL, problems);
        sv_buf_printf(problems, "there is no model file here; a relay, which needs none, says "
                                "provider: openai\n");
        return SV_INVALID;
    }
    if (has_file) {
        begin_problem(manifest, source, "provider", problems);
        sv_buf_printf(problems, "a relay has no model file, but %s is there\n",
                      source->versions[0].file);
        return SV_INVALID;
    }
    bool has_address = check_address(manifest, source, problems);
    bool has_key = check_key(manifest, source, problems);
    bool has_task = check_task(manifest, source, problems);
    return has_address && has_key && has_task ? SV_OK : SV_INVALID;
}
