/* The thread that owns a context, and the line before it: answers from any thread, refusals, time
 * that is over, readers that are slow, and storms of all that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "failing_malloc.h"
#include "sequence_lab.h"

enum { N_CLIENTS = 6, N_ROUNDS = 40, N_CONTEXT = 512 };

static sequence_lab lab;
static sv_sequence_batch *batch;

/* A consumer that sleeps until it is woken. */
typedef struct reader {
    sequence_lab_answer answer;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool is_woken; /* guarded by lock */
} reader;

static reader readers[SV_TEXT_MAX_SEQUENCES];

static int open_lab(void **state)
{
    (void)state;
    sequence_lab_open(&lab, NULL);
    for (size_t i = 0; i < SV_TEXT_MAX_SEQUENCES; i++) {
        pthread_mutex_init(&readers[i].lock, NULL);
        pthread_cond_init(&readers[i].woken, NULL);
    }
    return 0;
}

static int end_batch(void **state)
{
    (void)state;
    sv_sequence_batch_free(batch);
    batch = NULL;
    for (size_t i = 0; i < SV_TEXT_MAX_SEQUENCES; i++)
        sequence_lab_drop(&readers[i].answer);
    return 0;
}

static int close_lab(void **state)
{
    (void)state;
    for (size_t i = 0; i < SV_TEXT_MAX_SEQUENCES; i++) {
        pthread_mutex_destroy(&readers[i].lock);
        pthread_cond_destroy(&readers[i].woken);
    }
    sequence_lab_close(&lab);
    return 0;
}

static void start(uint32_t n_sequences, size_t max_waiting)
{
    sv_sequence_batch_config config = {.model = lab.model,
                                       .n_sequences = n_sequences,
                                       .n_context = N_CONTEXT,
                                       .threads = 1,
                                       .max_waiting = max_waiting};
    sv_error error = {0};
    if (sv_sequence_batch_new(&config, &error, &batch))
        fail_msg("%s", error.message);
}

static void wake_reader(sv_generation *generation, void *arg)
{
    (void)generation;
    reader *it = arg;
    pthread_mutex_lock(&it->lock);
    it->is_woken = true;
    pthread_cond_signal(&it->woken);
    pthread_mutex_unlock(&it->lock);
}

static void sleep_until_woken(reader *it)
{
    pthread_mutex_lock(&it->lock);
    while (!it->is_woken)
        pthread_cond_wait(&it->woken, &it->lock);
    it->is_woken = false;
    pthread_mutex_unlock(&it->lock);
}

static sv_status submit(reader *it, const sv_generation_request *request)
{
    sv_work_refusal refusal = {.retry_after_s = 0};
    it->is_woken = false;
    sequence_lab_make(&it->answer, request);
    it->answer.generation->wake = wake_reader;
    it->answer.generation->arg = it;
    sv_status status = sv_sequence_batch_submit(batch, it->answer.generation, &refusal);
    if (status)
        sv_generation_drop(it->answer.generation);
    if (status == SV_UNAVAILABLE)
        assert_true(refusal.retry_after_s >= 1);
    return status;
}

static void read_all(reader *it)
{
    for (sequence_lab_take(&it->answer); !it->answer.finish; sequence_lab_take(&it->answer))
        sleep_until_woken(it);
}

static sv_generation_request story(uint32_t max_tokens)
{
    static text_lab_tokens prompt;
    if (!prompt.n)
        prompt = sequence_lab_prompt(&lab, "Tell me a story about the frog.", true);
    sv_generation_request request = sequence_lab_request(&prompt, max_tokens);
    request.ignores_end = true;
    return request;
}

/* One that rests before its end when nobody reads. */
static sv_generation_request endless(void)
{
    sv_generation_request request = story(10000);
    request.has_logprobs = true;
    request.n_top_logprobs = SV_SAMPLER_MAX_TOP_LOGPROBS;
    return request;
}

