/* runtime.c: wiring. Which operations there are: serve.c; what they do: api/. */
#include "app/runtime.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <serval/version.h>

#include "api/model_metrics.h"
#include "api/shadow.h"
#include "http/mw_access_log.h"
#include "model/load_step.h"
#include "model/manifest_set.h"
#include "model/model_status.h"
#include "observe/process_metrics.h"
#include "json/value.h"

enum { MAX_WAITING_WORKS = 10000, MAX_TEXT = 1 << 20, MAX_HOSTS = 64 };

static const char *const cancel_stages[] = {"fetching", "queued", "batched", "running",
                                            "streaming"};

static const sv_settings *values(const sv_runtime *runtime)
{
    return &runtime->settings.values;
}

/* All sources, then the application's own values. */
static bool load_settings(sv_runtime *runtime)
{
    sv_app_settings *added = runtime->cli.app;
    bool loaded = sv_cli_load_settings(&runtime->cli, runtime->arena, &runtime->problems,
                                       &runtime->notices, &runtime->settings);
    if (!added)
        return loaded;
    return !sv_app_settings_decode(added, runtime->arena, &runtime->problems,
                                   &runtime->app_settings) &&
           loaded;
}

int sv_runtime_configure(sv_runtime *runtime, const sv_app *app, int argc, char *const *argv)
{
    sv_buf_init(&runtime->problems, MAX_TEXT);
    sv_buf_init(&runtime->notices, MAX_TEXT);
    runtime->arena = sv_arena_new(0);
    if (!runtime->arena)
        return 1;
    if (app && app->settings &&
        sv_app_settings_new(runtime->arena, app->settings, &runtime->problems, &runtime->cli.app))
        return 1;
    if (!sv_cli_read(runtime->arena, argc, argv, &runtime->problems, &runtime->cli))
        return 2;
    if (runtime->cli.help)
        return 0;
    return load_settings(runtime) ? 0 : 1;
}

/* The models' paths: the arguments, else the setting. A default path that does not exist is no
 * mistake. */
static sv_status scan_repository(sv_runtime *runtime)
{
    const char *const *paths = runtime->cli.positional;
    size_t n = runtime->cli.n_positional, n_rows;
    const sv_setting *rows = sv_settings_table(&n_rows);
    const sv_setting *setting = sv_settings_table_find(SV_STR("model_path"));
    bool is_default = strcmp(runtime->settings.origins[setting - rows], "default") == 0;
    if (!n) {
        paths = &runtime->settings.values.model_path;
        n = 1;
        if (is_default && access(*paths, F_OK) != 0) {
            sv_buf_printf(&runtime->notices,
                          "no models: %s does not exist; name a model to serve, e.g. "
                          "`serval serve model.onnx`\n",
                          *paths);
            return SV_OK;
        }
    }
    runtime->model_paths = paths;
    runtime->n_model_paths = n;
    sv_error error = {0};
    sv_status status = sv_repository_scan(runtime->arena, paths, n, &error, &runtime->repository);
    if (status)
        sv_buf_printf(&runtime->problems, "%s: %s\n", error.path[0] ? error.path : "models",
                      error.message[0] ? error.message : sv_status_text(status));
    return status;
}

static void write_engine_line(void *arg, sv_engine_severity severity, const char *engine,
                              const char *text)
{
    static const sv_log_level levels[] = {[SV_ENGINE_DEBUG] = SV_LOG_DEBUG,
                                          [SV_ENGINE_INFO] = SV_LOG_DEBUG,
                                          [SV_ENGINE_WARNING] = SV_LOG_WARNING,
                                          [SV_ENGINE_ERROR] = SV_LOG_ERROR};
    sv_runtime *runtime = arg;
    sv_log_write(runtime->log, levels[severity], "%s: %s", engine, text);
}

static sv_strs collect_sets(sv_runtime *runtime)
{
    sv_strs sets = {.items =
                        sv_arena_alloc_array(runtime->arena, runtime->cli.n_sets, sizeof(sv_str))};
    for (size_t i = 0; sets.items && i < runtime->cli.n_sets; i++)
        sets.items[sets.len++] = sv_str_from(runtime->cli.sets[i]);
    return sets;
}

/* Those of models that are not there. */
static sv_status check_sets(sv_runtime *runtime)
{
    size_t n = runtime->repository.n_models;
    const char **names = sv_arena_alloc_array(runtime->arena, n, sizeof *names);
    if (!names)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        if (!(names[i] = sv_arena_copy(runtime->arena, runtime->repository.models[i].name).ptr))
            return SV_NO_MEMORY;
    return sv_manifest_set_check_models(&runtime->sets, names, n, &runtime->problems);
}

