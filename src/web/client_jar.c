/* client_jar.c: cookies kept and sent, as browsers do it (RFC 6265, 5.2 to 5.4), for a client that
 * knows one host and trusts the way to it: Domain and Secure are not looked at. */
#include "web/client_jar.h"

#include <string.h>

#include "http/http_date.h"

/* What a Set-Cookie field says. */
typedef struct set_cookie {
    sv_str name, value, path;
    int64_t max_age_s, expires_s;
    bool has_max_age, has_expires;
} set_cookie;

static sv_str cut_pair(sv_str piece, sv_str *ret_value)
{
    size_t at = sv_str_find(piece, '=');
    *ret_value = sv_str_trim_ows(sv_str_slice(piece, at + (at < piece.len), piece.len));
    return sv_str_trim_ows(sv_str_slice(piece, 0, at));
}

/* Decimal digits, maybe after a minus; more than 64 bits can hold is a long time. */
static bool read_seconds(sv_str text, int64_t *ret_s)
{
    bool is_negative = sv_str_starts_with(text, SV_STR("-"));
    sv_str digits = sv_str_slice(text, is_negative, text.len);
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
    uint64_t seconds = 0;
    if (!digits.len)
        return false;
    if (!sv_str_to_u64(digits, &seconds) || seconds > INT64_MAX / 2)
        seconds = INT64_MAX / 2;
    *ret_s = is_negative ? 0 : (int64_t)seconds;
    return true;
}

static void read_attribute(set_cookie *cookie, sv_str name, sv_str value)
{
    if (sv_str_eq_nocase(name, SV_STR("path")))
        cookie->path = value;
    else if (sv_str_eq_nocase(name, SV_STR("max-age")))
        cookie->has_max_age |= read_seconds(value, &cookie->max_age_s);
    else if (sv_str_eq_nocase(name, SV_STR("expires")))
        cookie->has_expires |= sv_http_date_read(value, &cookie->expires_s);
}

/* The folder of the request: up to its last slash. */
static sv_str default_path(sv_str target)
{
    sv_str path = sv_str_slice(target, 0, sv_str_find(target, '?'));
    size_t len = path.len;
    while (len && path.ptr[len - 1] != '/')
        len--;
    return len > 1 && path.ptr[0] == '/' ? sv_str_slice(path, 0, len - 1) : SV_STR("/");
}

static bool read_set_cookie(sv_str text, sv_str target, set_cookie *ret_cookie)
{
    set_cookie cookie = {0};
    sv_str piece, value;
    if (!sv_str_split(&text, ';', &piece) || sv_str_find(piece, '=') == piece.len)
        return false;
    cookie.name = cut_pair(piece, &cookie.value);
    while (sv_str_split(&text, ';', &piece)) {
        sv_str name = cut_pair(piece, &value);
        read_attribute(&cookie, name, value);
    }
    if (!sv_str_starts_with(cookie.path, SV_STR("/")))
        cookie.path = default_path(target);
    *ret_cookie = cookie;
    return cookie.name.len > 0;
}

static int64_t end_of(const set_cookie *cookie, int64_t now_s)
{
    if (cookie->has_max_age)
        return now_s + cookie->max_age_s;
    return cookie->has_expires ? cookie->expires_s : INT64_MAX;
}

static void remove_at(sv_client_jar *jar, size_t at)
{
    jar->n--;
    memmove(&jar->cookies[at], &jar->cookies[at + 1], (jar->n - at) * sizeof *jar->cookies);
}

static bool put(sv_client_jar *jar, sv_arena *arena, sv_client_cookie cookie)
{
    size_t at = 0;
    while (at < jar->n && !(sv_str_eq(jar->cookies[at].name, cookie.name) &&
                            sv_str_eq(jar->cookies[at].path, cookie.path)))
        at++;
    if (at == SV_CLIENT_JAR_MAX)
        return false;
    cookie.name = sv_arena_copy(arena, cookie.name);
    cookie.value = sv_arena_copy(arena, cookie.value);
    cookie.path = sv_arena_copy(arena, cookie.path);
    if (!cookie.name.ptr || !cookie.value.ptr || !cookie.path.ptr)
        return false;
    jar->cookies[at] = cookie;
    jar->n += at == jar->n;
    return true;
}

static void remove_over(sv_client_jar *jar, int64_t now_s)
{
    for (size_t i = jar->n; i-- > 0;)
        if (jar->cookies[i].until_s <= now_s)
            remove_at(jar, i);
}

void sv_client_jar_obey(sv_client_jar *jar, sv_arena *arena, sv_str set_cookie_text, sv_str target,
                        int64_t now_s)
{
    set_cookie cookie;
    if (!read_set_cookie(set_cookie_text, target, &cookie))
        return;
    remove_over(jar, now_s);
    put(jar, arena,
        (sv_client_cookie){cookie.name, cookie.value, cookie.path, end_of(&cookie, now_s)});
    remove_over(jar, now_s);
}

bool sv_client_jar_put(sv_client_jar *jar, sv_arena *arena, sv_str name, sv_str value)
{
    return put(jar, arena, (sv_client_cookie){name, value, SV_STR("/"), INT64_MAX});
}

void sv_client_jar_remove(sv_client_jar *jar, sv_str name)
{
    for (size_t i = jar->n; i-- > 0;)
        if (!name.ptr || sv_str_eq(jar->cookies[i].name, name))
            remove_at(jar, i);
}

sv_str sv_client_jar_find(const sv_client_jar *jar, sv_str name, int64_t now_s)
{
    for (size_t i = jar->n; i-- > 0;)
        if (sv_str_eq(jar->cookies[i].name, name) && jar->cookies[i].until_s > now_s)
            return jar->cookies[i].value;
    return (sv_str){0};
}

static bool path_matches(sv_str cookie_path, sv_str path)
{
    if (!sv_str_starts_with(path, cookie_path))
        return false;
    return path.len == cookie_path.len || sv_str_ends_with(cookie_path, SV_STR("/")) ||
           path.ptr[cookie_path.len] == '/';
}

/* The longest path shorter than `below` among the cookies; 0: there is none. */
static size_t longest_path(const sv_client_jar *jar, size_t below)
{
    size_t longest = 0;
    for (size_t i = 0; i < jar->n; i++)
        if (jar->cookies[i].path.len < below && jar->cookies[i].path.len > longest)
            longest = jar->cookies[i].path.len;
    return longest;
}

void sv_client_jar_write(const sv_client_jar *jar, sv_str target, int64_t now_s, sv_buf *out)
{
    sv_str path = sv_str_slice(target, 0, sv_str_find(target, '?'));
    const char *separator = "";
    for (size_t len = SIZE_MAX; (len = longest_path(jar, len));)
        for (size_t i = 0; i < jar->n; i++) {
            const sv_client_cookie *cookie = &jar->cookies[i];
            if (cookie->path.len != len || cookie->until_s <= now_s ||
                !path_matches(cookie->path, path))
                continue;
            sv_buf_append_str(out, sv_str_from(separator));
            sv_buf_append_str(out, cookie->name);
            sv_buf_append_byte(out, '=');
            sv_buf_append_str(out, cookie->value);
            separator = "; ";
        }
}
