/* relay.c: one answer is one exchange with an upstream; see the header. */
#include "model/relay.h"

#include <string.h>

#include "base/clock.h"
#include "io/event_parser.h"
#include "io/timer.h"
#include "model/manifest_relay.h"
#include "model/relay_reader.h"

enum {
    MAX_RETRIES = 2,
    FIRST_PAUSE_MS = 100,   /* before the first retry; before the second four times that */
    LINGER_MS = 500,        /* for the connection to become free behind the end of an answer */
    MAX_REFUSAL = 64 * 1024 /* bytes of an answer that is none */
};

static const sv_upstream_limits limits = {
    .connect_ms = 10 * 1000, .idle_ms = 60 * 1000, .max_bytes = (uint64_t)256 << 20};
static const int64_t TOTAL_NS = 3600 * SV_NS_PER_S;

/* In the memory of its answer, of which it holds one until the exchange is over, and one for each
 * message that is on its way. All but `note` and the tokens is the loop's. */
typedef struct relay_job {
    sv_generation *generation;
    sv_relay_place place;
    sv_upstream_exchange exchange;
    sv_str url, authorization;
    sv_upstream_header headers[3];
    sv_cancel *cancel; /* of the exchange: fired with the request's, and when time is up */
    sv_cancel_callback on_cancel;
    sv_message start, note;
    atomic_bool is_noted; /* `note` is on its way */
    sv_timer *timer;
    sv_event_parser parser;
    sv_relay_reader reader;
    sv_buf body; /* of an answer that is no stream */
    int64_t first_deadline_ns;
    int64_t retry_after_s;
    int http_status;
    int n_tries;
    bool is_stream;
    bool is_pausing; /* before another try */
    bool is_late;    /* nothing came before the first deadline */
    bool is_told;    /* the answer is complete: what is left is the connection's end */
    bool is_over;
} relay_job;

sv_status sv_relay_open(const struct manifest *manifest, sv_str name, sv_arena *arena,
                        sv_error *error, sv_relay *ret_relay)
{
    sv_str key, url = manifest->base_url.value;
    if (!sv_manifest_relay_key(manifest, &key))
        return sv_error_set(error, SV_INVALID, NULL,
                            "the environment variable of api_key is not set any more");
    while (url.len && url.ptr[url.len - 1] == '/')
        url.len--;
    sv_relay relay = {.base_url = sv_arena_copy(arena, url),
                      .model =
                          sv_arena_copy(arena, manifest->model.set ? manifest->model.value : name)};
    if (key.len)
        relay.authorization = sv_arena_printf(arena, "Bearer %.*s", SV_STR_ARG(key));
    if (!relay.base_url.ptr || !relay.model.ptr || (key.len && !relay.authorization.ptr))
        return SV_NO_MEMORY;
    *ret_relay = relay;
    return SV_OK;
}

/* ---- The end ---- */

static void finish(relay_job *job, sv_finish how)
{
    job->is_told = true;
    sv_cancel_remove(job->generation->request.cancel, &job->on_cancel);
    sv_generation_finish(job->generation, how);
}

static void fail(relay_job *job, const sv_relay_trouble *trouble)
{
    sv_generation *generation = job->generation;
    job->is_told = true;
    sv_cancel_remove(generation->request.cancel, &job->on_cancel);
    memcpy(generation->code, trouble->code, sizeof generation->code);
    generation->retry_after_s = trouble->retry_after_s;
    sv_generation_fail(generation, trouble->status, &trouble->error);
}

static void fail_by_fault(relay_job *job, sv_upstream_fault fault)
{
    sv_relay_trouble trouble;
    sv_relay_trouble_of_fault(fault, &trouble);
    fail(job, &trouble);
}

/* The exchange is over, or never began. */
static void close_job(relay_job *job)
{
    job->is_over = true;
    sv_timer_free(job->timer);
    sv_event_parser_deinit(&job->parser);
    sv_relay_reader_deinit(&job->reader);
    sv_buf_deinit(&job->body);
    sv_cancel_unref(job->cancel);
    sv_generation_drop(job->generation);
}

static void tell_end(relay_job *job)
{
    if (job->reader.trouble.status || sv_relay_reader_end(&job->reader))
        fail(job, &job->reader.trouble);
    else
        finish(job, job->reader.finish);
}

static void tell_refusal(relay_job *job)
{
    sv_relay_trouble trouble;
    sv_relay_refusal refusal = {.status = job->http_status,
                                .retry_after_s = job->retry_after_s,
                                .body = sv_buf_str(&job->body),
                                .secret = job->authorization};
    sv_relay_trouble_of_status(&refusal, &trouble);
    fail(job, &trouble);
}

static void tell_whole(relay_job *job)
{
    if (sv_buf_status(&job->body))
        fail_by_fault(job, sv_buf_status(&job->body) == SV_TOO_LARGE ? SV_UPSTREAM_TOO_LARGE
                                                                     : SV_UPSTREAM_NO_MEMORY);
    else if (sv_relay_reader_whole(&job->reader, sv_buf_str(&job->body)))
        fail(job, &job->reader.trouble);
    else
        tell_end(job);
}

