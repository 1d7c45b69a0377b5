/* router_contest.c: see router_contest.h. The naive router tries the rows in order, segment by
 * segment, as router.h says it in words; it shares no code with the real one. */
#include "router_contest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/router.h"

enum { MAX_ROUTES = 64, MAX_PATHS = 64, MAX_SEGMENTS = 7, MAX_PATH = 256 };

typedef struct bytes {
    const uint8_t *at, *end;
} bytes;

/* The next byte, below `n`; 0 when they are used up. */
static unsigned pick(bytes *from, unsigned n)
{
    return from->at < from->end ? *from->at++ % n : 0;
}

static const char *const methods[] = {
    "GET",   "POST", "*",        "HEAD",     "PUT",        "DELETE",      "OPTIONS",
    "PATCH", "LOCK", "PROPFIND", "CHECKOUT", "MKACTIVITY", "UNSUBSCRIBE", "BASELINE-CONTROL"};
static const char *const texts[] = {"", "a", "b", "items", "item", "eight888", "longer-than-8",
                                    "7"};
static const char *const params[] = {"{a}", "{b}", "{c}", "{d}", "{e}", "{f}", "{g}"};

#define PICK(from, table) ((table)[pick(from, sizeof(table) / sizeof *(table))])

static void make_template(bytes *from, char path[MAX_PATH])
{
    unsigned n = 1 + pick(from, MAX_SEGMENTS);
    size_t len = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned kind = pick(from, 8);
        const char *segment = kind < 5 ? PICK(from, texts) : params[i];
        if (kind == 7 && i + 1 == n)
            segment = "{rest:path}";
        len += (size_t)snprintf(path + len, MAX_PATH - len, "/%s", segment);
    }
}

static void make_path(bytes *from, char path[MAX_PATH])
{
    static const char *const starts[] = {"/", "/", "/", "/", "/", "", "*", "//"};
    unsigned n = 1 + pick(from, MAX_SEGMENTS);
    size_t len = (size_t)snprintf(path, MAX_PATH, "%s", PICK(from, starts));
    for (unsigned i = 0; i < n; i++) {
        const char *segment = pick(from, 16) == 15 ? params[i] : PICK(from, texts);
        len += (size_t)snprintf(path + len, MAX_PATH - len, "%s%s", i ? "/" : "", segment);
    }
}

/* Up to the next slash. */
static size_t segment_len(const char *text)
{
    return strcspn(text, "/");
}

static bool naive_fits(const char *template, const char *path, sv_route_match *match)
{
    match->n_params = 0;
    while (*template == '/' && *path == '/') {
        size_t want = segment_len(++template), have = segment_len(++path);
        bool is_param = *template == '{';
        if (is_param && want > 6 && memcmp(template + want - 6, ":path}", 6) == 0) {
            match->params[match->n_params++] = sv_str_from(path);
            return true;
        }
        if (is_param ? have == 0 : want != have || memcmp(template, path, want) != 0)
            return false;
        if (is_param)
            match->params[match->n_params++] = (sv_str){path, have};
        template += want;
        path += have;
    }
    return !*template && !*path;
}

static void naive_allow(char *allow, size_t size, const char *method)
{
    char list[256], word[64];
    snprintf(list, sizeof list, ", %s,", allow);
    snprintf(word, sizeof word, ", %s,", method);
    if (strstr(list, word))
        return;
    size_t len = strlen(allow);
    if (len + strlen(method) + 3 <= size)
        snprintf(allow + len, size - len, "%s%s", len ? ", " : "", method);
}

static bool naive_takes(const char *own, const char *method)
{
    return strcmp(own, "*") == 0 || strcmp(own, method) == 0 ||
           (strcmp(own, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static bool naive_has_slash_twin(const sv_route *routes, size_t n_routes, const char *path)
{
    sv_route_match unused;
    char other[MAX_PATH + 1];
    size_t len = strlen(path);
    if (len < 2 || path[1] == '/')
        return false;
    snprintf(other, sizeof other, "%s/", path);
    if (path[len - 1] == '/')
        other[len - 1] = '\0';
    for (size_t i = 0; i < n_routes; i++)
        if (naive_fits(routes[i].path, other, &unused))
            return true;
    return false;
}

static sv_match naive_find(const sv_route *routes, size_t n_routes, const char *method,
                           const char *path, sv_route_match *match)
{
    match->route = NULL;
    match->allow[0] = '\0';
    for (size_t i = 0; i < n_routes; i++) {
        if (!naive_fits(routes[i].path, path, match))
            continue;
        if (naive_takes(routes[i].method, method)) {
            match->route = &routes[i];
            return SV_MATCH_FOUND;
        }
        naive_allow(match->allow, sizeof match->allow, routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            naive_allow(match->allow, sizeof match->allow, "HEAD");
    }
    match->n_params = 0;
    if (!match->allow[0])
        return naive_has_slash_twin(routes, n_routes, path) ? SV_MATCH_SLASH : SV_MATCH_NO_PATH;
    naive_allow(match->allow, sizeof match->allow, "OPTIONS");
    return SV_MATCH_NO_METHOD;
}

static const char *compare(const sv_route_match *got, const sv_route_match *want)
{
    if (got->route != want->route)
        return "another route";
    if (!want->route && strcmp(got->allow, want->allow) != 0)
        return "another Allow";
    if (got->n_params != want->n_params)
        return "another number of parameters";
    for (size_t i = 0; i < want->n_params; i++)
        if (got->params[i].ptr != want->params[i].ptr || got->params[i].len != want->params[i].len)
            return "another parameter";
    return NULL;
}

static const char *try_path(const sv_router *router, const sv_route *routes, size_t n_routes,
                            bytes *from)
{
    char path[MAX_PATH];
    const char *method = PICK(from, methods);
    sv_route_match got, want;
    make_path(from, path);
    sv_match got_match = sv_router_find(router, sv_str_from(method), sv_str_from(path), &got);
    sv_match want_match = naive_find(routes, n_routes, method, path, &want);
    return got_match != want_match ? "another kind of match" : compare(&got, &want);
}

static bool naive_stands_twice(const sv_route *routes, size_t n_routes, const sv_route *added)
{
    for (size_t i = 0; i < n_routes; i++)
        if (strcmp(routes[i].method, added->method) == 0 &&
            strcmp(routes[i].path, added->path) == 0)
            return true;
    return false;
}

const char *router_contest_run(const uint8_t *data, size_t size)
{
    static char paths[MAX_ROUTES][MAX_PATH];
    sv_route routes[MAX_ROUTES];
    bytes from = {data, data + size};
    size_t n_routes = 0;
    const char *difference = NULL;
    sv_router *router = sv_router_new();
    if (!router)
        return "out of memory";
    for (unsigned left = 1 + pick(&from, MAX_ROUTES); left && !difference; left--) {
        sv_route *added = &routes[n_routes];
        make_template(&from, paths[n_routes]);
        *added = (sv_route){.method = PICK(&from, methods), .path = paths[n_routes]};
        bool is_taken = sv_router_add(router, added, NULL) == SV_OK;
        if (is_taken == naive_stands_twice(routes, n_routes, added))
            difference = "another opinion about a row";
        n_routes += is_taken;
    }
    for (unsigned left = MAX_PATHS; left && !difference && from.at < from.end; left--)
        difference = try_path(router, routes, n_routes, &from);
    sv_router_free(router);
    return difference;
}
