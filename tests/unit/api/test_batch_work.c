/* Requests that share runs of a model: each gets what it gets alone, to the last bit, whoever its
 * neighbours are, and however many of them leave. Over HTTP without sockets, by the bundled models
 * and one of ../shared. How runs are joined: tests/unit/model/test_batch*.c. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server_lab.h"
#include "web/test_client.h"

#define MLP SV_SOURCE_DIR "/../shared/models/synthetic/mlp_784"

enum { N_CLIENTS = 8, N_ASKED = 25, N_ITEMS = 12, MAX_ITEMS = 5, N_PIXELS = 784 };
enum { MAX_BODY = 64 << 10, MAX_ITEM = 8 << 10, MAX_ROWS = 16 };

/* A kind of request: items between two texts; answers for them between two others. */
typedef struct kind {
    const char *model, *path, *before, *after;
    const char *after_count; /* between how many items there are, and them; NULL: it is not said */
    const char *item_before, *item_after; /* around the numbers; NULL: a text instead */
    const char *answer_before, *answer_after;
} kind;

static const kind kinds[] = {
    {.model = "digits",
     .path = "/v2/models/digits/infer",
     .before = "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[",
     .after_count = ",1,28,28],\"data\":[",
     .after = "]}]}",
     .item_before = "",
     .item_after = "",
     .answer_before = "\"data\":[",
     .answer_after = "]}]}"},
    {.model = "embedder",
     .path = "/embed",
     .before = "{\"text\":[",
     .after = "]}",
     .answer_before = "\"embeddings\":[",
     .answer_after = "],\"model\""},
    {.model = "mlp_784",
     .path = "/v2/models/mlp_784/infer",
     .before = "{\"inputs\":[{\"name\":\"INPUT0\",\"datatype\":\"FP32\",\"shape\":[",
     .after_count = ",784],\"data\":[",
     .after = "]}]}",
     .item_before = "",
     .item_after = "",
     .answer_before = "\"data\":[",
     .answer_after = "]}]}"},
    {.model = "mlp_784",
     .path = "/api/v1/models/mlp_784/predict",
     .before = "{\"inputs\":{\"INPUT0\":[",
     .after = "]}}",
     .item_before = "[",
     .item_after = "]",
     .answer_before = "\"OUTPUT0\":[",
     .answer_after = "]},\"model_version\""},
};

static server_lab lab;
static sv_client *clients[N_CLIENTS];
static char items[N_ITEMS][MAX_ITEM], answers[N_ITEMS][MAX_ITEM];
static const kind *now_asked;
static atomic_int n_wrong, n_failed;

/* Item `i` of the kind that is asked now. */
static void make_item(size_t i)
{
    char *at = items[i];
    unsigned state = (unsigned)i * 7919 + 1;
    if (!now_asked->item_before) {
        snprintf(at, MAX_ITEM, "\"the %zu cats sit on mat %zu\"", i, i * i);
        return;
    }
    at += snprintf(at, MAX_ITEM, "%s", now_asked->item_before);
    for (int k = 0; k < N_PIXELS; k++) {
        state = state * 1103515245 + 12345;
        at += sprintf(at, "%s%.3f", k ? "," : "", (double)(state >> 16) / 65536);
    }
    sprintf(at, "%s", now_asked->item_after);
}

static void make_body(char *body, const size_t *chosen, size_t n)
{
    body += sprintf(body, "%s", now_asked->before);
    if (now_asked->after_count)
        body += sprintf(body, "%zu%s", n, now_asked->after_count);
    for (size_t i = 0; i < n; i++)
        body += sprintf(body, "%s%s", i ? "," : "", items[chosen[i]]);
    sprintf(body, "%s", now_asked->after);
}

