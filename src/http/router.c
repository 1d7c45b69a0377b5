/* router.c: path -> route. Pure: knows methods as text, and neither requests nor connections.
 *
 * DESIGN. Templates are tried in order; each is told apart by its literal start in one comparison,
 * so that a table of a hundred routes costs well under a microsecond and needs no tree. */
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    const sv_route *route;
    sv_str template;
    sv_str start; /* what stands before the first parameter; all of it when there is none */
} entry;

struct sv_router {
    entry *entries;
    size_t n_entries, capacity;
};

sv_router *sv_router_new(void)
{
    return calloc(1, sizeof(sv_router));
}

void sv_router_free(sv_router *router)
{
    if (!router)
        return;
    free(router->entries);
    free(router);
}

/* One segment of a template. */
typedef struct part {
    sv_str name; /* of the parameter, or the literal text */
    bool is_param, takes_rest;
} part;

static part read_part(sv_str segment)
{
    if (segment.len < 2 || segment.ptr[0] != '{' || segment.ptr[segment.len - 1] != '}')
        return (part){.name = segment};
    part read = {.name = sv_str_slice(segment, 1, segment.len - 2), .is_param = true};
    if (sv_str_ends_with(read.name, SV_STR(":path"))) {
        read.name.len -= strlen(":path");
        read.takes_rest = true;
    }
    return read;
}

static sv_str without_first_slash(sv_str path)
{
    return sv_str_slice(path, 1, path.len);
}

size_t sv_router_param_names(const char *path, sv_str names[SV_ROUTER_MAX_PARAMS])
{
    sv_str rest = without_first_slash(sv_str_from(path)), segment;
    size_t n = 0;
    while (sv_str_split(&rest, '/', &segment)) {
        part read = read_part(segment);
        if (read.is_param && n < SV_ROUTER_MAX_PARAMS)
            names[n++] = read.name;
    }
    return n;
}

static bool has_brace(sv_str text)
{
    return sv_str_find(text, '{') < text.len || sv_str_find(text, '}') < text.len ||
           sv_str_find(text, ':') < text.len;
}

static bool is_among(sv_str name, const sv_str *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++)
        if (sv_str_eq(name, names[i]))
            return true;
    return false;
}

static sv_status check_template(const char *path, sv_error *error)
{
    sv_str names[SV_ROUTER_MAX_PARAMS], rest = sv_str_from(path), segment;
    size_t n = 0;
    if (!sv_str_starts_with(rest, SV_STR("/")))
        return sv_error_set(error, SV_INVALID, NULL, "the path %s does not begin with a slash",
                            path);
    rest = without_first_slash(rest);
    while (sv_str_split(&rest, '/', &segment)) {
        part read = read_part(segment);
        if (!read.is_param &&
            (sv_str_find(segment, '{') < segment.len || sv_str_find(segment, '}') < segment.len))
            return sv_error_set(error, SV_INVALID, NULL,
                                "a brace in %s does not enclose a whole segment", path);
        if (!read.is_param)
            continue;
        if (!read.name.len || has_brace(read.name))
            return sv_error_set(error, SV_INVALID, NULL, "%s has a parameter without a proper name",
                                path);
        if (read.takes_rest && rest.ptr)
            return sv_error_set(error, SV_INVALID, NULL,
                                "a :path parameter in %s is not the last segment", path);
        if (n == SV_ROUTER_MAX_PARAMS)
            return sv_error_set(error, SV_INVALID, NULL, "%s has more than %d parameters", path,
                                SV_ROUTER_MAX_PARAMS);
        if (is_among(read.name, names, n))
            return sv_error_set(error, SV_INVALID, NULL, "%s has two parameters named %.*s", path,
                                SV_STR_ARG(read.name));
        names[n++] = read.name;
    }
    return SV_OK;
}

static bool stands_twice(const sv_router *router, const sv_route *route)
{
    for (size_t i = 0; i < router->n_entries; i++) {
        const sv_route *other = router->entries[i].route;
        if (strcmp(other->method, route->method) == 0 && strcmp(other->path, route->path) == 0)
            return true;
    }
    return false;
}

static sv_status make_room(sv_router *router)
{
    if (router->n_entries < router->capacity)
        return SV_OK;
    size_t capacity = router->capacity ? router->capacity * 2 : 16;
    entry *entries = realloc(router->entries, capacity * sizeof *entries);
    if (!entries)
        return SV_NO_MEMORY;
    router->entries = entries;
    router->capacity = capacity;
    return SV_OK;
}

