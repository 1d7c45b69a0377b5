/* POST /api/v1/predict: answers, choices of version and number, pictures as bytes, and everything
 * that is refused. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

static int set_up(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    server_lab_load(&lab);
    return 0;
}

static int set_up_unloaded(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static sv_reply post(const char *query)
{
    char path[256] = "/api/v1/predict";
    strcat(path, query);
    return sv_test_post(lab.client, path, server_lab_body(&lab, "digit-7.png"));
}

static const sv_value *predictions_of(const sv_reply *reply)
{
    assert_int_equal(reply->status, 200);
    return sv_value_get(server_lab_json(&lab, reply), SV_STR("predictions"));
}

static void test_an_answer(void **state)
{
    (void)state;
    sv_reply reply = post("");
    const sv_value *list = predictions_of(&reply), *item;
    double before = 1;
    assert_int_equal(sv_value_len(list), 5);
    sv_value_cursor cursor = sv_value_walk(list);
    for (size_t i = 0; sv_value_next_item(&cursor, &item); i++) {
        sv_str label = sv_value_str(sv_value_get(item, SV_STR("label")));
        double confidence = sv_value_double(sv_value_get(item, SV_STR("confidence")));
        assert_true(i > 0 || sv_str_eq(label, SV_STR("7")));
        assert_true(confidence >= 0 && confidence <= before);
        before = confidence;
    }
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "model_version"), SV_STR("2")));
    const sv_value *time = sv_value_get(server_lab_json(&lab, &reply), SV_STR("inference_time_ms"));
    assert_true(time && sv_value_double(time) > 0);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "X-Model"), SV_STR("digits")));
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "X-Model-Version"), SV_STR("2")));
    sv_str timing = sv_reply_header_value(&reply, "Server-Timing");
    assert_non_null(memmem(timing.ptr, timing.len, "decode;dur=", 11));
    assert_non_null(memmem(timing.ptr, timing.len, "infer;dur=", 10));
}

static void test_choices(void **state)
{
    (void)state;
    static const struct {
        const char *query, *version;
        size_t n;
    } cases[] = {
        {"?model_version=1", "1", 5},
        {"?model_version=v1", "1", 5},
        {"?model_version=v2", "2", 5},
        {"?model_version=", "2", 5},
        {"?top_k=1", "2", 1},
        {"?top_k=1000", "2", 10},
        {"?model=digits", "2", 5},
        {"?model=&top_k=2", "2", 2},
        {"?model_version=1&top_k=3", "1", 3},
        {"?unknown=1", "2", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_reply reply = post(cases[i].query);
        assert_int_equal(sv_value_len(predictions_of(&reply)), cases[i].n);
        assert_true(sv_str_eq(server_lab_text(&lab, &reply, "model_version"),
                              sv_str_from(cases[i].version)));
    }
}

static void test_version_by_header(void **state)
{
    (void)state;
    sv_str body = sv_str_from(server_lab_body(&lab, "digit-7.png"));
    static const char headers[] = "Content-Type: application/json\r\nX-Model-Version: 1\r\n";
    sv_reply reply = sv_test_request(lab.client, "POST", "/api/v1/predict", headers, body);
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "model_version"), SV_STR("1")));
    reply = sv_test_request(lab.client, "POST", "/api/v1/predict?model_version=2", headers, body);
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "model_version"), SV_STR("2")));
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *picture, *headers;
        int status;
    } cases[] = {
        {"digit-7.png", "Content-Type: image/png\r\n", 200},
        {"digit-7.png", "Content-Type: image/jpeg\r\n", 200}, /* the bytes tell */
        {"digit-7.png", "Content-Type: application/octet-stream\r\n", 200},
        {"paper-5.jpg", "Content-Type: image/jpeg\r\n", 200},
        {"digit-7.png", "Content-Type: text/plain\r\n", 415},
        {"digit-7.png", NULL, 415},
        {"README.md", "Content-Type: image/png\r\n", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_str body = server_lab_picture(&lab, cases[i].picture);
        sv_reply reply =
            sv_test_request(lab.client, "POST", "/api/v1/predict", cases[i].headers, body);
        if (reply.status != cases[i].status)
            fail_msg("case %zu: %d %.*s", i, reply.status, SV_STR_ARG(reply.body));
    }
}

