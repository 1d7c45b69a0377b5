/* event_replay.c: the ring of past events and those who follow it (see event_replay.h). */
#include "http/event_replay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/request.h"

typedef struct kept_event {
    char *text;
    size_t len;
} kept_event;

struct sv_event_replay {
    atomic_size_t references; /* of its owner and of each follower */
    size_t max_events, max_bytes;
    pthread_mutex_t lock; /* guards the rest */
    kept_event *ring;     /* the event with id `i` stands at i % max_events */
    uint64_t first_id, next_id;
    size_t n_bytes;
    sv_list_node followers;
    bool has_ended;
};

typedef struct follower {
    sv_event_replay *replay;
    sv_exchange *exchange;
    sv_loop *loop;
    sv_list_node node;    /* in the replay's followers */
    uint64_t next_id;     /* to be sent; the loop's */
    sv_message note;      /* there is something to do for it on its loop */
    atomic_bool is_noted; /* `note` is on its way */
    sv_cancel_callback cancelled;
    sv_event_follow how;
    sv_status result; /* when it is leaving */
    bool is_leaving;
} follower;

sv_status sv_event_replay_new(size_t max_events, size_t max_bytes, sv_event_replay **ret_replay)
{
    sv_event_replay *replay = calloc(1, sizeof *replay);
    kept_event *ring = calloc(max_events, sizeof *ring);
    if (!replay || !ring) {
        free(replay);
        free(ring);
        return SV_NO_MEMORY;
    }
    replay->ring = ring;
    replay->max_events = max_events;
    replay->max_bytes = max_bytes;
    replay->first_id = replay->next_id = 1;
    atomic_init(&replay->references, 1);
    pthread_mutex_init(&replay->lock, NULL);
    sv_list_init(&replay->followers);
    *ret_replay = replay;
    return SV_OK;
}

static kept_event *get_kept(sv_event_replay *replay, uint64_t id)
{
    return &replay->ring[id % replay->max_events];
}

static void forget_first(sv_event_replay *replay)
{
    kept_event *first = get_kept(replay, replay->first_id++);
    replay->n_bytes -= first->len;
    free(first->text);
    *first = (kept_event){0};
}

static void unref(sv_event_replay *replay)
{
    if (atomic_fetch_sub(&replay->references, 1) > 1)
        return;
    while (replay->first_id < replay->next_id)
        forget_first(replay);
    pthread_mutex_destroy(&replay->lock);
    free(replay->ring);
    free(replay);
}

void sv_event_replay_free(sv_event_replay *replay)
{
    if (!replay)
        return;
    sv_event_replay_end(replay);
    unref(replay);
}

static void post_note(void *arg)
{
    follower *to = arg;
    if (!atomic_exchange(&to->is_noted, true))
        sv_loop_post(to->loop, &to->note);
}

/* With the lock. */
static void note_all(sv_event_replay *replay)
{
    sv_list_node *node = replay->followers.next;
    for (; node != &replay->followers; node = node->next)
        post_note(SV_CONTAINER_OF(node, follower, node));
}

void sv_event_replay_end(sv_event_replay *replay)
{
    pthread_mutex_lock(&replay->lock);
    replay->has_ended = true;
    note_all(replay);
    pthread_mutex_unlock(&replay->lock);
}

/* The event's text with its id; with the lock. */
static sv_status format(sv_event_replay *replay, const sv_event_fields *event, kept_event *ret_kept)
{
    char digits[24];
    sv_buf text;
    sv_event_fields numbered = *event;
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)replay->next_id);
    size_t limit = replay->max_bytes;
    numbered.id = (sv_str){digits, (size_t)len};
    sv_buf_init(&text, limit < SV_STREAM_MAX_PIECE ? limit : SV_STREAM_MAX_PIECE);
    sv_status status = replay->has_ended ? SV_CANCELLED : sv_event_stream_format(&text, &numbered);
    if (status)
        sv_buf_deinit(&text);
    else
        ret_kept->text = sv_buf_take(&text, &ret_kept->len);
    return status;
}

/* With the lock. */
static void keep(sv_event_replay *replay, kept_event kept)
{
    while (replay->next_id - replay->first_id == replay->max_events ||
           replay->n_bytes + kept.len > replay->max_bytes)
        forget_first(replay);
    *get_kept(replay, replay->next_id++) = kept;
    replay->n_bytes += kept.len;
}