static sv_status make_plan(sv_runtime *runtime)
{
    sv_cgroup_limits limits = sv_cgroup_read("");
    sv_error error = {0};
    sv_status status =
        sv_start_plan_make(&limits, values(runtime), &runtime->notices, &error, &runtime->plan);
    if (status)
        sv_buf_printf(&runtime->problems, "%s\n", error.message);
    return status;
}

/* The metrics of a version live as long as it does. */
static void *open_series(void *arg, const sv_model_version *version)
{
    const sv_runtime *runtime = arg;
    sv_model_metrics *series;
    const sv_model *model = version->model;
    if (!runtime->metrics ||
        sv_model_metrics_open(runtime->metrics, model->name, version->name, &series))
        return NULL;
    if (!model->engine || !model->engine->writes_text || !sv_model_metrics_add_generation(series))
        return series;
    sv_model_metrics_close(series);
    return NULL;
}

static void close_series(void *arg, sv_model_version *version)
{
    (void)arg;
    sv_model_metrics_close(version->series);
}

static void count_load(void *arg, sv_model_version *version, const sv_instance *instance)
{
    (void)arg;
    sv_model_metrics_loaded(version->series, instance != NULL, instance ? instance->load_ns : 0,
                            instance ? (int64_t)instance->memory_bytes : 0);
}

static void count_eviction(void *arg, sv_model_version *version)
{
    const sv_runtime *runtime = arg;
    (void)version;
    sv_metrics_count(runtime->services.evictions, 1);
}

static void tell_share(void *arg, sv_model_version *version, sv_str reason)
{
    const sv_runtime *runtime = arg;
    sv_model_metrics_gave_share_back(version->series);
    sv_log_write(runtime->log, SV_LOG_WARNING,
                 "model %.*s version %.*s gave its share of the requests back: %.*s",
                 SV_STR_ARG(version->model->name), SV_STR_ARG(version->name), SV_STR_ARG(reason));
}

static void note_state(void *arg, sv_model_version *version, sv_version_state state)
{
    (void)arg;
    if (state == SV_VERSION_ABSENT)
        sv_model_metrics_unloaded(version->series);
    sv_model_metrics_set_state(version->series, sv_model_status_state_name(state));
}

sv_status sv_runtime_open_models(sv_runtime *runtime)
{
    sv_status status = make_plan(runtime);
    if (!status)
        status = scan_repository(runtime);
    sv_engine_config engines = {.directory = values(runtime)->engine_dir,
                                .log = {.write = write_engine_line, .arg = runtime}};
    if (!status)
        status = sv_engine_host_new(&engines, &runtime->engines);
    if (status)
        return status;
    runtime->sets = collect_sets(runtime);
    sv_registry_config config = {
        .repository = &runtime->repository,
        .sets = &runtime->sets,
        .labels_file = runtime->cli.labels,
        .default_model = values(runtime)->default_model,
        .engines = runtime->engines,
        .engine_threads = runtime->plan.engine_threads,
        .generation_threads = runtime->plan.generation_threads,
        .max_batch_rows = (size_t)values(runtime)->max_batch_size,
        .n_scratches = (size_t)runtime->plan.n_permits,
        .image_limits = {.max_pixels = (uint64_t)values(runtime)->max_pixels},
        .hooks = {.opened = open_series,
                  .closed = close_series,
                  .loaded = count_load,
                  .evicted = count_eviction,
                  .gave_share_back = tell_share,
                  .changed = note_state,
                  .arg = runtime}};
    sv_status set_status = check_sets(runtime);
    status = sv_registry_new(&config, &runtime->problems, &runtime->registry);
    return status ? status : set_status;
}

size_t sv_runtime_load_models(sv_runtime *runtime)
{
    const sv_model_set *set = sv_registry_set(runtime->registry);
    const sv_load_step step = {.registry = runtime->registry, .log = runtime->log};
    size_t n_failed = 0;
    for (size_t i = 0; i < set->n_models; i++)
        for (size_t k = 0; k < set->models[i]->n_versions; k++)
            n_failed +=
                sv_load_step_run(&step, set->models[i]->versions[k], &(sv_error){0}) != SV_OK;
    runtime->services.gpu_available = sv_engine_host_has_gpu(runtime->engines);
    return n_failed;
}

