/* serve.c: `serval serve`, and what every program built on sv_main does once it is configured. */
#include "app/serve.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <serval/version.h>

#include "api/embedding.h"
#include "api/generate.h"
#include "api/generation_answer.h"
#include "api/health.h"
#include "api/metrics_page.h"
#include "api/model_predict.h"
#include "api/models.h"
#include "api/oip.h"
#include "api/openai.h"
#include "api/predict.h"
#include "api/shadow.h"
#include "app/signals.h"

enum {
    MAX_TABLES = 12,
    LOADING_MS = 100,  /* how often it looks for signals while models are loaded at start */
    WATCH_MS = 500,    /* how often the main thread looks at the loops */
    BLOCKED_MS = 2000, /* a loop that has not come round for this long hangs */
    MAX_SAID = 4096,   /* bytes of one message */
    MAX_ORIGIN = 300,  /* bytes of http://HOST:PORT */
    GRACE_MS = 1000    /* after the drain, for handlers whose clients are gone */
};

const sv_operation *const *sv_serve_tables(size_t *ret_count)
{
    static const sv_operation *tables[MAX_TABLES];
    size_t n = 0;
    tables[n++] = sv_predict_operations();
    tables[n++] = sv_model_predict_operations();
    tables[n++] = sv_models_operations();
    tables[n++] = sv_embedding_operations();
    tables[n++] = sv_generate_operations();
    tables[n++] = sv_health_operations();
    tables[n++] = sv_metrics_page_operations();
    tables[n++] = sv_oip_operations();
    tables[n++] = sv_openai_operations();
    *ret_count = n;
    return tables;
}

/* To people, on stderr, in one write: the log's thread writes there too, and lines must stay whole.
 */
static void say(const char *format, ...) SV_PRINTF(1, 2);
static void say(const char *format, ...)
{
    char text[MAX_SAID];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t n = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    for (size_t at = 0; at < n;) {
        ssize_t written = write(STDERR_FILENO, text + at, n - at);
        if (written <= 0)
            return;
        at += (size_t)written;
    }
}

int sv_serve_explain(sv_runtime *runtime, const char *program, int code)
{
    sv_str rest = sv_buf_str(&runtime->problems), line;
    if (!rest.len)
        say("%s: out of memory\n", program);
    while (rest.len && sv_str_split(&rest, '\n', &line))
        if (line.len)
            say("%s: %.*s\n", program, SV_STR_ARG(line));
    if (code == 2)
        say("Try '%s --help'.\n", program);
    return code;
}

static void print_notices(sv_runtime *runtime)
{
    sv_str rest = sv_buf_str(&runtime->notices), line;
    while (rest.len && sv_str_split(&rest, '\n', &line))
        if (line.len)
            say("  %.*s\n", SV_STR_ARG(line));
}

/* Where clients on this machine find it; the port is known once it listens. */
static void write_origin(const sv_runtime *runtime, char *origin, size_t size)
{
    const char *host = runtime->settings.values.host;
    bool v6 = strchr(host, ':') != NULL;
    snprintf(origin, size, "http://%s%s%s:%d", v6 ? "[" : "", host, v6 ? "]" : "",
             sv_server_port(sv_service_server(runtime->service)));
}

static void print_ready(sv_runtime *runtime)
{
    char origin[MAX_ORIGIN];
    write_origin(runtime, origin, sizeof origin);
    if (runtime->settings.values.uds[0])
        say("Serval ready on unix:%s\n", runtime->settings.values.uds);
    else
        say("Serval ready on %s\n", origin);
}

static sv_status listen_now(sv_runtime *runtime)
{
    const sv_settings *settings = &runtime->settings.values;
    sv_tcp_address address = {.host = settings->host,
                              .port = (int)settings->port,
                              .uds_path = settings->uds[0] ? settings->uds : NULL};
    sv_error error = {0};
    sv_status status = sv_server_listen(sv_service_server(runtime->service), &address,
                                        (size_t)runtime->plan.n_loops, &error);
    if (status)
        sv_buf_printf(&runtime->problems, "%s\n",
                      error.message[0] ? error.message : sv_status_text(status));
    return status;
}

static sv_status start_application(sv_runtime *runtime)
{
    sv_error error = {0};
    sv_status status = sv_service_start(runtime->service, &error);
    if (status)
        sv_buf_printf(&runtime->problems, "%s\n",
                      error.message[0] ? error.message : sv_status_text(status));
    return status;
}

sv_status sv_serve_open(sv_runtime *runtime)
{
    sv_status status = start_application(runtime);
    return status ? status : listen_now(runtime);
}

/* Tells, once, that a loop hangs and what it is running. */
static bool watch_loops(const sv_runtime *runtime, bool was_blocked)
{
    int64_t last_ns = sv_server_last_round_ns(sv_service_server(runtime->service));
    int64_t silent_ms = (sv_clock_now_ns(&sv_clock_system) - last_ns) / SV_NS_PER_MS;
    bool is_blocked = silent_ms > BLOCKED_MS;
    if (is_blocked && !was_blocked) {
        sv_log_write(runtime->log, SV_LOG_ERROR, "an event loop has not come round for %lld ms",
                     (long long)silent_ms);
        sv_application_report_running(sv_service_application(runtime->service), BLOCKED_MS);
    }
    return is_blocked;
}

