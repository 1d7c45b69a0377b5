/* access_line.c: formats access lines. Every request pays for one: nothing is allocated, no printf.
 * Query values that look like secrets are not written. */
#include "observe/access_line.h"

#include <string.h>

#include "base/clock.h"

/* Most bytes of one text as it is written: all texts of a line together fit SV_ACCESS_LINE_MAX. */
enum { MAX_TEXT = 2048, ESCAPE_SIZE = 6, MAX_UNESCAPED = MAX_TEXT - ESCAPE_SIZE };

/* A line under construction; what does not fit is left out. */
typedef struct line {
    char *at, *end;
} line;

static inline void put(line *to, const char *bytes, size_t len)
{
    size_t room = (size_t)(to->end - to->at);
    if (len > room)
        len = room;
    memcpy(to->at, bytes, len);
    to->at += len;
}

static inline void put_cstr(line *to, const char *text)
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

/* C2 80 to C2 9F: control bytes to some terminals. */
static bool is_control_pair(sv_str utf8)
{
    return utf8.ptr[0] == '\xC2' && (unsigned char)utf8.ptr[1] < 0xA0;
}

/* Whether eight bytes are plain, all at once; may say no where they are. */
static bool are_plain(const char *bytes)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    uint64_t high = eight | (eight - 0x20 * ones) | ((eight ^ ('"' * ones)) - ones) |
                    ((eight ^ ('\\' * ones)) - ones) | ((eight ^ (0x7F * ones)) - ones);
    return !(high & (0x80 * ones));
}

/* How many bytes need no escape; of what is not ASCII only UTF-8 does not. */
static size_t count_plain(sv_str text, bool utf8)
{
    size_t n = 0;
    while (n + 8 <= text.len && are_plain(text.ptr + n))
        n += 8;
    while (n < text.len) {
        unsigned char byte = (unsigned char)text.ptr[n];
        bool high = byte >= 0x80 && utf8 && !is_control_pair((sv_str){text.ptr + n, 2});
        if (!is_plain(byte) && !high)
            break;
        n++;
    }
    return n;
}

/* The longest beginning of at most `most` bytes that ends with a whole character. */
static size_t cut_utf8(sv_str text, size_t most)
{
    while (most && ((unsigned char)text.ptr[most] & 0xC0) == 0x80)
        most--;
    return most;
}

static void put_escape(line *to, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    char escape[ESCAPE_SIZE] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    put(to, escape, ESCAPE_SIZE);
}

/* Control bytes, and all that is not UTF-8, are escaped as \u00XX: valid JSON whatever the bytes,
 * and no line of somebody else's making. */
static void put_escaped(line *to, sv_str text)
{
    const char *end = to->at + MAX_UNESCAPED;
    bool utf8 = sv_str_is_utf8(text);
    while (text.len && to->at < end) {
        size_t n = count_plain(text, utf8), room = (size_t)(end - to->at);
        if (n > room) {
            put(to, text.ptr, cut_utf8(text, room));
            return;
        }
        put(to, text.ptr, n);
        if (n == text.len)
            return;
        text = sv_str_slice(text, n, text.len);
        size_t taken = utf8 && is_control_pair(text) ? 2 : 1;
        put_escape(to, (unsigned char)text.ptr[taken - 1]);
        text = sv_str_slice(text, taken, text.len);
    }
}

static bool ends_with_nocase(sv_str text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len &&
           sv_str_eq_nocase(sv_str_slice(text, text.len - len, len), sv_str_from(word));
}

/* "api_key", "X-Amz-Signature", "client_secret"; a name with a percent escape may be any of them.
 */
static bool is_secret(sv_str name)
{
    static const char *const ends[] = {"key",    "token",      "secret",      "password",
                                       "passwd", "pwd",        "signature",   "sig",
                                       "auth",   "credential", "credentials", "session"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with_nocase(name, ends[i]))
            return true;
    return sv_str_find(name, '%') < name.len;
}

/* ?a=b&token=***: values of secret names are not written. */
static void put_query(line *to, sv_str query)
{
    sv_str pair;
    char separator = '?';
    const char *start = to->at;
    while (query.len && to->at - start < MAX_TEXT && sv_str_split(&query, '&', &pair)) {
        size_t equals = sv_str_find(pair, '=');
        bool secret = equals < pair.len && is_secret(sv_str_slice(pair, 0, equals));
        put(to, &separator, 1);
        put_escaped(to, secret ? sv_str_slice(pair, 0, equals + 1) : pair);
        if (secret)
            put_cstr(to, "***");
        separator = '&';
    }
}

static inline void put_key(line *to, const char *name)
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
        if (!timeline->stage_ns[stage])
            continue;
        put_cstr(to, ",\"");
        put_cstr(to, sv_timeline_stage_name((sv_stage)stage));
        put_cstr(to, "_ms\":");
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
    if (entry->peer.len && !sv_str_eq(entry->peer, entry->client))
        put_key_str(&to, "peer_ip", entry->peer);
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
    put_escaped(&to, entry->method.len ? entry->method : SV_STR("-"));
    put_cstr(&to, " ");
    put_escaped(&to, entry->path.len ? entry->path : SV_STR("-"));
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
