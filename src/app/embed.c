/* embed.c: an application served by a program that owns `main` (<serval/app.h>): a runtime without
 * signals and without words on the terminal. */
#include <serval/app.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/runtime.h"
#include "app/serve.h"

struct sv_serving {
    sv_runtime runtime;
    char **options; /* the runtime points into them */
};

static size_t count_options(const char *const *options)
{
    size_t n = 0;
    while (options && options[n])
        n++;
    return n;
}

/* The problems, one after another, as far as they fit. */
static sv_status explain(sv_runtime *runtime, sv_status status, sv_error *error)
{
    sv_str text = sv_buf_str(&runtime->problems);
    while (text.len && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (!text.len)
        text = sv_str_from(sv_status_text(status));
    return sv_error_set(error, status, NULL, "%.*s", SV_STR_ARG(text));
}

static sv_status open_serving(sv_serving *serving, const sv_app *app, const char *const *options,
                              sv_error *error)
{
    sv_runtime *runtime = &serving->runtime;
    size_t n = count_options(options);
    serving->options = calloc(n + 1, sizeof *serving->options);
    if (!serving->options)
        return SV_NO_MEMORY;
    if (n)
        memcpy(serving->options, options, n * sizeof *options);
    int code = sv_runtime_configure(runtime, app, (int)n, serving->options);
    if (!code && runtime->cli.n_positional)
        sv_buf_printf(&runtime->problems, "unexpected argument '%s'\n", runtime->cli.positional[0]);
    if (code || runtime->cli.n_positional)
        return explain(runtime, SV_INVALID, error);
    sv_status status = sv_runtime_build(runtime, app, NULL, 0, false);
    if (!status)
        status = sv_serve_open(runtime);
    return status ? explain(runtime, status, error) : SV_OK;
}

static void close_serving(sv_serving *serving)
{
    sv_runtime_deinit(&serving->runtime);
    free(serving->options);
    free(serving);
}

sv_status sv_app_start(const sv_app *app, const char *const *options, sv_error *error,
                       sv_serving **ret_serving)
{
    sv_serving *serving = calloc(1, sizeof *serving);
    if (!serving)
        return SV_NO_MEMORY;
    sv_status status = open_serving(serving, app, options, error);
    if (status) {
        close_serving(serving);
        return status;
    }
    *ret_serving = serving;
    return SV_OK;
}

int sv_serving_port(const sv_serving *serving)
{
    return sv_server_port(sv_service_server(serving->runtime.service));
}

sv_application *sv_serving_application(const sv_serving *serving)
{
    return sv_service_application(serving->runtime.service);
}

void sv_serving_stop(sv_serving *serving)
{
    if (!serving)
        return;
    const sv_settings *settings = &serving->runtime.settings.values;
    sv_server_drain(sv_service_server(serving->runtime.service), settings->shutdown_timeout);
    if (settings->uds[0])
        unlink(settings->uds);
    close_serving(serving);
}
