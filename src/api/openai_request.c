/* openai_request.c: bodies of /v1/chat/completions and /v1/completions -> plain structs. */
#include "api/openai_request.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "text/stop_match.h"

enum { MAX_TOKENS = 1 << 24, MAX_PROMPT_TOKENS = 1 << 22 };

/* ---- what both have ---- */

/* Members of numbers and truths as they are written; what needs a look more is below. */
typedef struct plain_fields {
    sv_openai_ask ask;
    int64_t seed, top_k;
    bool streams;
    const sv_value *stream_options, *format;
} plain_fields;

#define ASK(NAME, MEMBER, ...) SV_OPENAI_FIELD(plain_fields, NAME, ask.MEMBER, __VA_ARGS__)
#define RANGE(MIN, MAX) .min = (MIN), .max = (MAX)

/* The last of several names wins. */
static const sv_openai_field plain_rows[] = {
    ASK("model", model, STRING),
    ASK("temperature", sampling.temperature, NUMBER, RANGE(0, 2)),
    ASK("top_p", sampling.top_p, NUMBER, RANGE(0, 1)),
    ASK("min_p", sampling.min_p, NUMBER, RANGE(0, 1)),
    SV_OPENAI_FIELD(plain_fields, "top_k", top_k, INTEGER, RANGE(-1, INT32_MAX)),
    ASK("presence_penalty", sampling.presence_penalty, NUMBER, RANGE(-2, 2)),
    ASK("frequency_penalty", sampling.frequency_penalty, NUMBER, RANGE(-2, 2)),
    ASK("repeat_penalty", sampling.repeat_penalty, NUMBER, RANGE(0.01, 10)),
    ASK("repetition_penalty", sampling.repeat_penalty, NUMBER, RANGE(0.01, 10)),
    SV_OPENAI_FIELD(plain_fields, "seed", seed, INTEGER, RANGE(-0x1p63, 0x1p63 - 1024)),
    ASK("max_tokens", max_tokens, INTEGER, RANGE(1, MAX_TOKENS)),
    ASK("n_predict", max_tokens, INTEGER, RANGE(1, MAX_TOKENS)),
    ASK("max_completion_tokens", max_tokens, INTEGER, RANGE(1, MAX_TOKENS)),
    ASK("min_tokens", min_tokens, INTEGER, RANGE(0, MAX_TOKENS)),
    ASK("ignore_eos", ignores_end, BOOLEAN),
    ASK("n", n, INTEGER, RANGE(1, SV_OPENAI_MAX_CHOICES)),
    ASK("user", user, STRING),
    SV_OPENAI_FIELD(plain_fields, "stream", streams, BOOLEAN),
    SV_OPENAI_FIELD(plain_fields, "stream_options", stream_options, OBJECT),
    SV_OPENAI_FIELD(plain_fields, "response_format", format, OBJECT),
    {0},
};

static sv_status read_stream(const plain_fields *fields, sv_openai_ask *ask, sv_error *error)
{
    static const sv_openai_field row[] = {
        SV_OPENAI_FIELD(sv_openai_ask, "include_usage", includes_usage, BOOLEAN), {0}};
    ask->streams = fields->streams;
    if (!fields->stream_options)
        return SV_OK;
    if (!fields->streams)
        return sv_openai_fields_refuse(
            error, "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    return sv_openai_fields_read(fields->stream_options, row, "stream_options.", ask, error);
}

/* Empty ones stop nothing. */
static sv_status add_stop(const sv_value *value, sv_str *stops, size_t *n, sv_error *error)
{
    if (!sv_openai_fields_is(value, SV_VALUE_STR))
        return sv_openai_fields_refuse_type(error, "stop", "a string or an array of strings",
                                            value);
    if (*n == SV_GENERATION_MAX_STOPS)
        return sv_openai_fields_refuse(error, "stop",
                                       "Invalid 'stop': expected at most %d sequences.",
                                       SV_GENERATION_MAX_STOPS);
    if (sv_value_len(value))
        stops[(*n)++] = sv_value_str(value);
    return SV_OK;
}

static sv_status check_stops(const sv_openai_ask *ask, sv_error *error)
{
    size_t total = 0, longest = 0;
    for (size_t i = 0; i < ask->n_stops; i++) {
        total += ask->stops[i].len;
        longest = ask->stops[i].len > longest ? ask->stops[i].len : longest;
    }
    if (longest <= SV_STOP_MATCH_MAX_BYTES && total <= SV_STOP_MATCH_MAX_TOTAL)
        return SV_OK;
    return sv_openai_fields_refuse(
        error, "stop", "Invalid 'stop': at most %d bytes each, and %d in all, are allowed.",
        SV_STOP_MATCH_MAX_BYTES, SV_STOP_MATCH_MAX_TOTAL);
}

static sv_status read_stops(sv_arena *arena, const sv_value *body, sv_openai_ask *ask,
                            sv_error *error)
{
    const sv_value *stop = sv_openai_fields_get(body, SV_STR("stop")), *item;
    if (!stop)
        return SV_OK;
    sv_str *stops = sv_arena_alloc_array(arena, SV_GENERATION_MAX_STOPS, sizeof *stops);
    sv_status status = stops ? SV_OK : SV_NO_MEMORY;
    ask->stops = stops;
    if (!status && !sv_openai_fields_is(stop, SV_VALUE_ARRAY))
        status = add_stop(stop, stops, &ask->n_stops, error);
    else if (!status) {
        sv_value_cursor cursor = sv_value_walk(stop);
        while (!status && sv_value_next_item(&cursor, &item))
            status = add_stop(item, stops, &ask->n_stops, error);
    }
    return status ? status : check_stops(ask, error);
}

/* `false` means never, as with llama-server. */
static bool read_bias(const sv_value *value, float *ret_bias)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_BOOL:
        *ret_bias = -100;
        return !sv_value_bool(value);
    case SV_VALUE_INT:
    case SV_VALUE_DOUBLE:
        *ret_bias = (float)sv_value_double(value);
        return *ret_bias >= -100 && *ret_bias <= 100;
    case SV_VALUE_NULL:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_INFINITE:
    case SV_VALUE_STR:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return false;
}