static void assert_quiet(void)
{
    sv_sequence_batch_stats stats;
    do /* the thread may be behind its last word */
        stats = sv_sequence_batch_get_stats(batch);
    while (stats.n_running || stats.n_waiting || stats.n_busy_tokens);
    assert_int_equal(stats.n_busy_tokens, 0);
}

/* ---- One after another ---- */

static void ranges_are_checked(void **state)
{
    (void)state;
    static const struct {
        uint32_t n_sequences, n_context;
    } bad[] = {{0, 64}, {SV_TEXT_MAX_SEQUENCES + 1, 64}, {1, 513}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sv_sequence_batch_config config = {
            .model = lab.model, .n_sequences = bad[i].n_sequences, .n_context = bad[i].n_context};
        sv_error error = {0};
        assert_int_equal(sv_sequence_batch_new(&config, &error, &batch), SV_INVALID);
        assert_null(batch);
        assert_true(error.message[0]);
    }
    sv_sequence_batch_free(NULL);
}

static void answers_of_many_are_those_of_one(void **state)
{
    (void)state;
    char alone[8192];
    start(4, 100);
    sv_generation_request request = story(30);
    assert_int_equal(submit(&readers[0], &request), SV_OK);
    read_all(&readers[0]);
    strcpy(alone, readers[0].answer.text);
    sequence_lab_drop(&readers[0].answer);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(submit(&readers[i], &request), SV_OK);
    for (size_t i = 0; i < 20; i++) {
        read_all(&readers[i]);
        assert_string_equal(readers[i].answer.text, alone);
        assert_int_equal(readers[i].answer.finish, SV_FINISH_LENGTH);
        const sv_generation_times *times = &readers[i].answer.generation->times;
        assert_true(times->submitted_ns <= times->started_ns);
        assert_true(times->started_ns <= times->first_ns);
        assert_true(times->first_ns <= times->finished_ns);
    }
    assert_quiet();
    sv_sequence_batch_stats stats = sv_sequence_batch_get_stats(batch);
    assert_int_equal(stats.n_completion_tokens, 21 * 30);
    assert_true(stats.n_cached_tokens > 0);
    assert_int_equal(stats.n_room_tokens, 4 * N_CONTEXT);
}

static void prompts_that_fill_the_context_are_refused(void **state)
{
    (void)state;
    static sv_token tokens[N_CONTEXT];
    start(1, 10);
    sv_generation_request request = story(1);
    request.prompt = tokens;
    request.n_prompt = N_CONTEXT;
    assert_int_equal(submit(&readers[0], &request), SV_INVALID);
    request.n_prompt = N_CONTEXT - 1;
    assert_int_equal(submit(&readers[1], &request), SV_OK);
    read_all(&readers[1]);
    assert_int_equal(readers[1].answer.finish, SV_FINISH_LENGTH);
}

static void a_full_line_refuses(void **state)
{
    (void)state;
    start(1, 1);
    sv_generation_request request = endless();
    assert_int_equal(submit(&readers[0], &request), SV_OK);
    sleep_until_woken(&readers[0]); /* it has the slot, and rests soon */
    assert_int_equal(submit(&readers[1], &request), SV_OK);
    assert_int_equal(submit(&readers[2], &request), SV_UNAVAILABLE);
    assert_int_equal(sv_sequence_batch_get_stats(batch).n_waiting, 1);
}

/* ---- Unwanted ---- */

static void who_is_cancelled_leaves_wherever_it_is(void **state)
{
    (void)state;
    sv_cancel *cancels[3];
    start(2, 10);
    for (size_t i = 0; i < 3; i++) { /* two under way, one in line */
        sv_generation_request request = endless();
        request.cancel = cancels[i] = sv_cancel_new();
        assert_int_equal(submit(&readers[i], &request), SV_OK);
    }
    sv_cancel_fire(cancels[2], SV_CANCEL_CLIENT);
    sv_cancel_fire(cancels[0], SV_CANCEL_CLIENT);
    read_all(&readers[2]);
    read_all(&readers[0]);
    sv_cancel_fire(cancels[1], SV_CANCEL_CLIENT);
    read_all(&readers[1]);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(readers[i].answer.finish, SV_FINISH_CANCELLED);
        sv_cancel_unref(cancels[i]);
    }
    assert_quiet();
}

