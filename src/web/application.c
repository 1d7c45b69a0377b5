/* application.c: an application and those mounted in it, bound at start. Rows: routes.c. Not the
 * program around it: app/serve.c. */
#include "web/application.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "web/call_store.h"
#include "web/dispatch.h"
#include "web/docs_page.h"
#include "web/folder.h"
#include "web/openapi.h"
#include "web/route_limit.h"
#include "web/routes.h"
#include "web/state_set.h"
#include "json/params.h"

enum { MAX_MOUNTS = 64, MAX_SEEN_MOUNTS = 1024, MAX_REPORT = 512 };
static const size_t MAX_OPENAPI_BYTES = (size_t)64 << 20;

/* A plan made while serving (tasks). */
typedef struct late_plan {
    struct late_plan *next;
    const sv_plan *plan;
} late_plan;

/* What all applications of a tree share; the root's. */
typedef struct shared_part {
    sv_arena *arena; /* of plans and bound rows */
    sv_router *router;
    sv_route_list operations;
    sv_call_store *calls;
    pthread_mutex_t lock; /* guards the two below; the arena too once requests come */
    bool has_lock;
    late_plan *late_plans;
} shared_part;

struct sv_application {
    sv_application_config config;
    sv_application *root;
    const char *prefix;
    shared_part *shared; /* the root's */
    sv_state_set states;
    const sv_hook *hooks;
    size_t n_hooks;
    sv_buf openapi;
    bool is_started;
    sv_application *mounted[MAX_MOUNTS]; /* with everything below them; of the root only */
    size_t n_mounted;
};

/* Building. */

static size_t count_mounts(const sv_app *app)
{
    size_t n = 0;
    const sv_mount *at = app ? app->mounts : NULL;
    while (at && (at[n].prefix || at[n].app || at[n].folder))
        n++;
    return n;
}

static size_t count_pages(bool has_pages)
{
    return has_pages ? sv_routes_count_table(sv_docs_page_operations()) : 0;
}

/* Operations of an app and of everything mounted in it. An app that is mounted in itself has no
 * end: at most `*n_left` mounts are looked at. */
static size_t count_tree(const sv_app *app, size_t *n_left)
{
    size_t n = sv_routes_count_app(app);
    for (size_t i = 0; *n_left && i < count_mounts(app); i++) {
        const sv_app *inner = app->mounts[i].app;
        --*n_left;
        n += inner ? count_pages(!inner->no_pages) + count_tree(inner, n_left)
                   : sv_routes_count_table(sv_folder_operations());
    }
    return n;
}

static size_t count_all(const sv_application_config *config, size_t *n_left)
{
    size_t n = count_pages(config->pages);
    for (size_t i = 0; i < config->n_tables; i++)
        n += sv_routes_count_table(config->tables[i]);
    return n + (config->app ? count_tree(config->app, n_left) : 0);
}

static sv_status new_shared(sv_application *root, sv_buf *problems)
{
    shared_part *shared = root->shared = calloc(1, sizeof *shared);
    if (!shared)
        return SV_NO_MEMORY;
    size_t n_left = MAX_SEEN_MOUNTS;
    size_t n = count_all(&root->config, &n_left);
    if (!n_left) {
        sv_buf_printf(problems,
                      "too many mounts, or an application that is mounted in itself; at most %d "
                      "applications can be mounted\n",
                      MAX_MOUNTS);
        return SV_TOO_LARGE;
    }
    if (n > SV_APPLICATION_MAX_OPERATIONS) {
        sv_buf_printf(problems, "%zu operations; at most %d are allowed\n", n,
                      SV_APPLICATION_MAX_OPERATIONS);
        return SV_TOO_LARGE;
    }
    shared->has_lock = pthread_mutex_init(&shared->lock, NULL) == 0;
    shared->arena = sv_arena_new((size_t)256 << 20);
    shared->operations.router = shared->router = sv_router_new();
    shared->operations.items = calloc(n + 1, sizeof *shared->operations.items);
    shared->calls = sv_call_store_new();
    return shared->has_lock && shared->arena && shared->router && shared->operations.items &&
                   shared->calls
               ? SV_OK
               : SV_NO_MEMORY;
}