/* What is said of the items; the empty span when it is not there. */
static sv_str find_answer(const sv_reply *reply)
{
    sv_str before = sv_str_from(now_asked->answer_before);
    sv_str after = sv_str_from(now_asked->answer_after), rest = reply->body;
    const char *start = memmem(rest.ptr, rest.len, before.ptr, before.len);
    if (!start)
        return (sv_str){0};
    start += before.len;
    rest = (sv_str){start, (size_t)(rest.ptr + rest.len - start)};
    const char *end = memmem(rest.ptr, rest.len, after.ptr, after.len);
    return end ? (sv_str){start, (size_t)(end - start)} : (sv_str){0};
}

static bool is_right(sv_str found, const size_t *chosen, size_t n)
{
    char wanted[MAX_ITEMS * MAX_ITEM], *at = wanted;
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "%s%s", i ? "," : "", answers[chosen[i]]);
    return sv_str_eq(found, (sv_str){wanted, (size_t)(at - wanted)});
}

static void ask_and_leave(sv_client *client, const char *body)
{
    sv_test_stream *stream = sv_test_open(client, "POST", now_asked->path,
                                          "Content-Type: application/json\r\n", sv_str_from(body));
    sv_test_leave(stream);
}

static void ask(sv_client *client, const char *body, const size_t *chosen, size_t n)
{
    sv_reply reply = sv_test_post(client, now_asked->path, body);
    if (reply.status != 200)
        atomic_fetch_add(&n_failed, 1);
    else if (!is_right(find_answer(&reply), chosen, n))
        atomic_fetch_add(&n_wrong, 1);
}

/* A client with its own loop; every fifth request is left. */
static void *run_client(void *arg)
{
    sv_client **place = arg, *client = *place;
    unsigned seed = (unsigned)(place - clients) + 1;
    char *body = malloc(MAX_BODY);
    for (int i = 0; i < N_ASKED && body && client; i++) {
        size_t chosen[MAX_ITEMS], n = 1 + (size_t)rand_r(&seed) % MAX_ITEMS;
        for (size_t k = 0; k < n; k++)
            chosen[k] = (size_t)rand_r(&seed) % N_ITEMS;
        make_body(body, chosen, n);
        if (i % 5 == 4)
            ask_and_leave(client, body);
        else
            ask(client, body, chosen, n);
    }
    free(body);
    return NULL;
}

static void run_clients(void)
{
    pthread_t threads[N_CLIENTS];
    for (int i = 0; i < N_CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
    for (int i = 0; i < N_CLIENTS; i++)
        pthread_join(threads[i], NULL);
}

static sv_model_version *find_version(void)
{
    sv_model *model = sv_registry_find(lab.runtime.registry, sv_str_from(now_asked->model));
    return model ? sv_registry_find_version(model, SV_STR("")) : NULL;
}

/* Every model batches, whatever the probe thought of a machine that is busy with other tests; that
 * it found equal answers is asserted. */
static void open_lab(const char *workers)
{
    const char *options[] = {workers,
                             "--set=digits.batching.max_size=16",
                             "--set=digits.engine.threads=1",
                             SV_SOURCE_DIR "/models/embedder",
                             "--set=embedder.batching.max_size=16",
                             "--set=embedder.engine.threads=1",
                             NULL,
                             NULL,
                             NULL,
                             NULL};
    if (access(MLP, R_OK) == 0) {
        options[6] = MLP;
        options[7] = "--set=mlp_784.batching.max_size=16";
        options[8] = "--set=mlp_784.engine.threads=1";
    }
    server_lab_open(&lab, options);
    server_lab_load(&lab);
    for (int i = 0; i < N_CLIENTS; i++) { /* each asks once: connecting is for one thread */
        assert_non_null(clients[i] = sv_test_client_of(lab.runtime.service));
        assert_int_equal(sv_test_get(clients[i], "/health/live").status, 200);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        now_asked = &kinds[i];
        sv_model_version *version = find_version();
        if (!version)
            continue;
        assert_true(version->current->batching.is_equal);
        version->current->batching.max_rows = MAX_ROWS;
    }
}

/* What each item gets when it is alone. */
static void ask_alone(void)
{
    char body[MAX_BODY];
    for (size_t i = 0; i < N_ITEMS; i++) {
        make_item(i);
        make_body(body, &i, 1);
        sv_reply reply = sv_test_post(lab.client, now_asked->path, body);
        sv_str found = find_answer(&reply);
        if (!found.len || found.len >= MAX_ITEM)
            fail_msg("%s: %d %.*s", now_asked->path, reply.status, SV_STR_ARG(reply.body));
        memcpy(answers[i], found.ptr, found.len);
        answers[i][found.len] = '\0';
    }
}

/* A client must not go before those whose answers it did not wait for have ended. */
static int tear_down(void **state)
{
    (void)state;
    if (clients[0])
        sv_pool_stop(lab.runtime.services.pool);
    for (int i = 0; i < N_CLIENTS; i++) {
        sv_test_free(clients[i]);
        clients[i] = NULL;
    }
    server_lab_close(&lab);
    return 0;
}

static void test_neighbours_change_nothing(void **state)
{
    (void)state;
    open_lab("--workers=2");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        now_asked = &kinds[i];
        if (!find_version()) {
            print_message("skipped: no %s\n", MLP);
            continue;
        }
        ask_alone();
        run_clients();
        if (n_wrong || n_failed)
            fail_msg("%s: %d are not what they are alone, %d failed", now_asked->path, n_wrong,
                     n_failed);
    }
}