static void who_was_cancelled_before_it_came_leaves_too(void **state)
{
    (void)state;
    start(1, 10);
    sv_generation_request request = endless();
    request.cancel = sv_cancel_new();
    sv_cancel_fire(request.cancel, SV_CANCEL_CLIENT);
    assert_int_equal(submit(&readers[0], &request), SV_OK);
    read_all(&readers[0]);
    assert_int_equal(readers[0].answer.finish, SV_FINISH_CANCELLED);
    sv_cancel_unref(request.cancel);
}

static void who_comes_after_his_deadline_is_told_so(void **state)
{
    (void)state;
    start(1, 10);
    sv_generation_request request = story(5);
    request.first_deadline_ns = sv_clock_now_ns(&sv_clock_system);
    assert_int_equal(submit(&readers[0], &request), SV_TIMEOUT);
    assert_quiet();
}

/* Nobody can hold a slot by not reading. */
static void who_rests_makes_room_for_who_waits(void **state)
{
    (void)state;
    start(1, 10);
    sv_generation_request hog = endless(), brief = story(5);
    assert_int_equal(submit(&readers[0], &hog), SV_OK);
    sleep_until_woken(&readers[0]);
    assert_int_equal(submit(&readers[1], &brief), SV_OK);
    read_all(&readers[1]);
    assert_int_equal(readers[1].answer.finish, SV_FINISH_LENGTH);
    read_all(&readers[0]);
    assert_int_equal(readers[0].answer.finish, SV_FINISH_CANCELLED);
}

/* Behind one whose reader sleeps: nothing goes on, and still the time runs. */
static void time_runs_in_line_and_at_rest(void **state)
{
    (void)state;
    start(1, 10);
    sv_generation_request request = endless();
    request.deadline_ns = sv_clock_now_ns(&sv_clock_system) + 600 * SV_NS_PER_MS;
    assert_int_equal(submit(&readers[0], &request), SV_OK);
    sleep_until_woken(&readers[0]);
    request = story(5);
    request.first_deadline_ns = sv_clock_now_ns(&sv_clock_system) + 150 * SV_NS_PER_MS;
    sv_status status = submit(&readers[1], &request);
    if (status) { /* it was clear at once that it would be late */
        assert_int_equal(status, SV_UNAVAILABLE);
    } else {
        read_all(&readers[1]);
        if (readers[1].answer.finish == SV_FINISH_FAILED)
            assert_int_equal(readers[1].answer.generation->status, SV_TIMEOUT);
    }
    read_all(&readers[0]);
    assert_quiet();
}

static void the_end_is_told_to_who_waits_and_who_is_under_way(void **state)
{
    (void)state;
    start(2, 10);
    sv_generation_request request = endless();
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(submit(&readers[i], &request), SV_OK);
    sv_sequence_batch_free(batch);
    batch = NULL;
    for (size_t i = 0; i < 6; i++) { /* those that rested too: their batch is gone */
        read_all(&readers[i]);
        assert_true(readers[i].answer.finish == SV_FINISH_CANCELLED ||
                    readers[i].answer.finish == SV_FINISH_LENGTH);
    }
}

/* ---- Storms ---- */

typedef struct storm_client {
    pthread_t thread;
    unsigned seed;
    size_t n_whole;
} storm_client;

static unsigned draw(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % below;
}