static void tell(relay_job *job, const sv_upstream_end *end)
{
    if (job->reader.trouble.status)
        fail(job, &job->reader.trouble);
    else if (job->is_late)
        fail_by_fault(job, SV_UPSTREAM_LATE_ANSWER);
    else if (end->fault == SV_UPSTREAM_CANCELLED)
        finish(job, SV_FINISH_CANCELLED);
    else if (job->http_status && job->http_status != 200)
        tell_refusal(job);
    else if (end->fault && !sv_buf_status(&job->body))
        fail_by_fault(job, end->fault);
    else if (job->is_stream)
        tell_end(job);
    else
        tell_whole(job);
}

/* ---- The exchange ---- */

static void start_exchange(relay_job *job)
{
    job->is_pausing = false;
    job->http_status = 0;
    job->is_stream = false;
    job->retry_after_s = -1;
    sv_buf_clear(&job->body);
    sv_timer_set(job->timer, job->first_deadline_ns);
    sv_upstream_start(job->place.upstream, &job->exchange);
}

static bool is_event_stream(sv_str type)
{
    sv_str stream = SV_STR("text/event-stream");
    return sv_str_eq_nocase(sv_str_slice(type, 0, stream.len), stream);
}

static void take_head(sv_upstream_exchange *exchange, const sv_upstream_head *head)
{
    relay_job *job = exchange->arg;
    const sv_generation_ask *ask = &job->generation->request.ask;
    bool wants_stream = !ask->name.len || ask->is_stream;
    job->http_status = head->status;
    job->retry_after_s = head->retry_after_s;
    job->is_stream = wants_stream && head->status == 200 && is_event_stream(head->content_type);
}

static bool take_event(void *arg, const sv_parsed_event *event)
{
    relay_job *job = arg;
    if (sv_relay_reader_frame(&job->reader, event->data))
        return false;
    if (job->generation->times.first_ns)
        sv_timer_set(job->timer, SV_NEVER);
    return !job->reader.is_done && sv_generation_has_room(job->generation);
}

/* As much as is of use; more than that spoils the buffer, which is told at the end. */
static size_t keep_body(relay_job *job, sv_str bytes)
{
    bool is_refusal = job->http_status != 200;
    if (is_refusal)
        bytes = sv_str_slice(bytes, 0, MAX_REFUSAL - job->body.len);
    (void)sv_buf_append_str(&job->body, bytes);
    return sv_buf_status(&job->body) ? SV_UPSTREAM_STOP : bytes.len;
}

static size_t take_data(sv_upstream_exchange *exchange, sv_str bytes)
{
    relay_job *job = exchange->arg;
    sv_str rest = bytes;
    if (!job->is_stream) {
        size_t n = keep_body(job, bytes);
        return n == SV_UPSTREAM_STOP ? n : bytes.len;
    }
    if (job->is_told)
        return bytes.len;
    if (!sv_generation_has_room(job->generation))
        return 0;
    sv_status status = sv_event_parser_feed(&job->parser, &rest, take_event, job);
    if (status && !job->reader.trouble.status)
        sv_relay_trouble_of_fault(status == SV_NO_MEMORY ? SV_UPSTREAM_NO_MEMORY
                                                         : SV_UPSTREAM_TOO_LARGE,
                                  &job->reader.trouble);
    if (job->reader.trouble.status)
        return SV_UPSTREAM_STOP;
    if (!job->reader.is_done)
        return bytes.len - rest.len;
    tell_end(job);
    sv_timer_set(job->timer, sv_loop_now_ns(job->place.loop) + LINGER_MS * SV_NS_PER_MS);
    return bytes.len;
}

static bool may_try_again(const relay_job *job, const sv_upstream_end *end)
{
    return !job->is_told && !job->is_late && job->n_tries < MAX_RETRIES &&
           !sv_cancel_is_set(job->cancel) && !job->reader.trouble.status &&
           sv_relay_trouble_passes(end, job->http_status, job->retry_after_s);
}

static void pause_before_retry(relay_job *job)
{
    int64_t pause_ns = (int64_t)(FIRST_PAUSE_MS << (2 * job->n_tries++)) * SV_NS_PER_MS;
    if (job->retry_after_s > 0)
        pause_ns = job->retry_after_s * SV_NS_PER_S;
    job->is_pausing = true;
    sv_timer_set(job->timer, sv_loop_now_ns(job->place.loop) + pause_ns);
}

static void take_end(sv_upstream_exchange *exchange, const sv_upstream_end *end)
{
    relay_job *job = exchange->arg;
    if (may_try_again(job, end)) {
        pause_before_retry(job);
        return;
    }
    if (!job->is_told)
        tell(job, end);
    close_job(job);
}