sv_status sv_router_add(sv_router *router, const sv_route *route, sv_error *error)
{
    sv_status status = check_template(route->path, error);
    if (status)
        return status;
    if (stands_twice(router, route))
        return sv_error_set(error, SV_INVALID, NULL, "%s %s stands twice", route->method,
                            route->path);
    status = make_room(router);
    if (status)
        return sv_error_set(error, status, NULL, "out of memory");
    sv_str template = sv_str_from(route->path);
    router->entries[router->n_entries++] =
        (entry){route, template, sv_str_slice(template, 0, sv_str_find(template, '{'))};
    return SV_OK;
}

/* Matches a template with parameters; `path` begins with its literal start. */
static bool match_params(sv_str template, sv_str path, sv_route_match *match)
{
    sv_str want_rest = without_first_slash(template), have_rest = without_first_slash(path), want,
           have;
    match->n_params = 0;
    while (sv_str_split(&want_rest, '/', &want)) {
        part read = read_part(want);
        sv_str all = have_rest;
        if (!sv_str_split(&have_rest, '/', &have))
            return false;
        if (read.takes_rest) {
            match->params[match->n_params++] = all;
            return true;
        }
        if (read.is_param ? !have.len : !sv_str_eq(want, have))
            return false;
        if (read.is_param)
            match->params[match->n_params++] = have;
    }
    return !have_rest.ptr;
}

static bool match_path(const entry *tried, sv_str path, sv_route_match *match)
{
    if (!sv_str_starts_with(path, tried->start))
        return false;
    match->n_params = 0;
    if (tried->start.len == tried->template.len)
        return path.len == tried->template.len;
    return match_params(tried->template, path, match);
}

static bool takes_method(const sv_route *route, sv_str method)
{
    sv_str own = sv_str_from(route->method);
    return sv_str_eq(own, method) || sv_str_eq(own, SV_STR("*")) ||
           (sv_str_eq(method, SV_STR("HEAD")) && sv_str_eq(own, SV_STR("GET")));
}

/* Adds to a list like "GET, HEAD", once; left out when there is no room. */
static void add_method(char *list, size_t size, const char *method)
{
    size_t len = strlen(list), added = strlen(method);
    sv_str rest = {list, len}, member;
    while (sv_str_split(&rest, ',', &member))
        if (sv_str_eq(sv_str_trim_ows(member), (sv_str){method, added}))
            return;
    if (len + added + 3 > size)
        return;
    memcpy(list + len, ", ", len ? 2 : 0);
    memcpy(list + len + (len ? 2 : 0), method, added + 1);
}

static void allow_route(sv_route_match *match, const sv_route *route)
{
    add_method(match->allow, sizeof match->allow, route->method);
    if (strcmp(route->method, "GET") == 0)
        add_method(match->allow, sizeof match->allow, "HEAD");
}

/* Whether the path fits any route, with its last slash taken off or one put on. */
static bool exists_by_slash(const sv_router *router, sv_str path)
{
    sv_route_match unused;
    char with_slash[1024];
    if (path.len < 2 || path.len + 1 > sizeof with_slash || path.ptr[1] == '/')
        return false;
    sv_str other = {path.ptr, path.len - 1};
    if (!sv_str_ends_with(path, SV_STR("/"))) {
        memcpy(with_slash, path.ptr, path.len);
        with_slash[path.len] = '/';
        other = (sv_str){with_slash, path.len + 1};
    }
    for (size_t i = 0; i < router->n_entries; i++)
        if (match_path(&router->entries[i], other, &unused))
            return true;
    return false;
}

sv_match sv_router_find(const sv_router *router, sv_str method, sv_str path,
                        sv_route_match *ret_match)
{
    ret_match->route = NULL;
    ret_match->allow[0] = '\0';
    for (size_t i = 0; i < router->n_entries; i++) {
        const entry *tried = &router->entries[i];
        if (!match_path(tried, path, ret_match))
            continue;
        if (takes_method(tried->route, method)) {
            ret_match->route = tried->route;
            return SV_MATCH_FOUND;
        }
        allow_route(ret_match, tried->route);
    }
    ret_match->n_params = 0;
    if (!ret_match->allow[0])
        return exists_by_slash(router, path) ? SV_MATCH_SLASH : SV_MATCH_NO_PATH;
    add_method(ret_match->allow, sizeof ret_match->allow, "OPTIONS");
    return SV_MATCH_NO_METHOD;
}