static sv_status worse(sv_status a, sv_status b)
{
    return a ? a : b;
}

static sv_status bind_mounts(sv_application *application, const sv_app *app,
                             const sv_route_scope *scope);

/* Pages come first: an application's catch-all route must not swallow them; mounts come last, as
 * an application's own routes are more special than whatever is below a prefix. */
static sv_status bind_application(sv_application *application, const sv_route_scope *scope)
{
    const sv_application_config *config = &application->config;
    sv_route_list *list = &application->shared->operations;
    sv_route_scope plain = {.application = application,
                            .arena = scope->arena,
                            .problems = scope->problems,
                            .prefix = scope->prefix};
    sv_status status = sv_state_set_check(config->app, scope->problems);
    if (config->pages)
        status = worse(status, sv_routes_bind_table(list, sv_docs_page_operations(), &plain));
    for (size_t i = 0; i < config->n_tables; i++)
        status = worse(status, sv_routes_bind_table(list, config->tables[i], scope));
    if (config->app)
        status = worse(status, sv_routes_bind_app(list, config->app, scope));
    if (config->app && status != SV_NO_MEMORY)
        status = worse(status, bind_mounts(application, config->app, scope));
    return status;
}

/* What an app says of all its operations. */
static sv_route_scope scope_of(sv_application *application, sv_buf *problems)
{
    const sv_app *app = application->config.app;
    return (sv_route_scope){.application = application,
                            .arena = application->shared->arena,
                            .problems = problems,
                            .prefix = application->prefix,
                            .needs = app ? app->needs : NULL,
                            .errors = app ? app->errors : NULL,
                            .security = app ? app->security : NULL};
}

static bool is_hook(const sv_middleware *row)
{
    return row->name || row->before || row->on_error || row->after || row->on_stream || row->done;
}

/* One that has no name is not the end: it may be what keeps strangers out. */
static size_t count_middleware(const sv_app *app)
{
    size_t n = 0;
    while (app && app->middleware && is_hook(&app->middleware[n]))
        n++;
    return n;
}

/* Those of the application it is mounted in (NULL: none), then its own. */
static sv_status make_hooks(sv_application *application, const sv_application *outer)
{
    size_t n_outer = outer ? outer->n_hooks : 0;
    size_t n_own = count_middleware(application->config.app);
    sv_hook *hooks =
        sv_arena_alloc_array(application->shared->arena, n_outer + n_own + 1, sizeof *hooks);
    if (!hooks)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n_outer; i++)
        hooks[i] = outer->hooks[i];
    for (size_t i = 0; i < n_own; i++)
        hooks[n_outer + i] = (sv_hook){&application->config.app->middleware[i], application};
    application->hooks = hooks;
    application->n_hooks = n_outer + n_own;
    return SV_OK;
}

static sv_status mount_app(sv_application *outer, const sv_mount *mount, const char *prefix,
                           sv_buf *problems)
{
    sv_application *root = outer->root;
    sv_application *inner = calloc(1, sizeof *inner);
    if (!inner || root->n_mounted == MAX_MOUNTS) {
        free(inner);
        sv_buf_printf(problems, "mount %s: at most %d applications can be mounted\n", prefix,
                      MAX_MOUNTS);
        return inner ? SV_TOO_LARGE : SV_NO_MEMORY;
    }
    root->mounted[root->n_mounted++] = inner;
    const sv_app *app = mount->app;
    inner->config = root->config;
    inner->config.app = app;
    inner->config.title = app->title;
    inner->config.version = app->version;
    inner->config.description = app->description;
    inner->config.n_tables = 0;
    inner->config.pages = !app->no_pages;
    inner->root = root;
    inner->shared = root->shared;
    inner->prefix = prefix;
    inner->states.app = app;
    sv_buf_init(&inner->openapi, MAX_OPENAPI_BYTES);
    sv_route_scope scope = scope_of(inner, problems);
    sv_status status = make_hooks(inner, outer);
    return status ? status : bind_application(inner, &scope);
}