/* The code stands in the body, beside FastAPI's `detail`. */
static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *query, *body;
        int status;
        const char *part; /* of the answer's body */
    } cases[] = {
        {"", "{}", 422, "\"Field required\""},
        {"", "{\"image_url\":\"\"}", 422, "at least 1 character"},
        {"", "{\"image_url\":7}", 422, "valid string"},
        {"", "{\"image_url\":", 422, "json_invalid"},
        {"", "[]", 422, "\"detail\""},
        {"?top_k=0", "{\"image_url\":\"data:,x\"}", 422, "greater than or equal to 1"},
        {"?top_k=1001", "{\"image_url\":\"data:,x\"}", 422, "less than or equal to 1000"},
        {"?top_k=x", "{\"image_url\":\"data:,x\"}", 422, "valid integer"},
        {"", "{\"image_url\":\"data:,x\"}", 400, "INVALID_INPUT"},
        {"", "{\"image_url\":\"data:;base64,!\"}", 400, "Invalid base64 in data URI"},
        {"", "{\"image_url\":\"ftp://a/b\"}", 400, "Unsupported image URL"},
        {"", "{\"image_url\":\"http://127.0.0.1/a.png\"}", 400, "INVALID_INPUT"},
        {"", "{\"image_url\":\"http://169.254.169.254/latest\"}", 400, "INVALID_INPUT"},
        {"?model=nothing", "{\"image_url\":\"data:,x\"}", 404, "MODEL_NOT_FOUND"},
        {"?model_version=9", "{\"image_url\":\"data:,x\"}", 404, "MODEL_VERSION_NOT_FOUND"},
        {"?model_version=9", "{\"image_url\":\"data:,x\"}", 404, "\"available\":[\"1\",\"2\"]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256] = "/api/v1/predict";
        sv_reply reply = sv_test_post(lab.client, strcat(path, cases[i].query), cases[i].body);
        if (reply.status != cases[i].status ||
            !memmem(reply.body.ptr, reply.body.len, cases[i].part, strlen(cases[i].part)))
            fail_msg("%s %s: %d %.*s", cases[i].query, cases[i].body, reply.status,
                     SV_STR_ARG(reply.body));
        (void)server_lab_json(&lab, &reply);
    }
}

static void test_no_model_is_loaded(void **state)
{
    (void)state;
    sv_reply reply = post("");
    assert_int_equal(reply.status, 503);
    assert_non_null(memmem(reply.body.ptr, reply.body.len, "MODEL_NOT_LOADED", 16));
}

/* A work that holds the only permit until it is let go. */
typedef struct holder {
    sv_work work;
    sv_lane lane;
    sem_t started, may_end;
    pthread_t thread;
} holder;

static void hold(sv_work *work)
{
    holder *self = SV_CONTAINER_OF(work, holder, work);
    sem_post(&self->started);
    sem_wait(&self->may_end);
}

static void drop_holder(sv_work *work, sv_status status)
{
    (void)work, (void)status;
    fail();
}

static void *submit_holder(void *arg)
{
    holder *self = arg;
    sv_work_refusal refusal;
    assert_int_equal(sv_scheduler_submit(lab.runtime.scheduler, &self->work, &refusal), SV_OK);
    return NULL;
}

static void start_holding(holder *self)
{
    *self = (holder){
        .work = {.run = hold, .drop = drop_holder, .lane = &self->lane, .deadline_ns = SV_NEVER}};
    sem_init(&self->started, 0, 0);
    sem_init(&self->may_end, 0, 0);
    assert_int_equal(pthread_create(&self->thread, NULL, submit_holder, self), 0);
    sem_wait(&self->started);
}

static void stop_holding(holder *self)
{
    sem_post(&self->may_end);
    pthread_join(self->thread, NULL);
}

static void assert_metric(const char *line)
{
    sv_reply reply = sv_test_get(lab.client, "/metrics");
    if (!memmem(reply.body.ptr, reply.body.len, line, strlen(line)))
        fail_msg("no %s in\n%.*s", line, SV_STR_ARG(reply.body));
}

static int set_up_busy(void **state)
{
    static const char *const options[] = {"--workers=1", "--request-timeout=200ms", NULL};
    (void)state;
    server_lab_open(&lab, options);
    server_lab_load(&lab);
    return 0;
}

/* A work takes 10 s, so it is said: this one would be done in 15 s, and has 0.2 s. */
static void test_overload_is_told_at_once(void **state)
{
    (void)state;
    sv_model *model = sv_registry_find(lab.runtime.registry, SV_STR("digits"));
    sv_model_version *version = sv_registry_find_version(model, SV_STR("2"));
    holder first;
    version->lane.service_ns = 10 * SV_NS_PER_S;
    start_holding(&first);
    sv_reply reply = post("");
    assert_int_equal(reply.status, 503);
    assert_non_null(memmem(reply.body.ptr, reply.body.len, "SERVER_OVERLOADED", 17));
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "Retry-After"), SV_STR("15")));
    stop_holding(&first);
    assert_metric("serval_rejected_total{reason=\"queue_full\"} 1.0\n");
    version->lane.service_ns = 0;
    assert_int_equal(post("").status, 200);
}

static void test_a_deadline_that_passes_in_line(void **state)
{
    (void)state;
    holder first;
    start_holding(&first);
    sv_reply reply = post("");
    assert_int_equal(reply.status, 504);
    assert_non_null(memmem(reply.body.ptr, reply.body.len, "DEADLINE_EXCEEDED", 17));
    stop_holding(&first);
    sv_pool_stop(lab.runtime.services.pool); /* the work was dropped there */
    assert_metric("serval_cancelled_total{stage=\"queued\"} 1.0\n");
    assert_int_equal(sv_scheduler_get_stats(lab.runtime.scheduler).n_waiting, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_choices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_version_by_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_model_is_loaded, set_up_unloaded, tear_down),
        cmocka_unit_test_setup_teardown(test_overload_is_told_at_once, set_up_busy, tear_down),
        cmocka_unit_test_setup_teardown(test_a_deadline_that_passes_in_line, set_up_busy,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
