/* trouble.c: an application whose handlers misbehave in every way that must not harm others. For
 * tests/e2e/test_trouble.py. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <serval/serval.h>

struct counts {
    int64_t ended_streams, tasks;
};
SV_SCHEMA(counts, SV_FIELD(counts, ended_streams), SV_FIELD(counts, tasks));
struct token {
    int64_t number;
};
SV_SCHEMA(token, SV_FIELD(token, number));
struct wait {
    double seconds;
};
SV_SCHEMA(wait, SV_FIELD(wait, seconds));

static atomic_llong n_ended_streams, n_tasks;

SV_HANDLER(counts_now, sv_none, counts);
static sv_status counts_now(sv_call *call, const struct sv_none *in, struct counts *out)
{
    (void)call, (void)in;
    *out = (struct counts){n_ended_streams, n_tasks};
    return SV_OK;
}

/* On whatever thread its row says. */
SV_HANDLER_PARAMS(sleeping, wait, sv_none, sv_none);
static sv_status sleeping(sv_call *call, const struct wait *params, const struct sv_none *in,
                          struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    usleep((useconds_t)(params->seconds * 1e6));
    return SV_OK;
}

SV_HANDLER(never, sv_none, sv_none);
static sv_status never(sv_call *call, const struct sv_none *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_DEFERRED;
}

SV_HANDLER(twice, sv_none, sv_none);
static sv_status twice(sv_call *call, const struct sv_none *in, struct sv_none *out)
{
    (void)in, (void)out;
    sv_complete(call, SV_OK);
    sv_complete(call, SV_OK);
    return SV_OK;
}

/* Breaks its own schema. */
SV_HANDLER(endless, sv_none, wait);
static sv_status endless(sv_call *call, const struct sv_none *in, struct wait *out)
{
    (void)call, (void)in;
    out->seconds = 1e308 * 10;
    return SV_OK;
}

/* Until nobody reads any more, and then some more. */
SV_STREAM(flood, sv_none, token);
static sv_status flood(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)call, (void)in;
    struct token token = {0};
    while (!flood_send(events, &token))
        token.number++;
    for (int i = 0; i < 100; i++)
        if (flood_send(events, &token) != SV_CANCELLED)
            abort();
    n_ended_streams++;
    return SV_OK;
}

/* One event a millisecond. */
SV_STREAM(drip, sv_none, token);
static sv_status drip(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)in;
    struct token token = {0};
    sv_status status = SV_OK;
    while (!status && !sv_is_cancelled(call)) {
        status = drip_send(events, &token);
        token.number++;
        usleep(1000);
    }
    n_ended_streams++;
    return status;
}

SV_TASK(count_task, token);
static sv_status count_task(sv_call *call, const struct token *in)
{
    (void)call;
    usleep((useconds_t)in->number * 1000);
    n_tasks++;
    return SV_OK;
}
SV_HANDLER(leaves_tasks, token, token);
static sv_status leaves_tasks(sv_call *call, const struct token *in, struct token *out)
{
    *out = *in;
    return count_task_later(call, in);
}

static void *complete_late(void *call)
{
    usleep(1000);
    sv_complete(call, SV_OK);
    return NULL;
}
SV_HANDLER(deferred, sv_none, token);
static sv_status deferred(sv_call *call, const struct sv_none *in, struct token *out)
{
    (void)in;
    pthread_t thread;
    out->number = 7;
    if (pthread_create(&thread, NULL, complete_late, call) != 0)
        return SV_UNAVAILABLE;
    pthread_detach(thread);
    return SV_DEFERRED;
}

static const sv_operation operations[] = {
    {"GET", "/counts", &counts_now_handler, .run_inline = true},
    {"GET", "/sleep/{seconds}", &sleeping_handler, .timeout_ms = 2000},
    {"GET", "/block/{seconds}", &sleeping_handler, .run_inline = true},
    {"GET", "/never", &never_handler, .timeout_ms = 100},
    {"GET", "/twice", &twice_handler},
    {"GET", "/endless", &endless_handler},
    {"GET", "/flood", &flood_handler},
    {"GET", "/drip", &drip_handler},
    {"POST", "/tasks", &leaves_tasks_handler},
    {"GET", "/deferred", &deferred_handler},
    {0}};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "Trouble", .operations = operations});
}
