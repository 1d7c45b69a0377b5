#include "client_lab.h"

#include <serval/stream.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char client_lab_document[] =
    "{\"predictions\": [{\"label\": \"positive\", \"score\": 0.75, \"sure\": true}, {}],"
    " \"count\": 2, \"big\": 99999999999999999999, \"nothing\": null, \"a.b\": \"d\\u00f6t\"}";

static atomic_int n_started, n_left;

static void rest_ms(long ms)
{
    nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static void await(atomic_int *count, int wanted)
{
    for (int i = 0; i < 10000 && atomic_load(count) < wanted; i++)
        rest_ms(1);
    assert_int_equal(atomic_load(count), wanted);
}

void client_lab_reset(void)
{
    atomic_store(&n_started, 0);
    atomic_store(&n_left, 0);
}

void client_lab_await_started(int n)
{
    await(&n_started, n);
}

void client_lab_await_left(int n)
{
    await(&n_left, n);
}

static sv_str header_or_empty(const sv_call *call, const char *name)
{
    sv_str value = sv_request_header(call, name);
    return value.ptr ? value : SV_STR("");
}

SV_HANDLER_RAW(echo);
static sv_status echo(sv_call *call)
{
    sv_str type = header_or_empty(call, "content-type"), lab = header_or_empty(call, "x-lab");
    sv_str cookie = header_or_empty(call, "cookie");
    return sv_respond_bytes(
        call, "text/plain",
        sv_format(call, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%.*s", SV_STR_ARG(sv_request_method(call)),
                  SV_STR_ARG(sv_request_path(call)), SV_STR_ARG(sv_request_query(call)),
                  SV_STR_ARG(type), SV_STR_ARG(lab), SV_STR_ARG(cookie),
                  SV_STR_ARG(sv_request_body(call))));
}

SV_HANDLER_RAW(document);
static sv_status document(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", sv_str_from(client_lab_document));
}

SV_HANDLER_RAW(answer);
static sv_status answer(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", sv_request_body(call));
}

SV_HANDLER_RAW(bake);
static sv_status bake(sv_call *call)
{
    sv_status status = sv_set_header(call, "set-cookie", sv_request_header(call, "x-cookie"));
    return status ? status : sv_respond_bytes(call, "text/plain", SV_STR("baked"));
}

SV_HANDLER_RAW(redirect);
static sv_status redirect(sv_call *call)
{
    uint64_t status = 307;
    sv_str_to_u64(header_or_empty(call, "x-status"), &status);
    return sv_respond_redirect(call, (int)status, header_or_empty(call, "x-to"));
}

SV_HANDLER_RAW(wait_long);
static sv_status wait_long(sv_call *call)
{
    atomic_fetch_add(&n_started, 1);
    while (!sv_is_cancelled(call))
        rest_ms(1);
    atomic_fetch_add(&n_left, 1);
    return SV_CANCELLED;
}

SV_HANDLER_RAW(left);
static sv_status left(sv_call *call)
{
    return sv_respond_bytes(
        call, "text/plain",
        sv_format(call, "%lld", (long long)(sv_remaining_ms(call) + 500) / 1000));
}

struct tick {
    int64_t n;
};
SV_SCHEMA(tick, SV_FIELD(tick, n));
SV_STREAM(ticks, sv_none, tick);
static sv_status ticks(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)call, (void)in;
    sv_status status = SV_OK;
    for (int64_t n = 1; n <= 3 && !status; n++)
        status = ticks_send(events, &(struct tick){n});
    return status;
}

SV_STREAM(quiet, sv_none, tick);
static sv_status quiet(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)in;
    sv_status status = quiet_send(events, &(struct tick){1});
    return status ? status : wait_long(call);
}

SV_HANDLER_RAW(endless);
static sv_status endless(sv_call *call)
{
    char piece[1024];
    memset(piece, 'x', sizeof piece);
    sv_status status = sv_respond_stream(call, "text/plain");
    while (!status)
        status = sv_write(call, (sv_str){piece, sizeof piece});
    atomic_fetch_add(&n_left, status == SV_CANCELLED);
    return status;
}

SV_HANDLER_RAW(broken);
static sv_status broken(sv_call *call)
{
    sv_status status = sv_respond_stream(call, "text/plain");
    if (!status)
        status = sv_write(call, SV_STR("part"));
    return status ? status : SV_IO;
}

SV_HANDLER_RAW(gather);
static sv_status gather(sv_call *call)
{
    char piece[100];
    size_t len = 0, total = 0;
    sv_status status;
    while (!(status = sv_read(call, piece, sizeof piece, &len)) && len)
        total += len;
    return status ? status : sv_respond_bytes(call, "text/plain", sv_format(call, "%zu", total));
}

static const sv_operation operations[] = {
    {"*", "/echo/{rest:path}", &echo_handler},
    {"GET", "/document", &document_handler},
    {"POST", "/answer", &answer_handler, .raw_media = "application/"},
    {"GET", "/bake/{rest:path}", &bake_handler},
    {"*", "/redirect/{rest:path}", &redirect_handler},
    {"GET", "/wait", &wait_long_handler},
    {"GET", "/left", &left_handler, .timeout_ms = 20000},
    {"GET", "/limited", &document_handler, .rate_limit = "2/minute"},
    {"GET", "/ticks", &ticks_handler},
    {"GET", "/quiet", &quiet_handler},
    {"GET", "/endless", &endless_handler},
    {"GET", "/broken", &broken_handler},
    {"POST", "/gather", &gather_handler, .stream_body = true},
    {0}};
const sv_app client_lab_app = {.operations = operations, .no_pages = true};

sv_client *client_lab_new(void)
{
    sv_client *client = sv_test_client(&client_lab_app);
    assert_non_null(client);
    return client;
}

void client_lab_expect(sv_reply reply, int status, const char *body)
{
    if (reply.status != status || !sv_str_eq(reply.body, sv_str_from(body)))
        fail_msg("wanted %d %s, got %d %.*s", status, body, reply.status, SV_STR_ARG(reply.body));
}

static char last_failure[8192];

static void keep_failure(const char *text)
{
    snprintf(last_failure, sizeof last_failure, "%s", text);
}

void client_lab_catch(sv_client *client)
{
    last_failure[0] = '\0';
    sv_test_set_fail(client, keep_failure);
}

const char *client_lab_failure(void)
{
    return last_failure;
}