static sv_status bind_mount(sv_application *application, const sv_mount *mount,
                            const sv_route_scope *scope)
{
    size_t len = mount->prefix ? strlen(mount->prefix) : 0;
    if (!len || mount->prefix[0] != '/' || len < 2 || mount->prefix[len - 1] == '/' ||
        !mount->app == !mount->folder) {
        sv_buf_printf(scope->problems,
                      "mount %s: needs a prefix such as /admin and either an app or a folder\n",
                      mount->prefix ? mount->prefix : "(no prefix)");
        return SV_INVALID;
    }
    if (mount->folder && !sv_folder_exists(mount->folder)) {
        sv_buf_printf(scope->problems, "mount %s: there is no folder %s\n", mount->prefix,
                      mount->folder);
        return SV_INVALID;
    }
    const char *outer = scope->prefix ? scope->prefix : "";
    sv_str prefix = sv_arena_printf(scope->arena, "%s%s", outer, mount->prefix);
    if (!prefix.ptr)
        return SV_NO_MEMORY;
    if (mount->app)
        return mount_app(application, mount, prefix.ptr, scope->problems);
    sv_route_scope files = {.application = application,
                            .arena = scope->arena,
                            .problems = scope->problems,
                            .prefix = prefix.ptr,
                            .folder = mount->folder};
    return sv_routes_bind_table(&application->shared->operations, sv_folder_operations(), &files);
}

static sv_status bind_mounts(sv_application *application, const sv_app *app,
                             const sv_route_scope *scope)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < count_mounts(app); i++)
        status = worse(status, bind_mount(application, &app->mounts[i], scope));
    return status;
}

static sv_status write_openapi(sv_application *application, sv_buf *problems)
{
    sv_error error = {0};
    sv_status status = sv_openapi_write(application, &application->openapi, &error);
    if (status)
        sv_buf_printf(problems, "OpenAPI: %s\n",
                      error.message[0] ? error.message : sv_status_text(status));
    return status;
}

/* Settings that nobody has read: every field has its default. */
static sv_status make_settings(sv_application *application, sv_buf *problems)
{
    sv_application_config *config = &application->config;
    sv_arena *arena = application->shared->arena;
    if (config->settings || !config->app || !config->app->settings)
        return SV_OK;
    const sv_plan *plan;
    const sv_params none = {0};
    sv_errors errors;
    void *made = NULL;
    sv_errors_init(&errors, arena);
    sv_status status = sv_plan_new(arena, config->app->settings, SV_FIELD_PARAMS, problems, &plan);
    if (!status && sv_params_decode(arena, plan, &none, &errors, &made)) {
        sv_buf_printf(problems, "settings %s: %.*s has no default\n", plan->schema->name,
                      SV_STR_ARG(sv_errors_get(&errors, 0).path));
        status = SV_INVALID;
    }
    config->settings = made;
    return status;
}

static sv_status build(sv_application *root, sv_buf *problems)
{
    sv_status status = new_shared(root, problems);
    if (!status)
        status = make_hooks(root, NULL);
    if (status)
        return status;
    sv_route_scope scope = scope_of(root, problems);
    status = make_settings(root, problems);
    if (status != SV_NO_MEMORY)
        status = worse(status, bind_application(root, &scope));
    if (!status)
        status = sv_route_limit_apply(root->shared->operations.items, root->shared->operations.len,
                                      &root->config, root->shared->arena, problems);
    if (!status)
        status = write_openapi(root, problems);
    for (size_t i = 0; i < root->n_mounted && !status; i++)
        status = write_openapi(root->mounted[i], problems);
    return status;
}

