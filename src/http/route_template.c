/* route_template.c: reads and checks the templates of paths. Pure; matching: router.c. */
#include "http/route_template.h"

#include <string.h>

#include "http/router.h"

sv_str sv_route_template_segments(sv_str path)
{
    return sv_str_slice(path, 1, path.len);
}

sv_route_part sv_route_template_read(sv_str segment)
{
    if (segment.len < 2 || segment.ptr[0] != '{' || segment.ptr[segment.len - 1] != '}')
        return (sv_route_part){SV_ROUTE_PART_TEXT, segment};
    sv_str name = sv_str_slice(segment, 1, segment.len - 2), suffix = SV_STR(":path");
    if (!sv_str_ends_with(name, suffix))
        return (sv_route_part){SV_ROUTE_PART_PARAM, name};
    return (sv_route_part){SV_ROUTE_PART_REST, sv_str_slice(name, 0, name.len - suffix.len)};
}

static bool has_byte(sv_str text, char byte)
{
    return sv_str_find(text, byte) < text.len;
}

static bool has_brace(sv_str text)
{
    return has_byte(text, '{') || has_byte(text, '}');
}

static bool is_among(sv_str name, const sv_str *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++)
        if (sv_str_eq(name, names[i]))
            return true;
    return false;
}

static sv_status check_param(const char *path, sv_route_part part, bool is_last, sv_error *error)
{
    if (!part.text.len || has_brace(part.text) || has_byte(part.text, ':'))
        return sv_error_set(error, SV_INVALID, NULL, "%s has a parameter without a proper name",
                            path);
    if (part.kind == SV_ROUTE_PART_REST && !is_last)
        return sv_error_set(error, SV_INVALID, NULL,
                            "a :path parameter in %s is not the last segment", path);
    return SV_OK;
}

sv_status sv_route_template_check(const char *path, sv_error *error)
{
    sv_str names[SV_ROUTER_MAX_PARAMS], segment;
    size_t n = 0;
    if (path[0] != '/')
        return sv_error_set(error, SV_INVALID, NULL, "the path %s does not begin with a slash",
                            path);
    sv_str rest = sv_route_template_segments(sv_str_from(path));
    while (sv_str_split(&rest, '/', &segment)) {
        sv_route_part part = sv_route_template_read(segment);
        if (part.kind == SV_ROUTE_PART_TEXT && has_brace(segment))
            return sv_error_set(error, SV_INVALID, NULL,
                                "a brace in %s does not enclose a whole segment", path);
        if (part.kind == SV_ROUTE_PART_TEXT)
            continue;
        sv_status status = check_param(path, part, !rest.ptr, error);
        if (status)
            return status;
        if (n == SV_ROUTER_MAX_PARAMS)
            return sv_error_set(error, SV_INVALID, NULL, "%s has more than %d parameters", path,
                                SV_ROUTER_MAX_PARAMS);
        if (is_among(part.text, names, n))
            return sv_error_set(error, SV_INVALID, NULL, "%s has two parameters named %.*s", path,
                                SV_STR_ARG(part.text));
        names[n++] = part.text;
    }
    return SV_OK;
}
