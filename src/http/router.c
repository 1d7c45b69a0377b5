/* router.c: path -> route. Pure: knows methods as text, and neither requests nor connections.
 *
 * DESIGN. A tree of segments: routes whose templates begin alike share nodes, and a path visits the
 * few nodes that fit it, however many routes there are. The edges of text stand in one hash table
 * for the whole tree, keyed by node and segment. More than one node may fit (text, `{name}`,
 * `{name:path}`); the route that was declared first wins, so that a node which is younger than what
 * was found already is not entered. Everything is an index into an array; 0 is the root, which is
 * nobody's child, or the entry that stands for none. */
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

#include "http/route_template.h"

enum { FIRST_CAPACITY = 16 };
static const uint32_t MANY = UINT32_MAX;

/* A route; the index is the order of declaration, from 1 on. */
typedef struct entry {
    const sv_route *route;
    sv_str method;
    uint32_t next; /* the next of the same shape */
} entry;

/* The routes of one shape, in order. */
typedef struct entry_list {
    uint32_t first, last;
} entry_list;

typedef struct node {
    sv_str text;      /* of the edge that leads here; of a parameter: empty */
    uint32_t parent;  /* of an edge of text */
    uint32_t oldest;  /* the first entry here or below */
    uint32_t only;    /* the one child by text; 0: none; MANY: ask the table */
    uint32_t param;   /* the child for `{name}` */
    entry_list ends;  /* templates that end here */
    entry_list rests; /* templates whose `{name:path}` follows */
} node;

/* An edge of text; free when there is no child. */
typedef struct edge {
    uint32_t hash, child;
} edge;

struct sv_router {
    entry *entries; /* the first is unused */
    node *nodes;
    edge *edges; /* a power of two of them, at most half in use */
    uint32_t n_entries, entry_capacity, n_nodes, node_capacity, n_edges, edge_capacity;
};

void sv_router_free(sv_router *router)
{
    if (!router)
        return;
    free(router->entries);
    free(router->nodes);
    free(router->edges);
    free(router);
}

size_t sv_router_param_names(const char *path, sv_str names[SV_ROUTER_MAX_PARAMS])
{
    sv_str rest = sv_route_template_segments(sv_str_from(path)), segment;
    size_t n = 0;
    while (sv_str_split(&rest, '/', &segment)) {
        sv_route_part part = sv_route_template_read(segment);
        if (part.kind != SV_ROUTE_PART_TEXT && n < SV_ROUTER_MAX_PARAMS)
            names[n++] = part.text;
    }
    return n;
}