sv_status sv_application_new(const sv_application_config *config, sv_buf *problems,
                             sv_application **ret_application)
{
    sv_application *application = calloc(1, sizeof *application);
    if (!application)
        return SV_NO_MEMORY;
    application->config = *config;
    if (!config->clock)
        application->config.clock = &sv_clock_system;
    application->root = application;
    application->prefix = "";
    application->states.app = config->app;
    sv_buf_init(&application->openapi, MAX_OPENAPI_BYTES);
    sv_status status = build(application, problems);
    if (status) {
        sv_application_free(application);
        return status;
    }
    *ret_application = application;
    return SV_OK;
}

/* Serving. */

sv_status sv_application_start(sv_application *application, sv_error *error)
{
    sv_application *root = application->root;
    root->is_started = true;
    sv_status status = sv_state_set_open(&root->states, root, error);
    for (size_t i = 0; i < root->n_mounted && !status; i++)
        status = sv_state_set_open(&root->mounted[i]->states, root->mounted[i], error);
    if (status)
        sv_application_stop(root);
    return status;
}

void sv_application_stop(sv_application *application)
{
    sv_application *root = application->root;
    if (!root->is_started)
        return;
    root->is_started = false;
    for (size_t i = root->n_mounted; i-- > 0;)
        sv_state_set_close(&root->mounted[i]->states, root->mounted[i]);
    sv_state_set_close(&root->states, root);
}

static void end_abandoned(sv_call *call)
{
    sv_application_report(call->application, "%s: its call was deferred and never completed",
                          call->name);
    sv_dispatch_finish(call, SV_CANCELLED);
}

void sv_application_abandon(sv_application *application)
{
    sv_call_store_abandon(application->shared->calls, end_abandoned);
}

static void free_shared(shared_part *shared)
{
    if (!shared)
        return;
    sv_router_free(shared->router);
    free(shared->operations.items);
    sv_call_store_free(shared->calls);
    sv_arena_free(shared->arena);
    if (shared->has_lock)
        pthread_mutex_destroy(&shared->lock);
    free(shared);
}

void sv_application_free(sv_application *application)
{
    if (!application)
        return;
    sv_application_stop(application);
    for (size_t i = 0; i < application->n_mounted; i++) {
        sv_buf_deinit(&application->mounted[i]->openapi);
        free(application->mounted[i]);
    }
    free_shared(application->shared);
    sv_buf_deinit(&application->openapi);
    free(application);
}

/* Asking. */

const sv_application *sv_application_root(const sv_application *application)
{
    return application->root;
}

const sv_router *sv_application_router(const sv_application *application)
{
    return application->shared->router;
}

sv_pool *sv_application_pool(const sv_application *application)
{
    return application->config.pool;
}

void *sv_application_state(const sv_application *application)
{
    return application->config.state;
}

sv_call_store *sv_application_calls(const sv_application *application)
{
    return application->shared->calls;
}

const sv_bound_operation *sv_application_operations(const sv_application *application,
                                                    size_t *ret_count)
{
    *ret_count = application->shared->operations.len;
    return application->shared->operations.items;
}

const sv_clock *sv_application_clock(const sv_application *application)
{
    return application ? application->config.clock : &sv_clock_system;
}

const sv_application_config *sv_application_get_config(const sv_application *application)
{
    return &application->config;
}

const sv_hook *sv_application_hooks(const sv_application *application, size_t *ret_count)
{
    *ret_count = application->n_hooks;
    return application->hooks;
}

bool sv_application_has_hooks(const sv_application *application)
{
    const sv_application *root = application->root;
    bool has_hooks = root->n_hooks > 0;
    for (size_t i = 0; i < root->n_mounted; i++)
        has_hooks |= root->mounted[i]->n_hooks > 0;
    return has_hooks;
}

const char *sv_application_prefix(const sv_application *application)
{
    return application->prefix;
}

