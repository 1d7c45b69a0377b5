/* url.c: reads and normalises URLs.
 *
 * DESIGN. Most URLs are in normal form already, which one pass over the bytes sees without writing
 * anything (is_normal). The others are written part by part into a buffer, in the order scheme,
 * authority, path, query, fragment; dots in paths cut the buffer back. */
#include "json/url.h"

#include <ctype.h>
#include <string.h>

#include "json/url_host.h"

enum { MAX_PORT = 65535, MAX_HTTP_LEN = 2083, LARGEST_ASCII = 0x7E, GROWTH = 16, NO_PORT = -1 };

/* What is percent-encoded in each part, besides control characters and all beyond ASCII. */
#define IN_FRAGMENT " \"<>`"
#define IN_PATH IN_FRAGMENT "#?{}"
#define IN_USERINFO IN_PATH "/:;=@[\\]^|"
#define IN_QUERY " \"#<>"
#define IN_SPECIAL_QUERY IN_QUERY "'"
#define IN_OPAQUE ""

typedef struct special_scheme {
    sv_str name;
    int default_port;
} special_scheme;

static const special_scheme special_schemes[] = {
    {SV_STR_INIT("http"), 80}, {SV_STR_INIT("https"), 443}, {SV_STR_INIT("ws"), 80},
    {SV_STR_INIT("wss"), 443}, {SV_STR_INIT("ftp"), 21},    {SV_STR_INIT("file"), NO_PORT},
};

const sv_url_rules sv_url_http = {
    .schemes = {SV_STR_INIT("http"), SV_STR_INIT("https")},
    .expected = "'http' or 'https'",
    .max_len = MAX_HTTP_LEN,
};
const sv_url_rules sv_url_any_http = {
    .schemes = {SV_STR_INIT("http"), SV_STR_INIT("https")},
    .expected = "'http' or 'https'",
};
const sv_url_rules sv_url_any = {.max_len = 0};
const sv_url_rules sv_url_websocket = {
    .schemes = {SV_STR_INIT("ws"), SV_STR_INIT("wss")},
    .expected = "'ws' or 'wss'",
    .max_len = MAX_HTTP_LEN,
};
const sv_url_rules sv_url_file = {.schemes = {SV_STR_INIT("file")}, .expected = "'file'"};
const sv_url_rules sv_url_ftp = {.schemes = {SV_STR_INIT("ftp")}, .expected = "'ftp'"};

/* A URL while it is read. */
typedef struct reader {
    sv_str rest;
    sv_buf *out;
    sv_str scheme; /* as the input spells it */
    const special_scheme *special;
    bool is_file;
    const char *problem;
} reader;

static bool is_slash(const reader *in, char c)
{
    return c == '/' || (in->special && c == '\\');
}

static bool begins_with_slash(const reader *in)
{
    return in->rest.len > 0 && is_slash(in, in->rest.ptr[0]);
}

static void skip(reader *in, size_t n_bytes)
{
    in->rest = sv_str_slice(in->rest, n_bytes, in->rest.len);
}

/* Cuts off what stands before the first slash, `?` or `#`, or all. */
static sv_str take_until_slash(reader *in)
{
    size_t n = 0;
    while (n < in->rest.len && !is_slash(in, in->rest.ptr[n]) && in->rest.ptr[n] != '?' &&
           in->rest.ptr[n] != '#')
        n++;
    sv_str piece = sv_str_slice(in->rest, 0, n);
    skip(in, n);
    return piece;
}

static void append_encoded(sv_buf *out, sv_str text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' || c > LARGEST_ASCII || strchr(set, c))
            sv_buf_printf(out, "%%%02X", c);
        else
            sv_buf_append_byte(out, (char)c);
    }
}

static void read_scheme(reader *in)
{
    size_t n = 0;
    while (n < in->rest.len && (isalnum((unsigned char)in->rest.ptr[n]) ||
                                (n > 0 && memchr("+-.", in->rest.ptr[n], 3))))
        n++;
    if (n == 0 || n == in->rest.len || in->rest.ptr[n] != ':' ||
        isdigit((unsigned char)in->rest.ptr[0])) {
        in->problem = "relative URL without a base";
        return;
    }
    in->scheme = sv_str_slice(in->rest, 0, n);
    for (size_t i = 0; i < sizeof special_schemes / sizeof *special_schemes; i++)
        if (sv_str_eq_nocase(special_schemes[i].name, in->scheme))
            in->special = &special_schemes[i];
    in->is_file = in->special && in->special->default_port == NO_PORT;
    for (size_t i = 0; i <= n; i++)
        sv_buf_append_byte(in->out, (char)tolower((unsigned char)in->rest.ptr[i]));
    skip(in, n + 1);
}

