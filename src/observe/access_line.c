/* access_line.c: formats access lines without allocating. Query values that look like secrets are
 * not written. */
#include "observe/access_line.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Most bytes of one text as it is written: all texts of a line together fit SV_ACCESS_LINE_MAX. */
enum { MAX_TEXT = 2048, ESCAPE_SIZE = 6 };

/* A line under construction; what does not fit is left out. */
typedef struct line {
    char *at, *end;
} line;

static void put(line *to, const char *bytes, size_t len)
{
    size_t room = (size_t)(to->end - to->at);
    if (len > room)
        len = room;
    memcpy(to->at, bytes, len);
    to->at += len;
}

static void put_cstr(line *to, const char *text)
{
    put(to, text, strlen(text));
}

static void put_uint(line *to, uint64_t value)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    put(to, digits + n, sizeof digits - n);
}

/* Milliseconds with two decimals. */
static void put_ms(line *to, int64_t ns)
{
    uint64_t hundredths = ns > 0 ? ((uint64_t)ns + 5000) / 10000 : 0;
    put_uint(to, hundredths / 100);
    char decimals[3] = {'.', (char)('0' + hundredths / 10 % 10), (char)('0' + hundredths % 10)};
    put(to, decimals, 3);
}

/* Bytes that JSON, or a terminal, takes as they are. */
static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

static size_t count_since(const line *to, const char *start)
{
    return (size_t)(to->at - start);
}

/* Everything outside printable ASCII is escaped as \u00XX: valid JSON whatever the bytes, and no
 * line of somebody else's making. Well-formed UTF-8 stays, and is cut between characters. */
static void put_escaped(line *to, sv_str text)
{
    static const char hex[] = "0123456789abcdef";
    const char *start = to->at;
    bool utf8 = sv_str_is_utf8(text);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        bool within_char = utf8 && (byte & 0xC0) == 0x80;
        if (count_since(to, start) > MAX_TEXT - ESCAPE_SIZE && !within_char)
            return;
        if (is_plain(byte) || (utf8 && byte >= 0x80)) {
            put(to, text.ptr + i, 1);
        } else {
            char escape[ESCAPE_SIZE] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
            put(to, escape, ESCAPE_SIZE);
        }
    }
}

static bool is_secret(sv_str name)
{
    static const char *const words[] = {"key",          "token",     "secret",
                                        "password",     "api_key",   "apikey",
                                        "access_token", "signature", "auth"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sv_str_eq_nocase(name, sv_str_from(words[i])))
            return true;
    return false;
}

/* ?a=b&token=***: values of secret names are not written. */
static void put_query(line *to, sv_str query)
{
    sv_str pair;
    char separator = '?';
    const char *start = to->at;
    while (query.len && count_since(to, start) < MAX_TEXT && sv_str_split(&query, '&', &pair)) {
        size_t equals = sv_str_find(pair, '=');
        bool secret = equals < pair.len && is_secret(sv_str_slice(pair, 0, equals));
        put(to, &separator, 1);
        put_escaped(to, secret ? sv_str_slice(pair, 0, equals + 1) : pair);
        if (secret)
            put_cstr(to, "***");
        separator = '&';
    }
}

static void put_key(line *to, const char *name)
{
    put_cstr(to, ",\"");
    put_cstr(to, name);
    put_cstr(to, "\":");
}

static void put_key_str(line *to, const char *name, sv_str text)
{
    put_key(to, name);
    put_cstr(to, "\"");
    put_escaped(to, text);
    put_cstr(to, "\"");
}

static void put_key_uint(line *to, const char *name, uint64_t value)
{
    put_key(to, name);
    put_uint(to, value);
}

static void put_stages(line *to, const sv_timeline *timeline)
{
    if (!timeline)
        return;
    if (timeline->model)
        put_key_str(to, "model", sv_str_from(timeline->model));
    if (timeline->version)
        put_key_str(to, "version", sv_str_from(timeline->version));
    for (int stage = 0; stage < SV_STAGE_COUNT; stage++) {
        char name[32];
        if (!timeline->stage_ns[stage])
            continue;
        snprintf(name, sizeof name, "%s_ms", sv_timeline_stage_name((sv_stage)stage));
        put_key(to, name);
        put_ms(to, timeline->stage_ns[stage]);
    }
}

sv_str sv_access_line_json(const sv_access_entry *entry, char *room)
{
    char when[SV_CLOCK_TEXT_SIZE];
    line to = {room, room + SV_ACCESS_LINE_MAX - 2};
    sv_clock_format_rfc3339(entry->wall_ns, when);
    put_cstr(&to, "{\"timestamp\":\"");
    put_cstr(&to, when);
    put_cstr(&to, "\",\"level\":\"info\",\"message\":\"Request completed\"");
    put_key_str(&to, "request_id", entry->request_id);
    put_key_str(&to, "method", entry->method);
    put_key_str(&to, "path", entry->path);
    put_key_str(&to, "route", sv_str_from(entry->route ? entry->route : "none"));
    put_key_uint(&to, "status_code", (uint64_t)entry->status);
    put_key(&to, "duration_ms");
    put_ms(&to, entry->duration_ns);
    put_key_uint(&to, "bytes_in", entry->bytes_in);
    put_key_uint(&to, "bytes_out", entry->bytes_out);
    put_key_str(&to, "client_ip", entry->client);
    put_key_uint(&to, "client_port", (uint64_t)entry->client_port);
    put_key_str(&to, "http_version", entry->http_minor ? SV_STR("1.1") : SV_STR("1.0"));
    if (entry->user_agent.len)
        put_key_str(&to, "user_agent", entry->user_agent);
    put_stages(&to, entry->timeline);
    if (entry->error)
        put_key_str(&to, "error", sv_str_from(entry->error));
    if (entry->error_detail.len)
        put_key_str(&to, "error_detail", entry->error_detail);
    if (entry->cancelled)
        put_cstr(&to, ",\"cancelled\":true");
    memcpy(to.at, "}\n", 2);
    return (sv_str){room, (size_t)(to.at - room) + 2};
}

sv_str sv_access_line_text(const sv_access_entry *entry, char *room)
{
    line to = {room, room + SV_ACCESS_LINE_MAX - 1};
    put_cstr(&to, "INFO:     ");
    put_escaped(&to, entry->client.len ? entry->client : SV_STR("-"));
    put_cstr(&to, ":");
    put_uint(&to, (uint64_t)entry->client_port);
    put_cstr(&to, " - \"");
    put_escaped(&to, entry->method);
    put_cstr(&to, " ");
    put_escaped(&to, entry->path);
    put_query(&to, entry->query);
    put_cstr(&to, entry->http_minor ? " HTTP/1.1\" " : " HTTP/1.0\" ");
    put_uint(&to, (uint64_t)entry->status);
    put_cstr(&to, " ");
    put_cstr(&to, sv_http_phrase(entry->status));
    put_cstr(&to, " id=");
    put_escaped(&to, entry->request_id);
    put_cstr(&to, " ");
    put_ms(&to, entry->duration_ns);
    put_cstr(&to, "ms");
    if (entry->error_detail.len) {
        put_cstr(&to, " ");
        put_escaped(&to, entry->error_detail);
    }
    *to.at++ = '\n';
    return (sv_str){room, (size_t)(to.at - room)};
}