sv_str sv_application_openapi(const sv_application *application)
{
    return sv_buf_str(&application->openapi);
}

const sv_dependency *sv_application_resolve(const sv_application *application,
                                            const sv_dependency *dependency)
{
    const sv_app *app = application->config.app;
    for (const sv_override *row = app ? app->overrides : NULL; row && row->original; row++)
        if (row->original == dependency && row->instead)
            return row->instead;
    return dependency;
}

/* Mounted applications see those of the root. */
const void *sv_settings_get_(const sv_application *application, const sv_schema *schema)
{
    const sv_application_config *config = &application->root->config;
    const sv_schema *own = config->app ? config->app->settings : NULL;
    if (own && own->size == schema->size && strcmp(own->name, schema->name) == 0)
        return config->settings;
    sv_application_report(application, "settings %s are not those of the application",
                          schema->name);
    return NULL;
}

/* A mounted application sees the states of the root as well. */
void *sv_state_get_(const sv_application *application, const sv_state *state)
{
    void *value = sv_state_set_find(&application->states, state);
    if (!value)
        value = sv_state_set_find(&application->root->states, state);
    if (!value)
        sv_application_report(application, "state %s is not listed in `.states`, or not open yet",
                              state->name);
    return value;
}

void sv_application_report(const sv_application *application, const char *format, ...)
{
    const sv_application_config *config = &application->config;
    char line[MAX_REPORT];
    if (!config->report)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    config->report(config->report_arg, line);
}

typedef struct long_list {
    const sv_application *application;
    size_t n;
} long_list;

static void report_long(void *arg, const sv_long_call *running)
{
    long_list *list = arg;
    int64_t ms = (sv_clock_now_ns(&sv_clock_system) - running->since_ns) / SV_NS_PER_MS;
    list->n++;
    sv_application_report(list->application, "%s has been running for %lld ms%s", running->name,
                          (long long)ms,
                          running->is_inline ? " on an event loop, whose connections wait" : "");
}

size_t sv_application_report_running(const sv_application *application, int64_t min_ms)
{
    long_list list = {application, 0};
    int64_t since_ns = sv_clock_now_ns(&sv_clock_system) - min_ms * SV_NS_PER_MS;
    sv_call_store_each_running(application->shared->calls, since_ns, report_long, &list);
    return list.n;
}

static const sv_plan *find_late_plan(const shared_part *shared, const sv_schema *schema)
{
    for (const late_plan *at = shared->late_plans; at; at = at->next)
        if (at->plan->schema == schema)
            return at->plan;
    return NULL;
}

/* Under the lock. */
static sv_status make_late_plan(sv_application *application, const sv_schema *schema,
                                const sv_plan **ret_plan)
{
    shared_part *shared = application->shared;
    late_plan *made = sv_arena_alloc(shared->arena, sizeof *made);
    if (!made)
        return SV_NO_MEMORY;
    sv_buf mistakes;
    sv_buf_init(&mistakes, MAX_REPORT);
    sv_status status = sv_plan_new(shared->arena, schema, SV_FIELD_BODY, &mistakes, &made->plan);
    if (status)
        sv_application_report(application, "schema %s cannot be used: %.*s", schema->name,
                              SV_STR_ARG(sv_buf_str(&mistakes)));
    sv_buf_deinit(&mistakes);
    if (status)
        return status;
    made->next = shared->late_plans;
    shared->late_plans = made;
    *ret_plan = made->plan;
    return SV_OK;
}

sv_status sv_application_plan(sv_application *application, const sv_schema *schema,
                              const sv_plan **ret_plan)
{
    shared_part *shared = application->shared;
    sv_status status = SV_OK;
    pthread_mutex_lock(&shared->lock);
    const sv_plan *plan = find_late_plan(shared, schema);
    if (!plan)
        status = make_late_plan(application, schema, &plan);
    pthread_mutex_unlock(&shared->lock);
    if (!status)
        *ret_plan = plan;
    return status;
}