sv_status sv_runtime_start_loader(sv_runtime *runtime)
{
    sv_loader_config config = {.registry = runtime->registry,
                               .pool = sv_service_pool(runtime->service),
                               .log = runtime->log,
                               .paths = runtime->model_paths,
                               .n_paths = runtime->n_model_paths,
                               .scheduler = runtime->scheduler,
                               .memory_budget = runtime->plan.memory_budget_bytes,
                               .poll_ms = values(runtime)->model_poll};
    return sv_loader_start(&config, &runtime->loader);
}

bool sv_runtime_has_loaded(sv_runtime *runtime, int64_t timeout_ms)
{
    if (!sv_loader_wait_started(runtime->loader, timeout_ms))
        return false;
    runtime->services.gpu_available = sv_engine_host_has_gpu(runtime->engines);
    return true;
}

static sv_status open_log(sv_runtime *runtime)
{
    static const char *const levels[] = {"debug", "info", "warning", "error", "off"};
    const sv_settings *settings = values(runtime);
    bool json = strcmp(settings->log_format, "json") == 0 ||
                (strcmp(settings->log_format, "auto") == 0 && !isatty(STDOUT_FILENO));
    sv_log_config config = {.json = json, .access_fd = STDOUT_FILENO, .other_fd = STDERR_FILENO};
    for (int i = 0; i <= SV_LOG_OFF; i++)
        if (strcmp(settings->log_level, levels[i]) == 0)
            config.level = settings->debug ? SV_LOG_DEBUG : (sv_log_level)i;
    return sv_log_new(&config, &runtime->log);
}

static double read_dropped(void *arg)
{
    return (double)sv_log_dropped(arg);
}

static double read_active(void *arg)
{
    return (double)sv_server_get_stats(arg).n_active;
}

static double read_idle(void *arg)
{
    return (double)sv_server_get_stats(arg).n_idle;
}

static double read_streams(void *arg)
{
    return (double)sv_server_get_stats(arg).n_streams;
}

static double read_events(void *arg)
{
    return (double)sv_server_get_stats(arg).n_events;
}

static sv_status open_metrics(sv_runtime *runtime)
{
    runtime->metrics = sv_metrics_new();
    if (!runtime->metrics)
        return SV_NO_MEMORY;
    if (!values(runtime)->metrics_triton)
        sv_metrics_leave_out(runtime->metrics, "nv_");
    if (!values(runtime)->metrics_vllm)
        sv_metrics_leave_out(runtime->metrics, "vllm:");
    if (!values(runtime)->metrics_llamacpp)
        sv_metrics_leave_out(runtime->metrics, "llamacpp:");
    for (size_t i = 0; i < sizeof cancel_stages / sizeof *cancel_stages; i++) {
        const char *labels[SV_METRICS_MAX_LABELS] = {cancel_stages[i]};
        runtime->services.cancelled[i] =
            sv_metrics_add_series(runtime->metrics, SV_METRIC_CANCELLED, labels);
    }
    const char *none[SV_METRICS_MAX_LABELS] = {NULL};
    runtime->services.evictions =
        sv_metrics_add_series(runtime->metrics, SV_METRIC_EVICTIONS, none);
    return sv_process_metrics_add(runtime->metrics);
}

/* What is only known once the application and the server are there. */
static sv_status finish_metrics(sv_runtime *runtime)
{
    size_t n;
    const sv_bound_operation *operations =
        sv_application_operations(sv_service_application(runtime->service), &n);
    sv_server *server = sv_service_server(runtime->service);
    runtime->http_metrics =
        sv_mw_metrics_new(runtime->metrics, &operations->route, sizeof *operations, n);
    if (!runtime->http_metrics)
        return SV_NO_MEMORY;
    runtime->middleware[1] = sv_mw_metrics_middleware(runtime->http_metrics);
    const struct {
        sv_metric_id id;
        const char *label;
        sv_metrics_reader reader;
    } rows[] = {{SV_METRIC_CONNECTIONS, "active", {.read = read_active, .arg = server}},
                {SV_METRIC_CONNECTIONS, "idle", {.read = read_idle, .arg = server}},
                {SV_METRIC_HTTP_IN_PROGRESS, NULL, {.read = read_active, .arg = server}},
                {SV_METRIC_STREAMS_ACTIVE, NULL, {.read = read_streams, .arg = server}},
                {SV_METRIC_STREAM_EVENTS, NULL, {.read = read_events, .arg = server}},
                {SV_METRIC_LOG_DROPPED, NULL, {.read = read_dropped, .arg = runtime->log}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *labels[SV_METRICS_MAX_LABELS] = {rows[i].label};
        if (!sv_metrics_add_reader(runtime->metrics, rows[i].id, labels, &rows[i].reader))
            return SV_NO_MEMORY;
    }
    return SV_OK;
}

static sv_http_limits http_limits(const sv_settings *settings)
{
    sv_http_limits limits = sv_http_limits_default;
    limits.max_header_bytes = (size_t)settings->max_header_size;
    limits.max_url_bytes = (size_t)settings->max_url_size;
    limits.max_body_bytes = (size_t)settings->max_body_size;
    limits.max_connections = (size_t)settings->max_connections;
    limits.header_timeout_ms = settings->header_timeout;
    limits.body_timeout_ms = settings->body_timeout;
    limits.write_timeout_ms = settings->write_timeout;
    limits.keep_alive_ms = settings->keep_alive;
    limits.request_timeout_ms = settings->request_timeout;
    return limits;
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "::1") == 0;
}