sv_status sv_event_replay_publish(sv_event_replay *replay, const sv_event_fields *event)
{
    kept_event kept;
    if (event->id.ptr)
        return SV_INVALID;
    pthread_mutex_lock(&replay->lock);
    sv_status status = format(replay, event, &kept);
    if (!status) {
        keep(replay, kept);
        note_all(replay);
    }
    pthread_mutex_unlock(&replay->lock);
    return status;
}

/* Following; from here on on the loop of the exchange. */

/* Sends what is there. SV_UNAVAILABLE: the client is slow. SV_DEFERRED: more will come. */
static sv_status send_kept(follower *to)
{
    sv_event_replay *replay = to->replay;
    sv_status status = sv_stream_try_write(to->exchange, SV_STR("")); /* does anybody read? */
    pthread_mutex_lock(&replay->lock);
    if (to->next_id < replay->first_id)
        to->next_id = replay->first_id;
    for (; !status && to->next_id < replay->next_id; to->next_id += !status) {
        const kept_event *kept = get_kept(replay, to->next_id);
        status = sv_stream_try_write(to->exchange, (sv_str){kept->text, kept->len});
    }
    if (!status && !replay->has_ended)
        status = SV_DEFERRED;
    pthread_mutex_unlock(&replay->lock);
    return status;
}

/* After this no new note is posted. */
static void leave(follower *to, sv_status result)
{
    pthread_mutex_lock(&to->replay->lock);
    sv_list_remove(&to->node);
    pthread_mutex_unlock(&to->replay->lock);
    sv_cancel_remove(to->exchange->cancel, &to->cancelled);
    sv_stream_on_writable(to->exchange, NULL, NULL);
    to->result = result;
    to->is_leaving = true;
}

static void run_note(sv_message *message)
{
    follower *to = SV_CONTAINER_OF(message, follower, note);
    atomic_store(&to->is_noted, false);
    if (!to->is_leaving) {
        sv_status status = send_kept(to);
        if (status == SV_UNAVAILABLE)
            sv_stream_on_writable(to->exchange, post_note, to);
        if (status == SV_UNAVAILABLE || status == SV_DEFERRED)
            return;
        leave(to, status);
    }
    if (atomic_load(&to->is_noted))
        return; /* the last note is still on its way */
    sv_event_follow how = to->how;
    sv_status result = to->result;
    unref(to->replay);
    free(to);
    how.on_end(how.arg, result);
}

/* The id behind the client's last one; 1 when it is unknown, so that all is sent that is kept. With
 * the lock. */
static uint64_t read_next_id(const sv_event_replay *replay, const sv_exchange *exchange)
{
    sv_str text = sv_exchange_header(exchange, SV_STR("last-event-id"));
    uint64_t id = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || id >= replay->next_id)
            return 1;
        id = id * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    return id < replay->next_id ? id + 1 : 1;
}

static follower *make_follower(sv_event_replay *replay, sv_exchange *exchange,
                               const sv_event_follow *how)
{
    follower *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->replay = replay;
    made->exchange = exchange;
    made->loop = ((const sv_request *)exchange)->lane->loop;
    made->how = *how;
    made->note.run = run_note;
    made->cancelled = (sv_cancel_callback){.run = post_note, .arg = made};
    atomic_init(&made->is_noted, true); /* nobody posts it before all is ready */
    return made;
}

sv_status sv_event_replay_follow(sv_event_replay *replay, sv_exchange *exchange,
                                 const sv_event_follow *how)
{
    pthread_mutex_lock(&replay->lock);
    uint64_t next_id = read_next_id(replay, exchange);
    bool is_over =
        replay->has_ended && (next_id == replay->next_id || replay->first_id == replay->next_id);
    pthread_mutex_unlock(&replay->lock);
    if (is_over) {
        exchange->answer.status = 204;
        return SV_NOT_FOUND;
    }
    follower *made = make_follower(replay, exchange, how);
    sv_status status = made ? sv_event_stream_start(exchange, how->heartbeat_ms) : SV_NO_MEMORY;
    if (status) {
        free(made);
        return status;
    }
    made->next_id = next_id;
    atomic_fetch_add(&replay->references, 1);
    pthread_mutex_lock(&replay->lock);
    sv_list_append(&replay->followers, &made->node);
    pthread_mutex_unlock(&replay->lock);
    sv_cancel_add(exchange->cancel, &made->cancelled);
    sv_loop_post(made->loop, &made->note);
    return SV_OK;
}
