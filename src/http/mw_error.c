/* mw_error.c: error answers. Every refusal and failure of every layer above and below becomes bytes
 * here.
 *
 * DESIGN. A dialect belongs to a mounted prefix; the longest prefix of a path decides, so that
 * unknown paths below it answer in its dialect as well, and what the parser refuses (no path yet)
 * in the native one. An application with paths of its own speaks the native one everywhere. */
#include "http/mw_error.h"

#include "base/writer.h"

static const size_t MAX_ERROR_BYTES = (size_t)4 << 20;

typedef struct dialect {
    sv_str prefix;
    void (*write)(sv_writer *writer, const sv_exchange *exchange, const sv_failure *failure);
    bool redirects_slash;
    int invalid_status; /* of a request that does not fit its schema */
} dialect;

static void write_native(sv_writer *writer, const sv_exchange *exchange, const sv_failure *failure)
{
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "error", failure->kind->code);
    sv_writer_key_str(writer, "message", failure->message);
    sv_writer_key_str(writer, "path", exchange->path);
    sv_writer_key_str(writer, "request_id", exchange->request_id);
    if (failure->detail_json.ptr)
        sv_writer_key_raw(writer, "detail", failure->detail_json);
    else
        sv_writer_key_str(writer, "detail", failure->message);
    if (failure->members_json.len) {
        sv_buf_append_byte(writer->buf, ',');
        sv_buf_append_str(writer->buf, failure->members_json);
    }
    sv_writer_end_object(writer);
}

/* The Open Inference Protocol's: one text, never empty, never of another type. */
static void write_oip(sv_writer *writer, const sv_exchange *exchange, const sv_failure *failure)
{
    (void)exchange;
    sv_writer_begin_object(writer);
    if (sv_str_starts_with(failure->detail_json, SV_STR("\"")))
        sv_writer_key_raw(writer, "error", failure->detail_json);
    else if (failure->message.len)
        sv_writer_key_str(writer, "error", failure->message);
    else
        sv_writer_key_cstr(writer, "error", failure->kind->title);
    sv_writer_end_object(writer);
}

/* OpenAI's `code` by ours; others have none. The last rows are of kinds that api declares. */
static const struct {
    sv_str ours, theirs;
} openai_codes[] = {
    {SV_STR_INIT("UNAUTHORIZED"), SV_STR_INIT("invalid_api_key")},
    {SV_STR_INIT("NOT_FOUND"), SV_STR_INIT("unknown_url")},
    {SV_STR_INIT("MODEL_NOT_FOUND"), SV_STR_INIT("model_not_found")},
    {SV_STR_INIT("MODEL_VERSION_NOT_FOUND"), SV_STR_INIT("model_not_found")},
    {SV_STR_INIT("METHOD_NOT_ALLOWED"), SV_STR_INIT("method_not_supported")},
    {SV_STR_INIT("VALIDATION_ERROR"), SV_STR_INIT("invalid_value")},
    {SV_STR_INIT("RATE_LIMITED"), SV_STR_INIT("rate_limit_exceeded")},
    {SV_STR_INIT("INVALID_VALUE"), SV_STR_INIT("invalid_value")},
    {SV_STR_INIT("INVALID_TYPE"), SV_STR_INIT("invalid_type")},
    {SV_STR_INIT("MISSING_REQUIRED_PARAMETER"), SV_STR_INIT("missing_required_parameter")},
    {SV_STR_INIT("CONTEXT_LENGTH_EXCEEDED"), SV_STR_INIT("context_length_exceeded")},
};

static const char *get_openai_type(int status)
{
    switch (status) {
    case 403:
        return "permission_error";
    case 429:
        return "rate_limit_error";
    case 501:
        return "not_supported_error";
    }
    return status < 500 ? "invalid_request_error" : "server_error";
}

static void write_openai_code(sv_writer *writer, const sv_error_kind *kind)
{
    for (size_t i = 0; i < sizeof openai_codes / sizeof *openai_codes; i++)
        if (sv_str_eq(openai_codes[i].ours, sv_str_from(kind->code))) {
            sv_writer_key_str(writer, "code", openai_codes[i].theirs);
            return;
        }
    sv_writer_key_null(writer, "code");
}

/* An object in an object, always with these four. */
static void write_openai(sv_writer *writer, const sv_exchange *exchange, const sv_failure *failure)
{
    (void)exchange;
    sv_str message = failure->message.len ? failure->message : sv_str_from(failure->kind->title);
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("error"));
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "message", message);
    sv_writer_key_cstr(writer, "type", get_openai_type(failure->kind->status));
    if (failure->param.len)
        sv_writer_key_str(writer, "param", failure->param);
    else
        sv_writer_key_null(writer, "param");
    write_openai_code(writer, failure->kind);
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
}

/* Longest prefixes first. */
static const dialect dialects[] = {
    {SV_STR_INIT("/v1"), write_openai, .invalid_status = 400},
    {SV_STR_INIT("/v2"), write_oip, .invalid_status = 422},
    {SV_STR_INIT(""), write_native, .redirects_slash = true, .invalid_status = 422},
};

/* "/v1" is a prefix of "/v1" and "/v1/x", not of "/v10". */
static bool is_below(sv_str path, sv_str prefix)
{
    return sv_str_starts_with(path, prefix) &&
           (!prefix.len || path.len == prefix.len || path.ptr[prefix.len] == '/');
}

static const dialect *find_dialect(const sv_exchange *exchange)
{
    const dialect *found = dialects;
    while (found->prefix.len &&
           !(exchange->speaks_dialects && is_below(exchange->path, found->prefix)))
        found++;
    return found;
}

bool sv_mw_error_redirects_slash(const sv_exchange *exchange)
{
    return find_dialect(exchange)->redirects_slash;
}

sv_str sv_mw_error_format(const sv_exchange *exchange, const sv_failure *failure)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_ERROR_BYTES);
    sv_writer_init(&writer, &buf);
    find_dialect(exchange)->write(&writer, exchange, failure);
    sv_str body = {0};
    if (sv_buf_status(&buf) == SV_OK)
        body = sv_arena_copy(exchange->arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return body;
}

void sv_mw_error_write(sv_exchange *exchange, const sv_failure *failure)
{
    static const sv_str no_memory = SV_STR_INIT("{\"error\":\"INSUFFICIENT_MEMORY\",\"message\":"
                                                "\"There is no memory for this request now\","
                                                "\"path\":\"\",\"request_id\":\"\",\"detail\":"
                                                "\"There is no memory for this request now\"}");
    sv_answer *answer = &exchange->answer;
    const sv_error_kind *kind = failure->kind;
    answer->body = sv_mw_error_format(exchange, failure);
    if (!answer->body.ptr) {
        kind = &sv_kind_insufficient_memory;
        answer->body = no_memory;
    }
    answer->absent_bytes = 0;
    answer->status =
        kind == &sv_kind_validation_error ? find_dialect(exchange)->invalid_status : kind->status;
    answer->error_code = kind->code;
    answer->kind = kind;
    answer->content_type = SV_STR("application/json");
}
