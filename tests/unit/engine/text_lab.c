/* text_lab.c: models, expectations and greedy answers for tests of language models. */
#include "text_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/llama.h"

sv_engine_host *text_lab_open(void)
{
    static const sv_engine_config config = {.directory = LLAMA_DIR};
    sv_engine_host *host = NULL;
    sv_engine_about about;
    sv_error error = {0};
    assert_int_equal(sv_engine_host_new(&config, &host), SV_OK);
    if (sv_engine_host_describe(host, &sv_llama_engine, &error, &about) == SV_OK)
        return host;
    print_message("%s\n", error.message);
    sv_engine_host_free(host);
    return NULL;
}

sv_engine_host *text_lab_host;

int text_lab_begin(void **state)
{
    (void)state;
    text_lab_host = text_lab_open();
    return 0;
}

int text_lab_end(void **state)
{
    (void)state;
    sv_engine_host_free(text_lab_host);
    return 0;
}

static void write_path(char *path, const char *name, const char *file)
{
    snprintf(path, 512, "%s/../shared/models/llm/%s/%s", SV_SOURCE_DIR, name, file);
}

sv_engine_model *text_lab_load(sv_engine_host *host, const char *name)
{
    char path[512];
    write_path(path, name, "1/model.gguf");
    return text_lab_load_file(host, path);
}

sv_engine_model *text_lab_load_file(sv_engine_host *host, const char *path)
{
    sv_engine_model *model = NULL;
    sv_error error = {0};
    if (!host || access(path, R_OK) != 0) {
        print_message("skipped: %s\n", host ? "the language models are absent" : "no llama.cpp");
        skip();
    }
    if (sv_engine_host_load(host, path, NULL, &error, &model))
        fail_msg("%s: %s", path, error.message);
    return model;
}

sv_text_context *text_lab_context(sv_engine_model *model, uint32_t n_sequences, uint32_t n_tokens,
                                  uint32_t max_batch)
{
    sv_text_context_options options = {n_sequences, n_tokens, max_batch, .threads = 1};
    sv_text_context *context = NULL;
    sv_error error = {0};
    if (sv_text_context_new(sv_engine_text_model(model), &options, &error, &context))
        fail_msg("%s", error.message);
    return context;
}

/* What follows the `index`-th `"key":` of the file; NULL: there is none. */
static const char *find_expected(const char *name, const char *key, size_t index)
{
    static char text[64 << 10];
    char path[512], quoted[64];
    write_path(path, name, "EXPECTED.json");
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *at = strstr(text, quoted);
    for (; at && index > 0; index--)
        at = strstr(at + 1, quoted);
    return at ? at + strlen(quoted) + strspn(at + strlen(quoted), " \n") : NULL;
}

bool text_lab_expected(const char *name, const char *key, size_t index, text_lab_tokens *ret_tokens)
{
    const char *at = find_expected(name, key, index);
    if (!at)
        return false;
    assert_int_equal(*at, '[');
    ret_tokens->n = 0;
    for (at++; *at != ']'; at += strspn(at, ", \n"))
        if (*at >= '0' && *at <= '9')
            ret_tokens->at[ret_tokens->n++] = (sv_token)strtol(at, (char **)(void *)&at, 10);
    return true;
}

bool text_lab_expected_text(const char *name, const char *key, size_t index, char *text,
                            size_t size)
{
    const char *at = find_expected(name, key, index);
    size_t len = 0;
    if (!at)
        return false;
    assert_int_equal(*at, '"');
    for (at++; *at != '"'; at++) {
        bool is_escaped = *at == '\\';
        at += is_escaped;
        text[len++] = is_escaped && *at == 'n' ? '\n' : *at;
        assert_true(len < size);
    }
    text[len] = '\0';
    return true;
}

text_lab_tokens text_lab_tokenize(const sv_text_model *model, const char *text,
                                  sv_tokenize_options options)
{
    text_lab_tokens tokens = {.n = 0};
    sv_buf buf;
    if (!options.max_tokens)
        options.max_tokens = sizeof tokens.at / sizeof *tokens.at;
    sv_buf_init(&buf, sizeof tokens.at);
    assert_int_equal(sv_text_tokenize(model, sv_str_from(text), &options, &buf), SV_OK);
    tokens.n = buf.len / sizeof *tokens.at;
    if (buf.len)
        memcpy(tokens.at, buf.ptr, buf.len);
    sv_buf_deinit(&buf);
    return tokens;
}

void text_lab_assert_same(const text_lab_tokens *got, const text_lab_tokens *expected)
{
    for (size_t i = 0; i < got->n && i < expected->n; i++)
        if (got->at[i] != expected->at[i])
            fail_msg("token %zu is %d, not %d", i, (int)got->at[i], (int)expected->at[i]);
    assert_int_equal(got->n, expected->n);
}

float *text_lab_feed(sv_text_context *context, int32_t sequence, const sv_token *tokens, size_t n,
                     size_t chunk)
{
    sv_text_entry entries[SV_TEXT_MAX_BATCH];
    sv_error error = {0};
    size_t n_step = 0;
    for (size_t done = 0; done < n; done += n_step) {
        int32_t held = sv_text_held(context, sequence);
        n_step = n - done < chunk ? n - done : chunk;
        for (size_t i = 0; i < n_step; i++)
            entries[i] =
                (sv_text_entry){tokens[done + i], held + (int32_t)i, sequence, done + i + 1 == n};
        if (sv_text_step(context, entries, n_step, &error))
            fail_msg("%s", error.message);
    }
    return sv_text_logits(context, n_step - 1);
}

sv_token text_lab_best(const float *logits, int32_t n)
{
    sv_token best = 0;
    for (sv_token i = 1; i < n; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

text_lab_tokens text_lab_answer(sv_text_model *model, sv_text_context *context,
                                const text_lab_tokens *prompt, size_t n)
{
    int32_t n_vocabulary = sv_text_info_of(model)->n_vocabulary;
    text_lab_tokens answer = {.n = 0};
    float *logits = text_lab_feed(context, 0, prompt->at, prompt->n, 512);
    while (answer.n < n) {
        sv_token token = text_lab_best(logits, n_vocabulary);
        answer.at[answer.n++] = token;
        if (sv_text_ends(model, token))
            break;
        logits = text_lab_feed(context, 0, &token, 1, 1);
    }
    return answer;
}