/* The listed hosts; on a loopback address of the model server its own names too (a page on another
 * site must not reach it through a name that resolves here). NULL: every host. */
static const char *const *allowed_hosts(sv_runtime *runtime, bool with_models)
{
    const sv_settings *settings = values(runtime);
    const char **hosts = sv_arena_alloc_array(runtime->arena, MAX_HOSTS + 5, sizeof *hosts);
    sv_str rest = sv_str_from(settings->allowed_hosts), host;
    size_t n = 0;
    while (hosts && rest.len && n < MAX_HOSTS && sv_str_split(&rest, ',', &host))
        hosts[n++] = sv_arena_copy(runtime->arena, sv_str_trim(host)).ptr;
    bool guarded = with_models && !settings->uds[0] && is_loopback(settings->host);
    if (!hosts || (!n && !guarded))
        return NULL;
    if (guarded) {
        hosts[n++] = "localhost";
        hosts[n++] = "127.0.0.1";
        hosts[n++] = "[::1]";
        hosts[n++] = settings->host;
    }
    return hosts;
}

/* The model server's fetcher runs from the start, another program's once it is needed. */
static sv_status open_fetching(sv_runtime *runtime, bool with_models)
{
    const sv_settings *settings = values(runtime);
    int64_t max_size =
        settings->fetch_max_size ? settings->fetch_max_size : settings->max_body_size;
    sv_fetching_config config = {.allow = sv_str_from(settings->image_url_allow),
                                 .deny = sv_str_from(settings->image_url_deny),
                                 .fetch = {.max_bytes = (size_t)max_size,
                                           .timeout_ms = settings->fetch_timeout,
                                           .schemes = sv_str_from(settings->image_url_schemes)}};
    sv_error error = {0};
    sv_status status = sv_fetching_new(&config, &runtime->problems, &runtime->fetching);
    if (!status && with_models)
        status = sv_fetching_start(runtime->fetching, &error);
    if (status && error.message[0])
        sv_buf_printf(&runtime->problems, "%s\n", error.message);
    return status;
}

/* "" or "/prefix": what can stand before every path of a redirect without leading elsewhere. */
static bool is_root_path(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    size_t len = strlen(text);
    return len == 0 || (text[0] == '/' && text[len - 1] != '/' && !strstr(text, "//") &&
                        strspn(text, allowed) == len);
}

/* The setting rate_limits, one entry for each operation that it names. */
static sv_status read_rate_limits(sv_runtime *runtime, sv_application_config *config)
{
    sv_str text = sv_str_from(values(runtime)->rate_limits), name;
    const sv_value *root, *value;
    sv_value_error error;
    if (!text.len)
        return SV_OK;
    sv_status status = sv_value_parse(runtime->arena, text, NULL, &error, &root);
    if (status)
        return status;
    sv_route_limit *limits =
        sv_arena_alloc_array(runtime->arena, sv_value_len(root), sizeof *limits);
    sv_value_cursor members = sv_value_walk(root);
    config->rate_limits = limits;
    while (limits && sv_value_next_member(&members, &name, &value)) {
        sv_route_limit *limit = &limits[config->n_rate_limits++];
        limit->route = sv_arena_copy(runtime->arena, name).ptr;
        limit->text = sv_arena_copy(runtime->arena, sv_value_str(value)).ptr;
        if (!limit->route || !limit->text)
            return SV_NO_MEMORY;
    }
    return limits ? SV_OK : SV_NO_MEMORY;
}

/* What went wrong inside an application's own code. */
static void write_report(void *arg, const char *line)
{
    sv_log_write(arg, SV_LOG_ERROR, "%s", line);
}