/* A member of the map, or a pair of the list. */
static bool read_biased(sv_value_cursor *cursor, bool is_map, sv_logit_bias *bias)
{
    const sv_value *value, *item;
    uint64_t id = UINT64_MAX;
    sv_str name;
    if (is_map) {
        (void)sv_value_next_member(cursor, &name, &value);
        if (!sv_str_to_u64(name, &id))
            return false;
    } else {
        (void)sv_value_next_item(cursor, &item);
        if (sv_value_get_type(item) != SV_VALUE_ARRAY || sv_value_len(item) != 2)
            return false;
        sv_value_cursor pair = sv_value_walk(item);
        (void)sv_value_next_item(&pair, &value);
        if (!sv_value_get_uint(value, &id))
            return false;
        (void)sv_value_next_item(&pair, &value);
    }
    bias->token = id <= INT32_MAX ? (sv_token)id : SV_NO_TOKEN;
    return bias->token >= 0 && read_bias(value, &bias->bias);
}

static sv_status read_biases(sv_arena *arena, const sv_value *body, sv_openai_ask *ask,
                             sv_error *error)
{
    const sv_value *map = sv_openai_fields_get(body, SV_STR("logit_bias"));
    bool is_map = sv_openai_fields_is(map, SV_VALUE_OBJECT);
    if (!map)
        return SV_OK;
    if (!is_map && !sv_openai_fields_is(map, SV_VALUE_ARRAY))
        return sv_openai_fields_refuse_type(error, "logit_bias", "an object", map);
    size_t n = sv_value_len(map);
    if (n > SV_SAMPLER_MAX_BIASES)
        return sv_openai_fields_refuse(error, "logit_bias",
                                       "Invalid 'logit_bias': expected at most %d tokens.",
                                       SV_SAMPLER_MAX_BIASES);
    sv_logit_bias *biases = sv_arena_alloc_array(arena, n, sizeof *biases);
    if (!biases)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(map);
    for (size_t i = 0; i < n; i++)
        if (!read_biased(&cursor, is_map, &biases[i]))
            return sv_openai_fields_refuse(error, "logit_bias",
                                           "Invalid 'logit_bias': expected ids of tokens with "
                                           "numbers from -100 to 100.");
    ask->sampling.biases = biases;
    ask->sampling.n_biases = n;
    return SV_OK;
}

/* {"type": "json_schema", "json_schema": {"name": "x", "schema": {…}}}, or {"schema": {…}} beside
 * the type. */
