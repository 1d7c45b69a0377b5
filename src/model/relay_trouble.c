/* relay_trouble.c: a table of HTTP's statuses, one of faults, and the reasons of upstreams cut to
 * what may be shown. */
#include "model/relay_trouble.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 20, MAX_RETRY_AFTER_S = 2, USUAL_RETRY_AFTER_S = 1, MAX_TOLD_RETRY_S = 3600 };

/* What the operator has to mend, or the client. */
typedef struct status_row {
    int from, to;
    sv_status status;
    const sv_error_kind *kind;
    const char *message;
    bool has_reason; /* the upstream's own words follow */
} status_row;

static const status_row rows[] = {
    {401, 401, SV_IO, &sv_kind_upstream_failed,
     "The upstream refuses the key of this relay: check api_key in its model.yaml", false},
    {403, 403, SV_IO, &sv_kind_upstream_failed,
     "The upstream forbids this to the key of this relay: check api_key in its model.yaml", false},
    {404, 404, SV_IO, &sv_kind_upstream_failed,
     "The upstream has no such model or path: check base_url and model in the relay's model.yaml",
     false},
    {408, 408, SV_TIMEOUT, &sv_kind_deadline_exceeded, "The upstream took too long", false},
    {429, 429, SV_UNAVAILABLE, &sv_kind_server_overloaded,
     "The upstream takes no more requests now", false},
    {400, 499, SV_INVALID, &sv_kind_invalid_input, "The upstream refuses the request", true},
    {504, 504, SV_TIMEOUT, &sv_kind_deadline_exceeded, "The upstream took too long", false},
    {500, 599, SV_IO, &sv_kind_upstream_failed, "The upstream failed", true},
    {300, 399, SV_IO, &sv_kind_upstream_failed,
     "The upstream redirects, which is not followed: check base_url in the relay's model.yaml",
     false},
    {0, 999, SV_IO, &sv_kind_upstream_failed, "The upstream's answer is none of its API", false},
};

bool sv_relay_trouble_passes(const sv_upstream_end *end, int status, int64_t retry_after_s)
{
    switch (end->fault) {
    case SV_UPSTREAM_NONE:
        break;
    case SV_UPSTREAM_NOT_CONNECTED:
    case SV_UPSTREAM_CLOSED_EARLY:
        return true;
    case SV_UPSTREAM_LATE_CONNECTION:
    case SV_UPSTREAM_BAD_REQUEST:
    case SV_UPSTREAM_NO_MEMORY:
    case SV_UPSTREAM_CANCELLED:
    case SV_UPSTREAM_STOPPED:
    case SV_UPSTREAM_NO_TLS:
    case SV_UPSTREAM_CLOSED_LATE:
    case SV_UPSTREAM_BAD_HTTP:
    case SV_UPSTREAM_TOO_LARGE:
    case SV_UPSTREAM_LATE_ANSWER:
    case SV_UPSTREAM_SILENT:
    case SV_UPSTREAM_DEADLINE:
    case SV_UPSTREAM_FAILED:
        return false;
    }
    if (status == 502 || status == 503)
        return retry_after_s <= MAX_RETRY_AFTER_S;
    return status == 429 && retry_after_s >= 0 && retry_after_s <= MAX_RETRY_AFTER_S;
}

static void tell(sv_status status, const sv_error_kind *kind, const char *message,
                 sv_relay_trouble *ret_trouble)
{
    *ret_trouble = (sv_relay_trouble){.status = status};
    sv_error_set(&ret_trouble->error, status, kind, "%s", message);
}

void sv_relay_trouble_of_fault(sv_upstream_fault fault, sv_relay_trouble *ret_trouble)
{
    static const struct {
        sv_status status;
        const char *message;
    } faults[] = {
#define FAULT_ROW(name, status, message) [SV_UPSTREAM_##name] = {SV_##status, message},
        SV_UPSTREAM_FAULT_MAP(FAULT_ROW)
#undef FAULT_ROW
    };
    char text[200];
    sv_status status = faults[fault].status;
    snprintf(text, sizeof text, "The upstream: %s", faults[fault].message);
    const sv_error_kind *kind = &sv_kind_upstream_failed;
    if (status == SV_TIMEOUT)
        kind = &sv_kind_deadline_exceeded;
    else if (status == SV_NO_MEMORY)
        kind = &sv_kind_insufficient_memory;
    tell(status == SV_TIMEOUT || status == SV_NO_MEMORY || status == SV_CANCELLED ? status : SV_IO,
         kind, text, ret_trouble);
}