static uint64_t load(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Both halves of the product: each bit of the word may change each bit of the hash. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    __extension__ unsigned __int128 product =
        (unsigned __int128)(hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Eight bytes a step, the last ones twice where that is simpler. Paths from outside are only looked
 * up, so nobody can fill the table with collisions. */
static uint32_t hash_edge(uint32_t parent, sv_str text)
{
    uint64_t hash = parent + text.len * 0x100000001B3u, tail = 0;
    for (size_t i = 0; i + 8 < text.len; i += 8)
        hash = mix(hash, load(text.ptr + i));
    if (text.len >= 8)
        return (uint32_t)mix(hash, load(text.ptr + text.len - 8));
    for (size_t i = 0; i < text.len; i++)
        tail = tail << 8 | (unsigned char)text.ptr[i];
    return (uint32_t)mix(hash, tail);
}

/* The child of `parent` by this text; 0: there is none. */
static uint32_t find_child(const sv_router *router, uint32_t parent, sv_str text)
{
    uint32_t only = router->nodes[parent].only;
    if (only != MANY)
        return only && sv_str_eq(router->nodes[only].text, text) ? only : 0;
    uint32_t mask = router->edge_capacity - 1, hash = hash_edge(parent, text);
    for (uint32_t at = hash & mask; router->edges[at].child; at = (at + 1) & mask) {
        const node *child = &router->nodes[router->edges[at].child];
        if (router->edges[at].hash == hash && child->parent == parent &&
            sv_str_eq(child->text, text))
            return router->edges[at].child;
    }
    return 0;
}

static void put_edge(edge *edges, uint32_t capacity, edge added)
{
    uint32_t at = added.hash & (capacity - 1);
    while (edges[at].child)
        at = (at + 1) & (capacity - 1);
    edges[at] = added;
}

/* Room for one more edge. */
static sv_status grow_edges(sv_router *router)
{
    if (router->edge_capacity > 2 * router->n_edges + 1)
        return SV_OK;
    uint32_t capacity = router->edge_capacity ? router->edge_capacity * 2 : FIRST_CAPACITY;
    edge *edges = calloc(capacity, sizeof *edges);
    if (!edges)
        return SV_NO_MEMORY;
    for (uint32_t i = 0; i < router->edge_capacity; i++)
        if (router->edges[i].child)
            put_edge(edges, capacity, router->edges[i]);
    free(router->edges);
    router->edges = edges;
    router->edge_capacity = capacity;
    return SV_OK;
}

/* Room for one more item of an array; `items` as it is now, NULL when out of memory. */
static void *grow(void *items, uint32_t n_items, uint32_t *capacity, size_t item_size)
{
    if (n_items < *capacity)
        return items;
    uint32_t wanted = *capacity ? *capacity * 2 : FIRST_CAPACITY;
    void *grown = realloc(items, wanted * item_size);
    if (grown)
        *capacity = wanted;
    return grown;
}

static sv_status make_room(sv_router *router)
{
    node *nodes = grow(router->nodes, router->n_nodes, &router->node_capacity, sizeof *nodes);
    if (!nodes)
        return SV_NO_MEMORY;
    router->nodes = nodes;
    entry *entries =
        grow(router->entries, router->n_entries, &router->entry_capacity, sizeof *entries);
    if (!entries)
        return SV_NO_MEMORY;
    router->entries = entries;
    return grow_edges(router);
}

sv_router *sv_router_new(void)
{
    sv_router *router = calloc(1, sizeof *router);
    if (!router)
        return NULL;
    if (make_room(router)) {
        sv_router_free(router);
        return NULL;
    }
    router->nodes[router->n_nodes++] = (node){.oldest = 1};
    router->entries[router->n_entries++] = (entry){0};
    return router;
}

static void link_child(sv_router *router, uint32_t parent, uint32_t child, sv_route_part part)
{
    node *above = &router->nodes[parent];
    if (part.kind == SV_ROUTE_PART_PARAM) {
        above->param = child;
        return;
    }
    above->only = above->only ? MANY : child;
    router->nodes[child].text = part.text;
    put_edge(router->edges, router->edge_capacity, (edge){hash_edge(parent, part.text), child});
    router->n_edges++;
}

/* The child of `parent` for a segment of a template, made when it is met first. */
static sv_status reach_child(sv_router *router, uint32_t parent, sv_route_part part,
                             uint32_t *ret_child)
{
    uint32_t child = part.kind == SV_ROUTE_PART_PARAM ? router->nodes[parent].param
                                                      : find_child(router, parent, part.text);
    if (!child) {
        sv_status status = make_room(router);
        if (status)
            return status;
        child = router->n_nodes++;
        router->nodes[child] = (node){.parent = parent, .oldest = router->n_entries};
        link_child(router, parent, child, part);
    }
    *ret_child = child;
    return SV_OK;
}

/* Where the routes of a template are listed. The nodes that are made here stay when what comes
 * later fails: without entries they match nothing. */
static sv_status reach_list(sv_router *router, sv_str template, entry_list **ret_list)
{
    sv_str rest = sv_route_template_segments(template), segment;
    uint32_t at = 0;
    sv_status status = make_room(router); /* for the entry */
    while (!status && sv_str_split(&rest, '/', &segment)) {
        sv_route_part part = sv_route_template_read(segment);
        if (part.kind == SV_ROUTE_PART_REST) {
            *ret_list = &router->nodes[at].rests;
            return SV_OK;
        }
        status = reach_child(router, at, part, &at);
    }
    if (!status)
        *ret_list = &router->nodes[at].ends;
    return status;
}

static bool stands_twice(const sv_router *router, const entry_list *list, const sv_route *route)
{
    for (uint32_t at = list->first; at; at = router->entries[at].next) {
        const sv_route *other = router->entries[at].route;
        if (strcmp(other->method, route->method) == 0 && strcmp(other->path, route->path) == 0)
            return true;
    }
    return false;
}

static void append(sv_router *router, entry_list *list, const sv_route *route)
{
    uint32_t added = router->n_entries++;
    router->entries[added] = (entry){.route = route, .method = sv_str_from(route->method)};
    if (list->first)
        router->entries[list->last].next = added;
    else
        list->first = added;
    list->last = added;
}

sv_status sv_router_add(sv_router *router, const sv_route *route, sv_error *error)
{
    sv_status status = sv_route_template_check(route->path, error);
    if (status)
        return status;
    entry_list *list;
    status = reach_list(router, sv_str_from(route->path), &list);
    if (status)
        return sv_error_set(error, status, NULL, "out of memory");
    if (stands_twice(router, list, route))
        return sv_error_set(error, SV_INVALID, NULL, "%s %s stands twice", route->method,
                            route->path);
    append(router, list, route);
    return SV_OK;
}

/* One walk through the tree. */
typedef struct search {
    const sv_router *router;
    const sv_str *method; /* NULL: every one */
    uint32_t from;        /* the first entry that is wanted */
    uint32_t best;        /* what was found; n_entries: nothing yet */
    size_t n_params;      /* of the best */
    sv_str *params;
    sv_str open[SV_ROUTER_MAX_PARAMS]; /* on the way to where the walk is */
} search;

static bool takes_method(const entry *tried, sv_str method)
{
    return sv_str_eq(tried->method, method) || sv_str_eq(tried->method, SV_STR("*")) ||
           (sv_str_eq(tried->method, SV_STR("GET")) && sv_str_eq(method, SV_STR("HEAD")));
}

/* Takes the first entry of the list that is wanted, if it is better than what was found. */
static void take_better(search *s, entry_list list, size_t n_params)
{
    for (uint32_t at = list.first; at && at < s->best; at = s->router->entries[at].next) {
        if (at < s->from || (s->method && !takes_method(&s->router->entries[at], *s->method)))
            continue;
        s->best = at;
        s->n_params = n_params;
        memcpy(s->params, s->open, n_params * sizeof *s->params);
        return;
    }
}

/* `rest`: the segments behind `at`; NULL pointer: the path has ended. Recursion is as deep as the
 * longest template. */
static void walk(search *s, uint32_t at, sv_str rest, size_t n_params)
{
    const node *here = &s->router->nodes[at];
    sv_str all = rest, segment;
    if (here->oldest >= s->best)
        return;
    if (!sv_str_split(&rest, '/', &segment)) {
        take_better(s, here->ends, n_params);
        return;
    }
    if (here->rests.first) {
        s->open[n_params] = all;
        take_better(s, here->rests, n_params + 1);
    }
    uint32_t child = find_child(s->router, at, segment);
    if (child)
        walk(s, child, rest, n_params);
    if (here->param && segment.len) {
        s->open[n_params] = segment;
        walk(s, here->param, rest, n_params + 1);
    }
}

/* The first entry from `from` on that fits, or 0; `match` gets its parameters. */
static uint32_t find_entry(const sv_router *router, const sv_str *method, sv_str path,
                           uint32_t from, sv_route_match *match)
{
    search s; /* `open` needs no zeroes */
    s.router = router;
    s.method = method;
    s.from = from;
    s.best = router->n_entries;
    s.n_params = 0;
    s.params = match->params;
    match->n_params = 0;
    if (!sv_str_starts_with(path, SV_STR("/")))
        return 0;
    walk(&s, 0, sv_route_template_segments(path), 0);
    match->n_params = s.n_params;
    return s.best < router->n_entries ? s.best : 0;
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
    return find_entry(router, NULL, other, 1, &unused) != 0;
}

/* Names the methods of all routes that fit the path. */
static void fill_allow(const sv_router *router, sv_str path, sv_route_match *match)
{
    uint32_t at = find_entry(router, NULL, path, 1, match);
    for (; at; at = find_entry(router, NULL, path, at + 1, match))
        allow_route(match, router->entries[at].route);
    match->n_params = 0;
    if (match->allow[0])
        add_method(match->allow, sizeof match->allow, "OPTIONS");
}

sv_match sv_router_find(const sv_router *router, sv_str method, sv_str path,
                        sv_route_match *ret_match)
{
    uint32_t found = find_entry(router, &method, path, 1, ret_match);
    ret_match->route = found ? router->entries[found].route : NULL;
    ret_match->allow[0] = '\0';
    if (found)
        return SV_MATCH_FOUND;
    fill_allow(router, path, ret_match);
    if (ret_match->allow[0])
        return SV_MATCH_NO_METHOD;
    return exists_by_slash(router, path) ? SV_MATCH_SLASH : SV_MATCH_NO_PATH;
}