static sv_status read_schema(const sv_value *format, sv_openai_ask *ask, sv_error *error)
{
    struct named_schema {
        sv_str name;
        const sv_value *schema;
    } named = {0};
    static const sv_openai_field rows[] = {
        SV_OPENAI_FIELD(struct named_schema, "name", name, STRING, .is_required = true),
        SV_OPENAI_FIELD(struct named_schema, "schema", schema, OBJECT),
        {0},
    };
    const sv_value *inner = sv_openai_fields_get(format, SV_STR("json_schema"));
    if (!inner && !ask->schema)
        return sv_openai_fields_refuse_missing(error, "response_format.json_schema");
    if (!inner)
        return SV_OK;
    if (!sv_openai_fields_is(inner, SV_VALUE_OBJECT))
        return sv_openai_fields_refuse_type(error, "response_format.json_schema", "an object",
                                            inner);
    sv_status status =
        sv_openai_fields_read(inner, rows, "response_format.json_schema.", &named, error);
    if (!status && !named.name.len)
        return sv_openai_fields_refuse(error, "response_format.json_schema.name",
                                       "The name of a schema must not be empty.");
    ask->schema = named.schema ? named.schema : ask->schema;
    if (!ask->schema)
        ask->format = SV_OPENAI_FORMAT_JSON;
    return status;
}

static sv_status read_format(const sv_value *format, sv_openai_ask *ask, sv_error *error)
{
    static const struct {
        sv_str name;
        sv_openai_format format;
    } formats[] = {
        {SV_STR_INIT("text"), SV_OPENAI_FORMAT_TEXT},
        {SV_STR_INIT("json_object"), SV_OPENAI_FORMAT_JSON},
        {SV_STR_INIT("json_schema"), SV_OPENAI_FORMAT_SCHEMA},
    };
    struct format_fields {
        sv_str type;
        const sv_value *schema;
    } fields = {0};
    static const sv_openai_field rows[] = {
        SV_OPENAI_FIELD(struct format_fields, "type", type, STRING, .is_required = true),
        SV_OPENAI_FIELD(struct format_fields, "schema", schema, OBJECT),
        {0},
    };
    if (!format)
        return SV_OK;
    sv_status status = sv_openai_fields_read(format, rows, "response_format.", &fields, error);
    size_t i = 0, n = sizeof formats / sizeof *formats;
    while (!status && i < n && !sv_str_eq(formats[i].name, fields.type))
        i++;
    if (!status && i == n)
        return sv_openai_fields_refuse(
            error, "response_format.type",
            "Invalid value: '%.*s'. Supported values are: 'text', 'json_object' and "
            "'json_schema'.",
            SV_STR_ARG(sv_str_slice(fields.type, 0, 64)));
    if (status)
        return status;
    ask->format = formats[i].format;
    ask->schema = ask->format == SV_OPENAI_FORMAT_TEXT ? NULL : fields.schema;
    return ask->format == SV_OPENAI_FORMAT_SCHEMA ? read_schema(format, ask, error) : SV_OK;
}

static sv_status check_limits(const sv_openai_ask *ask, sv_error *error)
{
    if (ask->max_tokens && ask->min_tokens > ask->max_tokens)
        return sv_openai_fields_refuse(error, "min_tokens",
                                       "Invalid 'min_tokens': it is larger than 'max_tokens'.");
    return SV_OK;
}

/* Members of llama-server and vLLM that bind the text. Unknown members do nothing, but who asks for
 * a form must not get text of another without a word; an upstream may know them. */
static const char *find_not_here(const sv_value *body)
{
    static const char *const names[] = {"grammar",        "json_schema",   "structured_outputs",
                                        "guided_json",    "guided_regex",  "guided_choice",
                                        "guided_grammar", "stop_token_ids"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const sv_value *value = sv_openai_fields_get(body, sv_str_from(names[i]));
        sv_value_type type = value ? sv_value_get_type(value) : SV_VALUE_NULL;
        bool has_len = type == SV_VALUE_STR || type == SV_VALUE_ARRAY || type == SV_VALUE_OBJECT;
        if (value && !(has_len && sv_value_len(value) == 0))
            return names[i];
    }
    return NULL;
}

static sv_status read_ask(sv_arena *arena, const sv_value *body, sv_openai_ask *ask,
                          sv_error *error)
{
    plain_fields fields = {.ask = {.sampling = sv_sampling_defaults(), .n = 1}, .seed = -1};
    sv_status status = sv_openai_fields_read(body, plain_rows, "", &fields, error);
    *ask = fields.ask;
    ask->has_seed = fields.seed != -1;
    ask->sampling.seed = (uint64_t)fields.seed;
    ask->sampling.top_k = fields.top_k > 0 ? fields.top_k : 0;
    ask->not_here = find_not_here(body);
    if (!status)
        status = read_stream(&fields, ask, error);
    if (!status)
        status = read_stops(arena, body, ask, error);
    if (!status)
        status = read_biases(arena, body, ask, error);
    if (!status)
        status = read_format(fields.format, ask, error);
    return status ? status : check_limits(ask, error);
}

