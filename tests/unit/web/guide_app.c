#include "guide_app.h"

#include <pthread.h>
#include <string.h>

enum color { RED, GREEN };
SV_ENUM(color, {"red", RED}, {"green", GREEN});

struct generate {
    sv_str prompt;
    int64_t max_tokens;
    double temperature;
    sv_opt_strs stop_sequences;
};
struct generated {
    sv_str text;
    int64_t max_tokens;
    double temperature;
    sv_strs stop_sequences;
};
struct item_params {
    int64_t item_id;
    sv_opt_str q;
    bool verbose;
    sv_strs tags;
};
struct item {
    int64_t item_id;
    sv_opt_str q;
    bool verbose;
    sv_strs tags;
    int color;
};
struct ratio {
    double value;
};

static sv_status prompt_not_blank(sv_check *check, sv_str *prompt)
{
    *prompt = sv_str_trim(*prompt);
    return prompt->len ? SV_OK : sv_reject(check, "Prompt cannot be empty or whitespace");
}

static sv_status stop_sequence_valid(sv_check *check, sv_str *item)
{
    return sv_str_count_chars(*item) <= 20 ? SV_OK : sv_reject(check, "Stop sequence too long");
}

SV_SCHEMA_WITH(generate, (.component = "TextGenerationRequest"),
               SV_FIELD(generate, prompt, .min_len = 1, .max_len = 4096,
                        .check_str = prompt_not_blank),
               SV_FIELD(generate, max_tokens, SV_GE(1), SV_LE(4096), .default_json = "256"),
               SV_FIELD(generate, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7"),
               SV_FIELD(generate, stop_sequences, .max_items = 4,
                        .check_item_str = stop_sequence_valid, .default_json = "null"));
SV_SCHEMA(generated, SV_FIELD(generated, text), SV_FIELD(generated, max_tokens),
          SV_FIELD(generated, temperature), SV_FIELD(generated, stop_sequences));
SV_SCHEMA(item_params, SV_FIELD(item_params, item_id, SV_GE(1)),
          SV_FIELD(item_params, q, .optional = true, .max_len = 5),
          SV_FIELD(item_params, verbose, .default_json = "false"),
          SV_FIELD(item_params, tags, .default_json = "[]"));
SV_SCHEMA(item, SV_FIELD(item, item_id), SV_FIELD(item, q, .default_json = "null"),
          SV_FIELD(item, verbose), SV_FIELD(item, tags), SV_FIELD_ENUM(item, color, color));
SV_SCHEMA(ratio, SV_FIELD(ratio, value, SV_GE(0), SV_LE(1)));

SV_HANDLER(generate_text, generate, generated);
static sv_status generate_text(sv_call *call, const struct generate *in, struct generated *out)
{
    (void)call;
    out->text = in->prompt;
    out->max_tokens = in->max_tokens;
    out->temperature = in->temperature;
    if (in->stop_sequences.set)
        out->stop_sequences = in->stop_sequences.value;
    return SV_OK;
}

SV_HANDLER_PARAMS(read_item, item_params, sv_none, item);
static sv_status read_item(sv_call *call, const struct item_params *params,
                           const struct sv_none *in, struct item *out)
{
    (void)call, (void)in;
    *out = (struct item){params->item_id, params->q, params->verbose, params->tags, GREEN};
    return SV_OK;
}

static const sv_error_kind teapot = {"TEAPOT", 418, "I'm a teapot", NULL};
SV_HANDLER(fail, sv_none, ratio);
static sv_status fail(sv_call *call, const struct sv_none *in, struct ratio *out)
{
    (void)in, (void)out;
    sv_fail(call, &teapot, "short and %s", "stout");
    return sv_fail_member(call, "spouts", "[1]");
}

SV_HANDLER(break_schema, sv_none, ratio);
static sv_status break_schema(sv_call *call, const struct sv_none *in, struct ratio *out)
{
    (void)call, (void)in;
    out->value = 7;
    return SV_OK;
}

static void *complete_later(void *arg)
{
    sv_complete(arg, SV_OK);
    return NULL;
}

SV_HANDLER(defer, sv_none, ratio);
static sv_status defer(sv_call *call, const struct sv_none *in, struct ratio *out)
{
    (void)in;
    out->value = 0.5;
    pthread_t thread;
    if (pthread_create(&thread, NULL, complete_later, call))
        return SV_FAILED;
    pthread_detach(thread);
    return SV_DEFERRED;
}

SV_HANDLER_RAW(headers);
static sv_status headers(sv_call *call)
{
    if (sv_set_header(call, "X-Bad\r\n", SV_STR("a")) != SV_INVALID ||
        sv_set_header(call, "X-Bad", SV_STR("a\r\nb: c")) != SV_INVALID)
        return SV_FAILED;
    sv_set_status(call, 201);
    sv_status status = sv_set_header(call, "X-Good", sv_request_header(call, "x-in"));
    return status ? status : sv_respond_bytes(call, "text/plain", sv_request_method(call));
}

static const sv_error_kind *const fail_errors[] = {&teapot, NULL};
static const sv_operation operations[] = {
    {"POST", "/generate", &generate_text_handler, .tags = "text,more"},
    {"GET", "/items/{item_id}", &read_item_handler, .run_inline = true},
    {"GET", "/fail", &fail_handler, .errors = fail_errors},
    {"GET", "/break", &break_schema_handler},
    {"GET", "/defer", &defer_handler},
    {"PUT", "/headers", &headers_handler},
    {0}};

const sv_app guide_app = {.title = "Guide", .version = "1.0.0", .operations = operations};
