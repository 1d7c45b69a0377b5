/* test_client.c: the in-process client itself: an application made ready, complete requests, time.
 * For tests only. Its other parts are the files client_*.c. */
#include "web/test_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/timer.h"
#include "web/client_redirect.h"
#include "web/client_stream.h"

static const size_t MAX_ARENA_BYTES = (size_t)1 << 30;

static void print_problems(sv_buf *problems)
{
    fprintf(stderr, "The application cannot start:\n%.*s", SV_STR_ARG(sv_buf_str(problems)));
}

/* A client without an application. */
static sv_client *new_client(void)
{
    sv_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->arena = sv_arena_new(MAX_ARENA_BYTES);
    if (!client->arena || sv_loop_new(NULL, &client->loop)) {
        sv_arena_free(client->arena);
        free(client);
        return NULL;
    }
    sv_client_clock_init(&client->clock);
    sv_client_report_init(&client->report);
    sv_list_init(&client->streams);
    sv_loop_set_clock(client->loop, &client->clock.clock);
    return client;
}

sv_client *sv_test_client_of(sv_service *service)
{
    sv_client *client = new_client();
    if (client)
        client->service = service;
    return client;
}

static sv_status open_service(sv_client *client, const sv_app *app, sv_buf *problems)
{
    sv_service_config config = {.application = {.app = app,
                                                .title = app->title,
                                                .version = app->version,
                                                .description = app->description,
                                                .pages = !app->no_pages,
                                                .clock = &client->clock.clock,
                                                .report = sv_client_report_add,
                                                .report_arg = &client->report},
                                .limits = sv_http_limits_default};
    sv_error error = {0};
    sv_status status = sv_service_new(&config, problems, &client->service);
    if (status)
        return status;
    client->owns_service = true;
    status = sv_service_start(client->service, &error);
    if (error.message[0])
        sv_buf_printf(problems, "%s\n", error.message);
    return status;
}

sv_client *sv_test_client(const sv_app *app)
{
    sv_client *client = new_client();
    if (!client)
        return NULL;
    sv_buf problems;
    sv_buf_init(&problems, (size_t)1 << 20);
    if (open_service(client, app, &problems)) {
        print_problems(&problems);
        sv_test_free(client);
        client = NULL;
    }
    sv_buf_deinit(&problems);
    return client;
}

void sv_test_free(sv_client *client)
{
    if (!client)
        return;
    sv_client_stream_close_all(client);
    if (client->owns_service)
        sv_service_free(client->service);
    sv_loop_free(client->loop);
    fprintf(stderr, "%.*s", SV_STR_ARG(sv_buf_str(&client->report.lines)));
    sv_client_report_deinit(&client->report);
    sv_arena_free(client->arena);
    free(client);
}

const char *sv_test_report(sv_client *client)
{
    const char *lines = client ? sv_client_report_take(&client->report, client->arena) : "";
    return lines ? lines : "";
}

void sv_test_advance(sv_client *client, int64_t ms)
{
    if (!client)
        return;
    sv_loop_step(client->loop, 0);
    sv_client_clock_advance(&client->clock, ms);
    sv_timer_catch_up(client->loop);
    sv_loop_step(client->loop, 0);
}

/* Complete requests. */

sv_reply sv_test_client_refuse(sv_reply_record *record, const char *why)
{
    return (sv_reply){.body = sv_str_from(why), .record = record};
}

static sv_reply request_once(sv_client *client, const sv_client_request *request)
{
    sv_test_stream *stream = sv_client_stream_open(client, request);
    return stream ? sv_test_finish(stream) : sv_test_client_refuse(NULL, "out of memory");
}

static sv_reply run_request(sv_client *client, sv_client_request request)
{
    sv_reply reply = request_once(client, &request);
    for (int i = 0; client->follows && sv_client_redirect_is(&reply); i++) {
        if (i == SV_CLIENT_MAX_REDIRECTS)
            return sv_test_client_refuse(reply.record, "redirected more than 20 times");
        sv_status status = sv_client_redirect_follow(client, &reply, &request);
        if (status)
            return sv_test_client_refuse(reply.record, status == SV_INVALID
                                                           ? "redirected to another host"
                                                           : "out of memory");
        reply = request_once(client, &request);
    }
    return reply;
}

sv_reply sv_test_request(sv_client *client, const char *method, const char *path,
                         const char *headers, sv_str body)
{
    if (!client)
        return sv_test_client_refuse(NULL, "there is no client");
    return run_request(client, (sv_client_request){method, path, headers, body, false});
}

void sv_test_follow(sv_client *client, bool follows)
{
    if (client)
        client->follows = follows;
}

static sv_reply send_json(sv_client *client, const char *method, const char *path, sv_str json)
{
    return sv_test_request(client, method, path, "Content-Type: application/json\r\n", json);
}

sv_reply sv_test_get(sv_client *client, const char *path)
{
    return sv_test_request(client, "GET", path, NULL, SV_STR(""));
}

sv_reply sv_test_head(sv_client *client, const char *path)
{
    return sv_test_request(client, "HEAD", path, NULL, SV_STR(""));
}

sv_reply sv_test_options(sv_client *client, const char *path)
{
    return sv_test_request(client, "OPTIONS", path, NULL, SV_STR(""));
}

sv_reply sv_test_delete(sv_client *client, const char *path)
{
    return sv_test_request(client, "DELETE", path, NULL, SV_STR(""));
}

sv_reply sv_test_post(sv_client *client, const char *path, const char *json)
{
    return send_json(client, "POST", path, sv_str_from(json));
}

sv_reply sv_test_put(sv_client *client, const char *path, const char *json)
{
    return send_json(client, "PUT", path, sv_str_from(json));
}

sv_reply sv_test_patch(sv_client *client, const char *path, const char *json)
{
    return send_json(client, "PATCH", path, sv_str_from(json));
}

sv_reply sv_test_post_json(sv_client *client, const char *path, const char *format, ...)
{
    if (!client)
        return sv_test_client_refuse(NULL, "there is no client");
    va_list args;
    va_start(args, format);
    sv_str json = sv_arena_vprintf(client->arena, format, args);
    va_end(args);
    return json.ptr ? send_json(client, "POST", path, json)
                    : sv_test_client_refuse(NULL, "out of memory");
}

/* Cookies. */

static int64_t now_s(const sv_client *client)
{
    return sv_clock_wall_ns(&client->clock.clock) / SV_NS_PER_S;
}

void sv_test_set_cookie(sv_client *client, const char *name, const char *value)
{
    if (!client)
        return;
    sv_client_jar_remove(&client->jar, sv_str_from(name ? name : ""));
    if (value &&
        !sv_client_jar_put(&client->jar, client->arena, sv_str_from(name), sv_str_from(value)))
        client->mistake = "a client has at most 100 cookies, or out of memory";
}

sv_str sv_test_cookie(sv_client *client, const char *name)
{
    return client ? sv_client_jar_find(&client->jar, sv_str_from(name), now_s(client))
                  : (sv_str){0};
}

void sv_test_clear_cookies(sv_client *client)
{
    if (client)
        sv_client_jar_remove(&client->jar, (sv_str){0});
}