static const sv_upstream_port port = {take_head, take_data, take_end};

/* The pause is over, or the time for the first text, or for the connection's end. */
static void take_time(void *arg)
{
    relay_job *job = arg;
    if (job->is_pausing && sv_loop_now_ns(job->place.loop) < job->first_deadline_ns) {
        start_exchange(job);
        return;
    }
    job->is_late = true;
    sv_cancel_fire(job->cancel, SV_CANCEL_DEADLINE);
    if (job->is_pausing) {
        fail_by_fault(job, SV_UPSTREAM_LATE_ANSWER);
        close_job(job);
    }
}

/* ---- From other threads ---- */

/* There is room again, or nobody wants the answer. */
static void run_note(sv_message *note)
{
    relay_job *job = SV_CONTAINER_OF(note, relay_job, note);
    sv_generation *generation = job->generation;
    atomic_store(&job->is_noted, false);
    if (!job->is_over && !job->is_pausing) {
        sv_upstream_resume(&job->exchange);
    } else if (!job->is_over && sv_cancel_is_set(job->cancel)) {
        finish(job, SV_FINISH_CANCELLED);
        close_job(job);
    }
    sv_generation_drop(generation); /* the note's hold; the job may go with it */
}

static void post_note(relay_job *job)
{
    if (atomic_exchange(&job->is_noted, true))
        return;
    atomic_fetch_add(&job->generation->holders, 1);
    sv_loop_post(job->place.loop, &job->note);
}

static void note_room(sv_generation *generation)
{
    post_note(generation->producer);
}

static void note_cancel(void *arg)
{
    relay_job *job = arg;
    sv_cancel_fire(job->cancel, SV_CANCEL_CLIENT);
    post_note(job);
}

static sv_status prepare(relay_job *job)
{
    sv_generation *generation = job->generation;
    sv_event_parser_init(&job->parser, SV_RELAY_MAX_FRAME);
    sv_buf_init(&job->body, SV_RELAY_MAX_WHOLE);
    job->timer = sv_timer_new(job->place.loop, take_time, job);
    sv_status status = sv_relay_reader_init(&job->reader, generation, job->authorization);
    return job->timer ? status : SV_NO_MEMORY;
}

static void run_start(sv_message *message)
{
    relay_job *job = SV_CONTAINER_OF(message, relay_job, start);
    sv_generation *generation = job->generation;
    generation->times.started_ns = sv_clock_now_ns(&sv_clock_system);
    if (prepare(job)) {
        fail_by_fault(job, SV_UPSTREAM_NO_MEMORY);
        close_job(job);
        return;
    }
    start_exchange(job);
}

/* ---- The start ---- */

static sv_status fill_job(relay_job *job, const sv_relay *relay)
{
    sv_generation *generation = job->generation;
    const sv_generation_request *request = &generation->request;
    job->url = sv_arena_printf(generation->arena, "%.*s%s", SV_STR_ARG(relay->base_url),
                               request->ask.path);
    job->authorization = sv_arena_copy(generation->arena, relay->authorization);
    job->cancel = sv_cancel_new();
    if (!job->url.ptr || !job->authorization.ptr || !job->cancel)
        return SV_NO_MEMORY;
    job->headers[0] = (sv_upstream_header){SV_STR("Content-Type"), SV_STR("application/json")};
    job->headers[1] =
        (sv_upstream_header){SV_STR("Accept"), SV_STR("text/event-stream, application/json")};
    job->headers[2] = (sv_upstream_header){SV_STR("Authorization"), job->authorization};
    int64_t latest_ns = sv_clock_now_ns(&sv_clock_system) + TOTAL_NS;
    job->first_deadline_ns = request->first_deadline_ns;
    job->exchange = (sv_upstream_exchange){
        .url = job->url,
        .headers = job->headers,
        .n_headers = job->authorization.len ? 3 : 2,
        .is_post = true,
        .body = request->ask.body,
        .limits = &limits,
        .deadline_ns = request->deadline_ns < latest_ns ? request->deadline_ns : latest_ns,
        .cancel = job->cancel,
        .port = &port,
        .arg = job};
    return SV_OK;
}

sv_status sv_relay_submit(const sv_relay *relay, const sv_relay_place *place,
                          sv_generation *generation)
{
    relay_job *job = sv_arena_alloc(generation->arena, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    *job = (relay_job){.generation = generation,
                       .place = *place,
                       .start.run = run_start,
                       .note.run = run_note,
                       .on_cancel = {.run = note_cancel, .arg = job}};
    sv_status status = fill_job(job, relay);
    if (status) {
        sv_cancel_unref(job->cancel);
        return status;
    }
    generation->producer = job;
    generation->resumed = note_room;
    generation->times.submitted_ns = sv_clock_now_ns(&sv_clock_system);
    sv_cancel_add(generation->request.cancel, &job->on_cancel);
    sv_loop_post(place->loop, &job->start);
    return SV_OK;
}