void sv_openai_request_fill(const sv_openai_ask *ask, size_t choice, sv_generation_request *request)
{
    request->sampling = ask->sampling;
    if (ask->has_seed)
        request->sampling.seed += choice;
    else
        sv_id_random(&request->sampling.seed, sizeof request->sampling.seed);
    request->stops = ask->stops;
    request->n_stops = ask->n_stops;
    if (ask->max_tokens)
        request->max_tokens = (uint32_t)ask->max_tokens;
    request->min_tokens = (uint32_t)ask->min_tokens;
    request->ignores_end = ask->ignores_end;
    request->has_logprobs = ask->has_logprobs;
    request->n_top_logprobs = (uint32_t)ask->n_top_logprobs;
    request->is_collected = !ask->streams;
}

/* ---- chat ---- */

static sv_status read_chat_logprobs(const sv_value *body, sv_openai_ask *ask, sv_error *error)
{
    static const sv_openai_field rows[] = {
        SV_OPENAI_FIELD(sv_openai_ask, "logprobs", has_logprobs, BOOLEAN),
        SV_OPENAI_FIELD(sv_openai_ask, "top_logprobs", n_top_logprobs, INTEGER,
                        RANGE(0, SV_SAMPLER_MAX_TOP_LOGPROBS)),
        {0},
    };
    sv_status status = sv_openai_fields_read(body, rows, "", ask, error);
    if (!status && !ask->has_logprobs && sv_openai_fields_get(body, SV_STR("top_logprobs")))
        return sv_openai_fields_refuse(
            error, "top_logprobs",
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.");
    return status;
}

/* Text is all that is made here. */
static sv_status check_modalities(const sv_value *body, sv_error *error)
{
    static const sv_openai_field row[] = {
        {.name = SV_STR_INIT("modalities"), .type = SV_OPENAI_ARRAY}, {0}};
    const sv_value *list = NULL, *item;
    sv_status status = sv_openai_fields_read(body, row, "", &list, error);
    if (status || !list)
        return status;
    sv_value_cursor cursor = sv_value_walk(list);
    while (sv_value_next_item(&cursor, &item))
        if (!sv_openai_fields_is(item, SV_VALUE_STR) ||
            !sv_str_eq(sv_value_str(item), SV_STR("text")))
            return sv_openai_fields_refuse(error, "modalities",
                                           "Invalid 'modalities': only 'text' is supported.");
    return SV_OK;
}

sv_status sv_openai_request_chat(sv_arena *arena, const sv_value *body, sv_error *error,
                                 sv_openai_chat *ret_chat)
{
    sv_openai_chat chat = {0};
    sv_status status = sv_openai_messages_read(arena, body, error, &chat.messages);
    if (!status)
        status = read_ask(arena, body, &chat.ask, error);
    if (!status)
        status = read_chat_logprobs(body, &chat.ask, error);
    if (!status)
        status = check_modalities(body, error);
    if (!status)
        status = sv_openai_tools_read(arena, body, error, &chat.tools);
    if (!status)
        *ret_chat = chat;
    return status;
}

/* ---- completions ---- */

static sv_status refuse_prompt(sv_error *error)
{
    return sv_openai_fields_refuse(error, "prompt",
                                   "Invalid 'prompt': expected a string, an array of strings, an "
                                   "array of tokens or an array of arrays of tokens.");
}

static sv_status read_tokens(sv_arena *arena, const sv_value *list, sv_error *error,
                             sv_openai_prompt *prompt)
{
    const sv_value *item;
    uint64_t id;
    size_t n = 0;
    if (!sv_value_len(list) || sv_value_len(list) > MAX_PROMPT_TOKENS)
        return refuse_prompt(error);
    int32_t *tokens = sv_arena_alloc_array(arena, sv_value_len(list), sizeof *tokens);
    if (!tokens)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(list);
    while (sv_value_next_item(&cursor, &item)) {
        if (!sv_value_get_uint(item, &id) || id > INT32_MAX)
            return refuse_prompt(error);
        tokens[n++] = (int32_t)id;
    }
    *prompt = (sv_openai_prompt){.tokens = tokens, .n_tokens = n};
    return SV_OK;
}

static bool starts_with_integer(const sv_value *list)
{
    const sv_value *first;
    sv_value_cursor cursor = sv_value_walk(list);
    return sv_value_next_item(&cursor, &first) && sv_value_get_type(first) == SV_VALUE_INT;
}

static sv_status read_prompt_list(sv_arena *arena, const sv_value *list, sv_error *error,
                                  sv_openai_prompt *prompts)
{
    const sv_value *item, *first = NULL;
    sv_status status = SV_OK;
    sv_value_cursor cursor = sv_value_walk(list);
    for (size_t i = 0; !status && sv_value_next_item(&cursor, &item); i++) {
        first = first ? first : item;
        if (sv_value_get_type(item) != sv_value_get_type(first))
            return refuse_prompt(error);
        if (sv_openai_fields_is(item, SV_VALUE_STR))
            prompts[i].text = sv_value_str(item);
        else if (sv_openai_fields_is(item, SV_VALUE_ARRAY))
            status = read_tokens(arena, item, error, &prompts[i]);
        else
            return refuse_prompt(error);
    }
    return status;
}

static sv_status read_prompts(sv_arena *arena, const sv_value *body, sv_error *error,
                              sv_openai_completion *completion)
{
    const sv_value *value = sv_openai_fields_get(body, SV_STR("prompt"));
    if (!value)
        return sv_openai_fields_refuse_missing(error, "prompt");
    bool is_list = sv_openai_fields_is(value, SV_VALUE_ARRAY);
    bool is_one = !is_list || starts_with_integer(value);
    size_t n = is_one ? 1 : sv_value_len(value);
    if (!n || n > SV_OPENAI_MAX_PROMPTS)
        return sv_openai_fields_refuse(error, "prompt",
                                       "Invalid 'prompt': expected 1 to %d prompts, got %zu.",
                                       SV_OPENAI_MAX_PROMPTS, n);
    sv_openai_prompt *prompts = sv_arena_alloc_array(arena, n, sizeof *prompts);
    if (!prompts)
        return SV_NO_MEMORY;
    completion->prompts = prompts;
    completion->n_prompts = n;
    if (is_one && is_list)
        return read_tokens(arena, value, error, prompts);
    if (is_list)
        return read_prompt_list(arena, value, error, prompts);
    if (!sv_openai_fields_is(value, SV_VALUE_STR))
        return refuse_prompt(error);
    prompts[0].text = sv_value_str(value);
    return SV_OK;
}

/* Members of completions alone. */
typedef struct legacy_fields {
    bool echoes;
    int64_t logprobs, best_of;
    sv_str suffix;
} legacy_fields;

static sv_status check_legacy(const legacy_fields *fields, const sv_openai_completion *completion,
                              sv_error *error)
{
    if (fields->suffix.len)
        return sv_openai_fields_refuse(error, "suffix", "'suffix' is not supported.");
    if (fields->best_of && fields->best_of != completion->ask.n)
        return sv_openai_fields_refuse(error, "best_of",
                                       "'best_of' is not supported but for the value of 'n'.");
    if (completion->n_prompts * (size_t)completion->ask.n > SV_OPENAI_MAX_CHOICES)
        return sv_openai_fields_refuse(error, "n",
                                       "Invalid 'n': prompts times 'n' must be at most %d.",
                                       SV_OPENAI_MAX_CHOICES);
    return SV_OK;
}

sv_status sv_openai_request_completion(sv_arena *arena, const sv_value *body, sv_error *error,
                                       sv_openai_completion *ret_completion)
{
    static const sv_openai_field rows[] = {
        SV_OPENAI_FIELD(legacy_fields, "echo", echoes, BOOLEAN),
        SV_OPENAI_FIELD(legacy_fields, "logprobs", logprobs, INTEGER, RANGE(0, 5)),
        SV_OPENAI_FIELD(legacy_fields, "best_of", best_of, INTEGER,
                        RANGE(1, SV_OPENAI_MAX_CHOICES)),
        SV_OPENAI_FIELD(legacy_fields, "suffix", suffix, STRING),
        {0},
    };
    sv_openai_completion completion = {0};
    legacy_fields fields = {.logprobs = -1};
    sv_status status = read_prompts(arena, body, error, &completion);
    if (!status)
        status = read_ask(arena, body, &completion.ask, error);
    if (!status)
        status = sv_openai_fields_read(body, rows, "", &fields, error);
    if (!status)
        status = check_legacy(&fields, &completion, error);
    if (status)
        return status;
    completion.echoes = fields.echoes;
    completion.ask.has_logprobs = fields.logprobs >= 0;
    completion.ask.n_top_logprobs = fields.logprobs > 0 ? fields.logprobs : 0;
    *ret_completion = completion;
    return SV_OK;
}