/* Cuts user and password and their `@` off an authority and appends them. */
static bool append_userinfo(reader *in, sv_str *authority)
{
    size_t at = authority->len;
    while (at > 0 && authority->ptr[at - 1] != '@')
        at--;
    if (at == 0)
        return false;
    sv_str userinfo = sv_str_slice(*authority, 0, at - 1);
    *authority = sv_str_slice(*authority, at, authority->len);
    size_t colon = sv_str_find(userinfo, ':');
    sv_str password = sv_str_slice(userinfo, colon + 1, userinfo.len);
    append_encoded(in->out, sv_str_slice(userinfo, 0, colon), IN_USERINFO);
    if (password.len > 0)
        sv_buf_append_byte(in->out, ':');
    append_encoded(in->out, password, IN_USERINFO);
    if (colon > 0 || password.len > 0)
        sv_buf_append_byte(in->out, '@');
    return true;
}

/* Where the `:` before a port stands, or text.len. */
static size_t find_port(sv_str text)
{
    bool is_in_brackets = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '[')
            is_in_brackets = true;
        else if (text.ptr[i] == ']')
            is_in_brackets = false;
        else if (text.ptr[i] == ':' && !is_in_brackets)
            return i;
    }
    return text.len;
}

static void append_port(reader *in, sv_str text)
{
    int port = 0;
    for (size_t i = 0; i < text.len && !in->problem; i++) {
        port = port * 10 + text.ptr[i] - '0';
        if (!isdigit((unsigned char)text.ptr[i]) || port > MAX_PORT)
            in->problem = "invalid port number";
    }
    bool is_default = in->special && port == in->special->default_port;
    if (!in->problem && text.len > 0 && !is_default)
        sv_buf_printf(in->out, ":%d", port);
}

static void read_authority(reader *in)
{
    sv_str authority = take_until_slash(in);
    bool has_userinfo = append_userinfo(in, &authority);
    size_t colon = find_port(authority);
    sv_str host = sv_str_slice(authority, 0, colon);
    bool needs_host = in->special || has_userinfo || colon < authority.len;
    if (host.len > 0)
        in->problem = sv_url_host_append(in->out, host, in->special != NULL);
    else if (needs_host)
        in->problem = "empty host";
    if (!in->problem)
        append_port(in, sv_str_slice(authority, colon + 1, authority.len));
}

static bool is_drive(sv_str segment)
{
    return segment.len == 2 && isalpha((unsigned char)segment.ptr[0]) && segment.ptr[1] == ':';
}

/* The host of a file URL; a drive there is the begin of the path. */
static void read_file_host(reader *in)
{
    sv_str before = in->rest, host = take_until_slash(in);
    if (is_drive(host)) {
        in->rest = before;
        return;
    }
    size_t start = in->out->len;
    if (host.len > 0)
        in->problem = sv_url_host_append(in->out, host, true);
    if (sv_str_eq(sv_str_slice(sv_buf_str(in->out), start, in->out->len), SV_STR("localhost")))
        in->out->len = start;
}

/* The number of dots a segment consists of, plain or as %2e; 0 for all other segments. */
static int count_dots(sv_str segment)
{
    int n = 0;
    while (segment.len > 0) {
        bool is_plain = segment.ptr[0] == '.';
        if (!is_plain && !sv_str_eq_nocase(sv_str_slice(segment, 0, 3), SV_STR("%2e")))
            return 0;
        segment = sv_str_slice(segment, is_plain ? 1 : 3, segment.len);
        n++;
    }
    return n;
}

