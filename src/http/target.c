/* target.c: takes a request target apart, decodes and normalises its path. Routes are not known
 * here.
 *
 * DESIGN. A path is decoded once and never again: "%252F" is the text "%2F". "%2F" itself must
 * neither part segments nor be lost, so it is one byte that decoded text cannot contain. Dot
 * segments are removed after decoding, so that "%2e%2e" hides nothing. */
#include "http/target.h"

#include <string.h>

#include "http/host.h"
#include "http/message.h"

static sv_refusal refuse(const char *message)
{
    return (sv_refusal){&sv_kind_bad_request, message};
}

static bool has_forbidden_byte(sv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte <= 0x20 || byte >= 0x7f || byte == '#')
            return true;
    }
    return false;
}

/* Cuts scheme and authority off an absolute target. */
static sv_refusal read_authority(sv_str *text, sv_str *ret_authority)
{
    size_t scheme_len = sv_str_find(*text, ':');
    sv_str scheme = sv_str_slice(*text, 0, scheme_len);
    bool is_web =
        sv_str_eq_nocase(scheme, SV_STR("http")) || sv_str_eq_nocase(scheme, SV_STR("https"));
    sv_str rest = sv_str_slice(*text, scheme_len, text->len);
    if (!is_web || !sv_str_starts_with(rest, SV_STR("://")))
        return refuse("The request target is neither a path nor an http address");
    rest = sv_str_slice(rest, 3, rest.len);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    sv_str authority = sv_str_slice(rest, 0, end);
    if (!sv_host_is_valid(authority))
        return refuse("The address in the request target has no valid host");
    *ret_authority = authority;
    *text = sv_str_slice(rest, end, rest.len);
    return (sv_refusal){0};
}

/* Most paths are what they seem. */
static bool needs_work(sv_str path)
{
    return sv_str_find(path, '%') < path.len || memmem(path.ptr, path.len, "/.", 2);
}

/* Decodes into `to`, which has room for the whole path; false for a bad escape or a zero byte. */
static bool decode_path(sv_str raw, char *to, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        int byte = (unsigned char)raw.ptr[i];
        if (byte == '%') {
            byte = sv_message_percent_byte(sv_str_slice(raw, i, 3));
            if (byte <= 0)
                return false;
            i += 2;
            /* 0xFF is no UTF-8, so it may become another byte that is none */
            byte = byte == '/' ? SV_TARGET_SLASH : byte == SV_TARGET_SLASH ? 0xFE : byte;
        }
        to[len++] = (char)byte;
    }
    *ret_len = len;
    return true;
}

/* Removes "." and ".." segments in place (RFC 3986 5.2.4); false when a ".." leads above the root.
 */
static bool remove_dots(char *path, size_t *len)
{
    sv_str rest = {path + 1, *len - 1}, segment;
    size_t out = 0; /* of what is kept, all of it "/segment" */
    bool is_dot = false;
    while (sv_str_split(&rest, '/', &segment)) {
        bool is_parent = sv_str_eq(segment, SV_STR(".."));
        is_dot = is_parent || sv_str_eq(segment, SV_STR("."));
        if (is_parent) {
            if (!out)
                return false;
            while (path[--out] != '/')
                ;
        } else if (!is_dot) {
            path[out++] = '/';
            memmove(path + out, segment.ptr, segment.len);
            out += segment.len;
        }
    }
    if (is_dot || !out)
        path[out++] = '/';
    *len = out;
    return true;
}

static sv_refusal read_path(sv_arena *arena, sv_str raw, sv_str *ret_path)
{
    *ret_path = raw;
    if (!needs_work(raw))
        return (sv_refusal){0};
    static const sv_refusal no_memory = {&sv_kind_insufficient_memory,
                                         "There is no memory for this request now"};
    char *path = sv_arena_alloc_raw(arena, raw.len);
    size_t len;
    if (!path)
        return no_memory;
    if (!decode_path(raw, path, &len))
        return refuse("The path has an escape that is not % and two hexadecimal digits, or is %00");
    if (!remove_dots(path, &len))
        return refuse("The path leads above its root");
    *ret_path = sv_message_repair_utf8(arena, (sv_str){path, len}, SV_TARGET_SLASH);
    return ret_path->ptr ? (sv_refusal){0} : no_memory;
}

sv_refusal sv_target_read(sv_arena *arena, sv_str text, sv_target *ret_target)
{
    sv_target target = {.raw_path = text, .path = text, .query = SV_STR("")};
    if (has_forbidden_byte(text))
        return refuse("The request target has a byte that must be percent-encoded, or a fragment");
    target.is_asterisk = sv_str_eq(text, SV_STR("*"));
    sv_refusal refusal = {0};
    if (!target.is_asterisk && text.ptr[0] != '/')
        refusal = read_authority(&text, &target.authority);
    if (refusal.kind)
        return refusal;
    size_t end = sv_str_find(text, '?');
    target.raw_path = end ? sv_str_slice(text, 0, end) : SV_STR("/");
    if (end < text.len)
        target.query = sv_str_slice(text, end + 1, text.len);
    if (!target.is_asterisk)
        refusal = read_path(arena, target.raw_path, &target.path);
    if (!refusal.kind)
        *ret_target = target;
    return refusal;
}

static sv_str replace_slashes(sv_arena *arena, sv_str text, sv_str by)
{
    if (sv_str_find(text, (char)SV_TARGET_SLASH) == text.len)
        return text;
    char *shown = sv_arena_alloc_raw(arena, text.len * by.len);
    if (!shown)
        return (sv_str){0};
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_slash = (unsigned char)text.ptr[i] == SV_TARGET_SLASH;
        sv_str piece = is_slash ? by : sv_str_slice(text, i, 1);
        memcpy(shown + len, piece.ptr, piece.len);
        len += piece.len;
    }
    return (sv_str){shown, len};
}

sv_str sv_target_show_path(sv_arena *arena, sv_str path)
{
    return replace_slashes(arena, path, SV_STR("%2F"));
}

sv_str sv_target_read_param(sv_arena *arena, sv_str span)
{
    return replace_slashes(arena, span, SV_STR("/"));
}