/* Holds the only permit until it is let go. */
typedef struct holder {
    sv_work work;
    sem_t has_begun, may_end;
} holder;

static void hold_permit(sv_work *work)
{
    holder *self = SV_CONTAINER_OF(work, holder, work);
    sem_post(&self->has_begun);
    sem_wait(&self->may_end);
}

static void *submit_holder(void *arg)
{
    holder *self = arg;
    sv_work_refusal refusal;
    assert_int_equal(sv_scheduler_submit(lab.runtime.services.scheduler, &self->work, &refusal),
                     SV_OK);
    return NULL;
}

static void *ask_one(void *arg)
{
    size_t i = (size_t)(uintptr_t)arg;
    char body[MAX_BODY];
    make_body(body, &i, 1);
    ask(clients[i], body, &i, 1);
    return NULL;
}

static void wait_for_line(size_t n)
{
    while (sv_scheduler_get_stats(lab.runtime.services.scheduler).n_waiting < n)
        usleep(1000);
}

/* Those who wait run as one, and are counted as one run of so many rows. */
static void test_one_run_for_all_who_wait(void **state)
{
    (void)state;
    holder held = {.work = {.run = hold_permit, .deadline_ns = SV_NEVER}};
    static sv_lane lane;
    pthread_t threads[N_CLIENTS], holding;
    lane = (sv_lane){0};
    held.work.lane = &lane;
    sem_init(&held.has_begun, 0, 0);
    sem_init(&held.may_end, 0, 0);
    open_lab("--workers=1");
    now_asked = &kinds[0];
    ask_alone();
    sv_version_stats *stats = &find_version()->stats;
    unsigned long long before = atomic_load(&stats->executions);
    assert_int_equal(pthread_create(&holding, NULL, submit_holder, &held), 0);
    sem_wait(&held.has_begun);
    for (uintptr_t i = 0; i < N_CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_one, (void *)i), 0);
    wait_for_line(N_CLIENTS);
    sem_post(&held.may_end);
    for (int i = 0; i < N_CLIENTS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(holding, NULL);
    assert_int_equal(n_wrong + n_failed, 0);
    assert_int_equal(atomic_load(&stats->executions) - before, 1);
    assert_int_equal(atomic_load(&stats->batches[N_CLIENTS - 1].count), 1);
    assert_int_equal(atomic_load(&stats->inferences), N_ITEMS + N_CLIENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_neighbours_change_nothing, tear_down),
        cmocka_unit_test_teardown(test_one_run_for_all_who_wait, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