/* A handler that does not return must not keep the process: its thread ends with it. */
static void leave_if_stuck(sv_runtime *runtime)
{
    sv_shadow_stop(runtime->services.shadows);
    bool is_idle = sv_loader_stop_within(runtime->loader, GRACE_MS) &&
                   sv_generation_answer_wait(&runtime->services, GRACE_MS);
    if (sv_pool_stop_within(sv_service_pool(runtime->service), GRACE_MS) && is_idle)
        return;
    sv_application_report_running(sv_service_application(runtime->service), 0);
    sv_log_free(runtime->log);
    say("Serval ends although handlers are still running\n");
    _exit(0);
}

static sv_status start_loading(sv_runtime *runtime)
{
    sv_status status = sv_runtime_start_loader(runtime);
    if (status)
        sv_buf_printf(&runtime->problems, "models: %s\n", sv_status_text(status));
    return status;
}

/* What a first user pastes into another terminal: lines for the models that are there. */
static void print_examples(const sv_runtime *runtime)
{
    static const char *const picture = "examples/pictures/digit-7.png";
    sv_registry *models = runtime->registry;
    if (!models || runtime->settings.values.uds[0])
        return;
    sv_str any = sv_registry_default_name(models, SV_TASK_UNSET, runtime->arena);
    sv_str chat = sv_registry_default_name(models, SV_TASK_TEXT_GENERATION, runtime->arena);
    bool has_digits = sv_str_eq(any, SV_STR("digits")) && access(picture, R_OK) == 0;
    if (!has_digits && !chat.len)
        return;
    char origin[MAX_ORIGIN];
    write_origin(runtime, origin, sizeof origin);
    say("Try, in another terminal:\n");
    if (has_digits)
        say("  curl -s %s/api/v1/predict -H 'Content-Type: image/png' --data-binary @%s\n"
            "  curl -s %s/api/v1/predict -H 'Content-Type: application/json' -d "
            "'{\"image_url\": \"data:image/png;base64,'$(base64 -w0 %s)'\"}'\n",
            origin, picture, origin, picture);
    if (chat.len)
        say("  curl -N %s/chat -H 'Content-Type: application/json' -d "
            "'{\"message\": \"Where does the zebra live?\"}'\n",
            origin);
    say("  %s/docs\n", origin);
}

/* Says that it is ready once it is; until a signal ends it. */
static void wait_for_end(sv_runtime *runtime)
{
    bool is_blocked = false, is_ready = false;
    sv_signal got = SV_SIGNAL_NONE;
    while (got != SV_SIGNAL_END) {
        if (!is_ready && (!runtime->loader || sv_runtime_has_loaded(runtime, LOADING_MS))) {
            is_ready = true;
            print_examples(runtime);
            print_ready(runtime);
        }
        got = sv_signals_wait_within(is_ready ? WATCH_MS : 0);
        if (got == SV_SIGNAL_RELOAD && runtime->loader)
            sv_loader_poll(runtime->loader);
        is_blocked = watch_loops(runtime, is_blocked);
    }
}

int sv_serve_run(sv_runtime *runtime)
{
    const sv_settings *settings = &runtime->settings.values;
    if (sv_serve_open(runtime))
        return 1;
    say("Serval %s\n", sv_version());
    print_notices(runtime);
    if (runtime->services.is_read_only)
        say("  models are not changed by calls: without API keys, only on a loopback address\n");
    if (runtime->registry && start_loading(runtime))
        return 1;
    wait_for_end(runtime);
    say("Serval stops: finishing what is in flight (at most %.1f s; press Ctrl-C to end now)\n",
        (double)settings->shutdown_timeout / 1000);
    sv_server_drain(sv_service_server(runtime->service), settings->shutdown_timeout);
    if (settings->uds[0])
        unlink(settings->uds);
    leave_if_stuck(runtime);
    return 0;
}

static void print_help(const sv_cli *cli)
{
    printf("serval serve [MODEL…]: serve models over HTTP\n\n"
           "MODEL is an .onnx file, a model folder (VERSION/model.onnx inside) or a repository of "
           "model\n"
           "folders. Default: models/. Models that change on disk are loaded anew; SIGHUP has them "
           "looked\n"
           "at now.\n\n"
           "  serval serve mobilenet.onnx --labels labels.txt --port 9000\n"
           "  serval serve models/ --set digits.postprocess.top_k=3\n\n");
    sv_cli_print_options(cli, stdout);
}

static int serve(sv_runtime *runtime)
{
    size_t n_tables;
    const sv_operation *const *tables = sv_serve_tables(&n_tables);
    if (sv_runtime_open_models(runtime) || sv_runtime_build(runtime, NULL, tables, n_tables, true))
        return 1;
    return sv_serve_run(runtime);
}

int sv_serve_command(int argc, char *const *argv)
{
    sv_runtime runtime = {.cli.takes = SV_CLI_MODELS};
    sv_signals_block();
    int code = sv_runtime_configure(&runtime, NULL, argc, argv);
    if (!code && runtime.cli.help)
        print_help(&runtime.cli);
    else if (!code)
        code = serve(&runtime);
    if (code)
        sv_serve_explain(&runtime, "serval serve", code);
    sv_runtime_deinit(&runtime);
    return code;
}