/* Reads to the end, or goes after a few looks; some sleep through most of it. */
static void read_as_it_likes(reader *it, sv_cancel *cancel, unsigned *seed)
{
    unsigned n_looks = draw(seed, 4) ? 1000 : draw(seed, 10);
    bool is_slow = draw(seed, 4) == 0;
    for (unsigned i = 0; i < n_looks && !it->answer.finish; i++) {
        sleep_until_woken(it);
        if (is_slow)
            nanosleep(&(struct timespec){.tv_nsec = 3 * SV_NS_PER_MS}, NULL);
        sequence_lab_take(&it->answer);
    }
    if (!it->answer.finish)
        sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    read_all(it);
}

static void *run_client(void *arg)
{
    storm_client *client = arg;
    for (size_t i = 0; i < N_ROUNDS; i++) {
        reader it = {.is_woken = false};
        pthread_mutex_init(&it.lock, NULL);
        pthread_cond_init(&it.woken, NULL);
        sv_generation_request request = story(1 + draw(&client->seed, 40));
        request.sampling.temperature = 1;
        request.sampling.seed = client->seed;
        request.cancel = sv_cancel_new();
        request.client = client->seed & 3;
        request.n_prompt -= draw(&client->seed, 8);
        request.has_logprobs = draw(&client->seed, 4) == 0;
        request.is_collected = draw(&client->seed, 4) == 0;
        if (draw(&client->seed, 8) == 0)
            request.first_deadline_ns =
                sv_clock_now_ns(&sv_clock_system) + draw(&client->seed, 50) * SV_NS_PER_MS;
        if (submit(&it, &request) == SV_OK)
            read_as_it_likes(&it, request.cancel, &client->seed);
        client->n_whole += it.answer.finish == SV_FINISH_LENGTH;
        sequence_lab_drop(&it.answer);
        sv_cancel_unref(request.cancel);
        pthread_cond_destroy(&it.woken);
        pthread_mutex_destroy(&it.lock);
    }
    return NULL;
}

static void storms_end_in_silence(void **state)
{
    (void)state;
    static storm_client clients[N_CLIENTS];
    size_t n_whole = 0;
    start(3, 4);
    (void)story(1); /* made before there are threads */
    for (unsigned i = 0; i < N_CLIENTS; i++) {
        clients[i].seed = 77 * i + 1;
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
    for (size_t i = 0; i < N_CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        n_whole += clients[i].n_whole;
    }
    assert_true(n_whole > N_ROUNDS);
    assert_quiet();
}

/* ---- Memory ---- */

static bool make_and_free(void *arg)
{
    sv_error error = {0};
    sv_status status = sv_sequence_batch_new(arg, &error, &batch);
    if (status) {
        assert_int_equal(status, SV_NO_MEMORY);
        assert_null(batch);
        return false;
    }
    sv_sequence_batch_free(batch);
    batch = NULL;
    return true;
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    sv_sequence_batch_config config = {
        .model = lab.model, .n_sequences = 2, .n_context = 64, .max_waiting = 1};
    assert_true(failing_malloc_try_each(make_and_free, &config) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ranges_are_checked, end_batch),
        cmocka_unit_test_teardown(answers_of_many_are_those_of_one, end_batch),
        cmocka_unit_test_teardown(prompts_that_fill_the_context_are_refused, end_batch),
        cmocka_unit_test_teardown(a_full_line_refuses, end_batch),
        cmocka_unit_test_teardown(who_is_cancelled_leaves_wherever_it_is, end_batch),
        cmocka_unit_test_teardown(who_was_cancelled_before_it_came_leaves_too, end_batch),
        cmocka_unit_test_teardown(who_comes_after_his_deadline_is_told_so, end_batch),
        cmocka_unit_test_teardown(who_rests_makes_room_for_who_waits, end_batch),
        cmocka_unit_test_teardown(time_runs_in_line_and_at_rest, end_batch),
        cmocka_unit_test_teardown(the_end_is_told_to_who_waits_and_who_is_under_way, end_batch),
        cmocka_unit_test_teardown(storms_end_in_silence, end_batch),
        cmocka_unit_test_teardown(every_failing_allocation_is_survived, end_batch),
    };
    return cmocka_run_group_tests(tests, open_lab, close_lab);
}