static sv_str get_text(const sv_value *object, const char *name)
{
    const sv_value *value = object ? sv_value_get(object, sv_str_from(name)) : NULL;
    return value && sv_value_get_type(value) == SV_VALUE_STR ? sv_value_str(value) : (sv_str){0};
}

static bool contains(sv_str text, sv_str part)
{
    return part.len && memmem(text.ptr, text.len, part.ptr, part.len);
}

/* The key itself, without its scheme ("Bearer …"). */
static sv_str get_key(sv_str secret)
{
    size_t blank = sv_str_find(secret, ' ');
    return blank < secret.len ? sv_str_slice(secret, blank + 1, secret.len) : secret;
}

/* Appends ": REASON", as much as fits, on one line, ending with a whole character. */
static void add_reason(sv_str reason, sv_str secret, char *message, size_t size)
{
    size_t len = strlen(message);
    if (!reason.len || contains(reason, get_key(secret)) || len + 3 >= size)
        return;
    size_t n = reason.len < SV_RELAY_MAX_REASON ? reason.len : SV_RELAY_MAX_REASON;
    if (n > size - len - 3)
        n = size - len - 3;
    while (n < reason.len && n > 0 && ((unsigned char)reason.ptr[n] & 0xC0) == 0x80)
        n--;
    memcpy(message + len, ": ", 2);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)reason.ptr[i];
        message[len + 2 + i] = c < ' ' || c == 0x7F ? ' ' : (char)c;
    }
    message[len + 2 + n] = '\0';
}

/* A short text of plain letters; else nothing. */
static void copy_word(sv_str word, char *to, size_t size)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] <= ' ' || word.ptr[i] > '~')
            return;
    if (word.len && word.len < size) {
        memcpy(to, word.ptr, word.len);
        to[word.len] = '\0';
    }
}

/* OpenAI's {"message", "param", "code"}, or a text. */
static void add_words(const sv_value *error, sv_str secret, sv_relay_trouble *trouble)
{
    bool is_text = sv_value_get_type(error) == SV_VALUE_STR;
    sv_str reason = is_text ? sv_value_str(error) : get_text(error, "message");
    add_reason(reason, secret, trouble->error.message, sizeof trouble->error.message);
    if (is_text || trouble->status != SV_INVALID)
        return;
    copy_word(get_text(error, "param"), trouble->error.path, sizeof trouble->error.path);
    copy_word(get_text(error, "code"), trouble->code, sizeof trouble->code);
}

/* The first that is there of those in which servers of this API put their reasons. */
static const sv_value *find_error(const sv_value *body)
{
    static const char *const names[] = {"error", "detail", "message"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const sv_value *value = sv_value_get(body, sv_str_from(names[i]));
        sv_value_type type = value ? sv_value_get_type(value) : SV_VALUE_NULL;
        if (type == SV_VALUE_OBJECT || type == SV_VALUE_STR)
            return value;
    }
    return NULL;
}

static void read_words(const sv_relay_refusal *refusal, sv_relay_trouble *trouble)
{
    static const sv_value_limits limits = {.max_depth = MAX_DEPTH};
    sv_value_error unused;
    const sv_value *body, *error;
    sv_arena *arena = sv_arena_new(0);
    if (arena && !sv_value_parse(arena, refusal->body, &limits, &unused, &body) &&
        (error = find_error(body)))
        add_words(error, refusal->secret, trouble);
    sv_arena_free(arena);
}

void sv_relay_trouble_of_status(const sv_relay_refusal *refusal, sv_relay_trouble *ret_trouble)
{
    const status_row *row = rows;
    while (refusal->status < row->from || refusal->status > row->to)
        row++;
    tell(row->status, row->kind, row->message, ret_trouble);
    if (row->status == SV_UNAVAILABLE) {
        int64_t seconds = refusal->retry_after_s;
        ret_trouble->retry_after_s = seconds < USUAL_RETRY_AFTER_S ? USUAL_RETRY_AFTER_S
                                     : seconds > MAX_TOLD_RETRY_S  ? MAX_TOLD_RETRY_S
                                                                   : seconds;
    }
    if (row->has_reason)
        read_words(refusal, ret_trouble);
}

void sv_relay_trouble_of_answer(const char *what, const sv_value *error, sv_str secret,
                                sv_relay_trouble *ret_trouble)
{
    tell(SV_IO, &sv_kind_upstream_failed, what, ret_trouble);
    if (error)
        add_words(error, secret, ret_trouble);
}