static sv_status build_service(sv_runtime *runtime, const sv_app *app,
                               const sv_operation *const *tables, size_t n_tables, bool with_models)
{
    const sv_settings *settings = values(runtime);
    const char *version = settings->app_version[0] ? settings->app_version
                          : app && app->version    ? app->version
                                                   : SV_VERSION;
    if (!is_root_path(settings->root_path)) {
        sv_buf_printf(&runtime->problems,
                      "root_path cannot be '%s': expected a path such as /api, without a slash at "
                      "its end\n",
                      settings->root_path);
        return SV_INVALID;
    }
    runtime->services.app_version = version;
    sv_service_config config = {
        .application = {.app = app,
                        .settings = runtime->app_settings,
                        .title = app && app->title ? app->title : settings->app_name,
                        .version = version,
                        .description = app ? app->description : NULL,
                        .root_path = settings->root_path,
                        .tables = tables,
                        .n_tables = n_tables,
                        .state = &runtime->services,
                        .debug = settings->debug,
                        .report = write_report,
                        .report_arg = runtime->log,
                        .pages = !app || !app->no_pages},
        .limits = http_limits(settings),
        .middleware = runtime->middleware,
        .n_middleware = sizeof runtime->middleware / sizeof *runtime->middleware,
        .handler_threads = (size_t)settings->handler_threads,
        .rate_limit = settings->rate_limit,
        .trusted_proxies = settings->trusted_proxies,
        .allowed_hosts = allowed_hosts(runtime, with_models)};
    sv_status status = read_rate_limits(runtime, &config.application);
    if (status)
        return status;
    return sv_service_new(&config, &runtime->problems, &runtime->service);
}

static void fill_services(sv_runtime *runtime)
{
    sv_services *services = &runtime->services;
    services->registry = runtime->registry;
    services->scheduler = runtime->scheduler;
    services->fetching = runtime->fetching;
    services->fetch_loop = sv_fetching_loop(runtime->fetching);
    services->fetcher = sv_fetching_fetcher(runtime->fetching);
    services->pool = sv_service_pool(runtime->service);
    services->server = sv_service_server(runtime->service);
    services->metrics = runtime->metrics;
    services->image_schemes = sv_str_from(values(runtime)->image_url_schemes);
    services->liveness_timeout_ms = values(runtime)->liveness_timeout;
    services->is_read_only = !values(runtime)->uds[0] && !is_loopback(values(runtime)->host);
}

static sv_status open_scheduler(sv_runtime *runtime)
{
    sv_scheduler_config config = {.n_permits = (size_t)runtime->plan.n_permits,
                                  .max_waiting = MAX_WAITING_WORKS,
                                  .pool = sv_service_pool(runtime->service)};
    return sv_scheduler_new(&config, &runtime->scheduler);
}

static sv_status open_shadows(sv_runtime *runtime)
{
    runtime->services.shadows = sv_shadow_open(SV_SHADOW_TIMEOUT_MS);
    return runtime->services.shadows ? SV_OK : SV_NO_MEMORY;
}

sv_status sv_runtime_build(sv_runtime *runtime, const sv_app *app,
                           const sv_operation *const *tables, size_t n_tables, bool with_models)
{
    sv_status status = open_log(runtime);
    if (!status)
        status = open_metrics(runtime);
    if (!status && !with_models)
        status = make_plan(runtime);
    if (!status)
        status = build_service(runtime, app, tables, n_tables, with_models);
    if (!status)
        status = finish_metrics(runtime);
    if (status)
        return status;
    runtime->middleware[0] = sv_mw_access_log(runtime->log);
    status = open_fetching(runtime, with_models);
    if (!status && with_models)
        status = open_scheduler(runtime);
    if (!status && with_models)
        status = open_shadows(runtime);
    if (!status)
        fill_services(runtime);
    return status;
}

void sv_runtime_deinit(sv_runtime *runtime)
{
    sv_loader_free(runtime->loader);
    sv_shadow_stop(runtime->services.shadows);
    if (runtime->service)
        sv_pool_stop(sv_service_pool(runtime->service));
    sv_shadow_close(runtime->services.shadows);
    sv_fetching_free(runtime->fetching);
    sv_service_free(runtime->service);
    sv_scheduler_free(runtime->scheduler);
    sv_registry_free(runtime->registry);
    sv_engine_host_free(runtime->engines);
    sv_mw_metrics_free(runtime->http_metrics);
    sv_metrics_free(runtime->metrics);
    sv_log_free(runtime->log);
    sv_buf_deinit(&runtime->problems);
    sv_buf_deinit(&runtime->notices);
    sv_arena_free(runtime->arena);
}