/* Takes the last segment of the path that begins at `start` back. */
static void shorten(const reader *in, size_t start)
{
    sv_str path = sv_str_slice(sv_buf_str(in->out), start, in->out->len);
    if (in->is_file && is_drive(sv_str_slice(path, 1, path.len)))
        return;
    while (in->out->len > start && in->out->ptr[in->out->len - 1] != '/')
        in->out->len--;
    in->out->len -= in->out->len > start;
}

static void read_path(reader *in)
{
    size_t start = in->out->len;
    if (begins_with_slash(in))
        skip(in, 1);
    for (bool has_more = true; has_more;) {
        sv_str segment = take_until_slash(in);
        int n_dots = count_dots(segment);
        has_more = begins_with_slash(in);
        if (has_more)
            skip(in, 1);
        if (n_dots == 2)
            shorten(in, start);
        if (n_dots == 1 || n_dots == 2) {
            if (!has_more)
                sv_buf_append_byte(in->out, '/');
            continue;
        }
        bool is_extra_slash = in->is_file && segment.len == 0 && in->out->len == start;
        if (is_extra_slash && has_more)
            continue;
        sv_buf_append_byte(in->out, '/');
        append_encoded(in->out, segment, IN_PATH);
    }
}

/* Without an authority "//" at the begin would be read as one: "/." goes before it. */
static void read_rootless_path(reader *in)
{
    size_t start = in->out->len;
    read_path(in);
    sv_str path = sv_str_slice(sv_buf_str(in->out), start, in->out->len);
    if (!sv_str_starts_with(path, SV_STR("//")) || !sv_buf_reserve(in->out, 2))
        return;
    memmove(in->out->ptr + start + 2, in->out->ptr + start, path.len);
    memcpy(in->out->ptr + start, "/.", 2);
    sv_buf_advance(in->out, 2);
}

static void read_special(reader *in)
{
    sv_buf_append_str(in->out, SV_STR("//"));
    if (in->is_file) {
        if (begins_with_slash(in) && in->rest.len > 1 && is_slash(in, in->rest.ptr[1])) {
            skip(in, 2);
            read_file_host(in);
        }
    } else {
        while (begins_with_slash(in))
            skip(in, 1);
        read_authority(in);
    }
    if (!in->problem)
        read_path(in);
}

static void read_other(reader *in)
{
    if (sv_str_starts_with(in->rest, SV_STR("//"))) {
        sv_buf_append_str(in->out, SV_STR("//"));
        skip(in, 2);
        read_authority(in);
        if (!in->problem && begins_with_slash(in))
            read_path(in);
        return;
    }
    if (begins_with_slash(in)) {
        read_rootless_path(in);
        return;
    }
    size_t n = 0;
    while (n < in->rest.len && in->rest.ptr[n] != '?' && in->rest.ptr[n] != '#')
        n++;
    append_encoded(in->out, sv_str_slice(in->rest, 0, n), IN_OPAQUE);
    skip(in, n);
}

static void read_query_and_fragment(reader *in)
{
    size_t hash = sv_str_find(in->rest, '#');
    sv_str query = sv_str_slice(in->rest, 0, hash);
    append_encoded(in->out, query, in->special ? IN_SPECIAL_QUERY : IN_QUERY);
    if (hash == in->rest.len)
        return;
    sv_buf_append_byte(in->out, '#');
    append_encoded(in->out, sv_str_slice(in->rest, hash + 1, in->rest.len), IN_FRAGMENT);
}

/* Blanks and control characters around, tabs and line ends anywhere. */
static sv_str clean(sv_str text, sv_buf *buf)
{
    while (text.len > 0 && (unsigned char)text.ptr[0] <= ' ')
        text = sv_str_slice(text, 1, text.len);
    while (text.len > 0 && (unsigned char)text.ptr[text.len - 1] <= ' ')
        text.len--;
    size_t n = 0;
    while (n < text.len && (text.ptr[n] == '\0' || !strchr("\t\r\n", text.ptr[n])))
        n++;
    if (n == text.len)
        return text;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || !strchr("\t\r\n", text.ptr[i]))
            sv_buf_append_byte(buf, text.ptr[i]);
    return sv_buf_str(buf);
}

static void read_all(reader *in)
{
    read_scheme(in);
    if (!in->problem && in->special)
        read_special(in);
    else if (!in->problem)
        read_other(in);
    if (!in->problem)
        read_query_and_fragment(in);
}

