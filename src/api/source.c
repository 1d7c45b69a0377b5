/* source.c: `data:` addresses (RFC 2397) and which other addresses may be fetched. Fetching itself:
 * io/fetch.c. */
#include "api/source.h"

#include "base/base64.h"

static bool is_allowed(sv_str scheme, sv_str schemes)
{
    sv_str allowed;
    while (sv_str_split(&schemes, ',', &allowed))
        if (sv_str_eq_nocase(sv_str_trim_ows(allowed), scheme))
            return true;
    return false;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Percent-decodes in place of a copy; escapes that are none stay as written. */
static sv_str percent_decode(sv_arena *arena, sv_str text)
{
    char *bytes = sv_arena_alloc_raw(arena, text.len + 1);
    if (!bytes)
        return (sv_str){0};
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        int high = -1, low = -1;
        if (text.ptr[i] == '%' && i + 2 < text.len) {
            high = hex_value(text.ptr[i + 1]);
            low = hex_value(text.ptr[i + 2]);
        }
        bool escape = high >= 0 && low >= 0;
        bytes[n++] = escape ? (char)(high << 4 | low) : text.ptr[i];
        i += escape ? 2 : 0;
    }
    return (sv_str){bytes, n};
}

static sv_status decode_base64(sv_arena *arena, sv_str text, sv_error *error, sv_str *ret_bytes)
{
    if (sv_str_find(text, '%') < text.len)
        text = percent_decode(arena, text);
    char *bytes = text.ptr ? sv_arena_alloc_raw(arena, sv_base64_decoded_max(text.len)) : NULL;
    if (!bytes)
        return SV_NO_MEMORY;
    if (!sv_base64_decode(text, bytes, &ret_bytes->len))
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Invalid base64 in data URI");
    ret_bytes->ptr = bytes;
    return SV_OK;
}

/* data:[<media type>][;base64],<data> */
static sv_status read_data(sv_arena *arena, sv_str rest, sv_error *error, sv_source *ret_source)
{
    size_t comma = sv_str_find(rest, ',');
    if (comma == rest.len)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Invalid data URI: expected data:[type][;base64],data");
    sv_str type = sv_str_trim_ows(sv_str_slice(rest, 0, comma));
    sv_str data = sv_str_slice(rest, comma + 1, rest.len);
    size_t mark = type.len >= 7 ? type.len - 7 : 0;
    sv_source source = {.kind = SV_SOURCE_BYTES};
    if (sv_str_eq_nocase(sv_str_slice(type, mark, 7), SV_STR(";base64"))) {
        sv_status status = decode_base64(arena, data, error, &source.bytes);
        if (status)
            return status;
    } else {
        source.bytes = percent_decode(arena, data);
        if (!source.bytes.ptr)
            return SV_NO_MEMORY;
    }
    *ret_source = source;
    return SV_OK;
}

sv_status sv_source_read(sv_arena *arena, sv_str url, sv_str schemes, sv_error *error,
                         sv_source *ret_source)
{
    size_t colon = sv_str_find(url, ':');
    sv_str scheme = sv_str_slice(url, 0, colon);
    if (colon == url.len || !is_allowed(scheme, schemes))
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Unsupported image URL: allowed schemes are %.*s", SV_STR_ARG(schemes));
    sv_str rest = sv_str_slice(url, colon + 1, url.len);
    if (sv_str_eq_nocase(scheme, SV_STR("data")))
        return read_data(arena, rest, error, ret_source);
    *ret_source = (sv_source){.kind = SV_SOURCE_FETCH, .url = url};
    return SV_OK;
}