/* A host of plain letters, digits, dots and hyphens whose last label begins with a letter, ended by
 * a slash. Returns its length, or 0. */
static size_t measure_plain_host(sv_str text)
{
    size_t n = 0, label = 0;
    for (; n < text.len && text.ptr[n] != '/'; n++) {
        char c = text.ptr[n];
        if (c == '.')
            label = n + 1;
        else if (c != '-' && !(c >= 'a' && c <= 'z') && !isdigit((unsigned char)c))
            return 0;
        else if (c == '-' && n > 0 && text.ptr[n - 1] == '-') /* maybe xn-- */
            return 0;
    }
    return n < text.len && label < n && isalpha((unsigned char)text.ptr[label]) ? n : 0;
}

/* True for http and https URLs that are certainly as this file would write them. */
static bool is_normal(sv_str text)
{
    size_t start = sv_str_starts_with(text, SV_STR("https://"))  ? 8
                   : sv_str_starts_with(text, SV_STR("http://")) ? 7
                                                                 : 0;
    size_t host = start ? measure_plain_host(sv_str_slice(text, start, text.len)) : 0;
    if (host == 0)
        return false;
    for (size_t i = start + host; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_plain = isalnum((unsigned char)c) || (c && strchr("-_~!$&()*+,;=:@/?", c));
        if (!is_plain && !(c == '.' && text.ptr[i - 1] != '/'))
            return false;
    }
    return true;
}

static bool is_allowed(sv_str scheme, const sv_url_rules *rules)
{
    size_t n = 0;
    for (; n < sizeof rules->schemes / sizeof *rules->schemes && rules->schemes[n].len; n++)
        if (sv_str_eq_nocase(rules->schemes[n], scheme))
            return true;
    return n == 0;
}

static void set_text_error(sv_url *url, sv_error_type type, const char *text)
{
    url->error = type;
    url->context = (sv_context){.kind = SV_CONTEXT_TEXT, .text = sv_str_from(text)};
}

/* What was read, into `url`. */
static sv_status finish(sv_arena *arena, const reader *in, const sv_url_rules *rules, sv_url *url)
{
    if (in->problem)
        set_text_error(url, SV_ERROR_TYPE_URL_PARSING, in->problem);
    else if (!is_allowed(in->scheme, rules))
        set_text_error(url, SV_ERROR_TYPE_URL_SCHEME, rules->expected);
    else if (!sv_str_eq(sv_buf_str(in->out), url->text)) {
        url->text = sv_arena_copy(arena, sv_buf_str(in->out));
        return url->text.ptr ? SV_OK : SV_NO_MEMORY;
    }
    if (url->error)
        url->text = SV_STR("");
    return SV_OK;
}

static sv_status read_and_write(sv_arena *arena, const sv_url_rules *rules, sv_url *url)
{
    sv_buf cleaned, out;
    sv_buf_init(&cleaned, url->text.len);
    sv_buf_init(&out, GROWTH * (url->text.len + 1));
    reader in = {.rest = clean(url->text, &cleaned), .out = &out};
    read_all(&in);
    sv_status status = sv_buf_status(&cleaned) || sv_buf_status(&out) ? SV_NO_MEMORY : SV_OK;
    if (!status)
        status = finish(arena, &in, rules, url);
    sv_buf_deinit(&cleaned);
    sv_buf_deinit(&out);
    return status;
}

sv_status sv_url_read(sv_arena *arena, sv_str text, const sv_url_rules *rules, sv_url *ret_url)
{
    sv_url url = {.text = text};
    sv_status status = SV_OK;
    if (rules->max_len && text.len > rules->max_len) {
        url = (sv_url){.error = SV_ERROR_TYPE_URL_TOO_LONG,
                       .context = {.kind = SV_CONTEXT_INT, .integer = (int64_t)rules->max_len}};
    } else if (text.len == 0) {
        set_text_error(&url, SV_ERROR_TYPE_URL_PARSING, "input is empty");
    } else if (!is_normal(text) ||
               !is_allowed(sv_str_slice(text, 0, sv_str_find(text, ':')), rules)) {
        status = read_and_write(arena, rules, &url);
    }
    if (!status)
        *ret_url = url;
    return status;
}
