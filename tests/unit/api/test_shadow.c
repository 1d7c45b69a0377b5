/* Copies of requests that a shadow version answers too: over models/digits, whose versions really
 * differ. What becomes of each copy is counted, and the client sees nothing of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "api/shadow.h"
#include "server_lab.h"

enum { N_PICTURES = 10 };

static server_lab lab;

static void open_lab(void)
{
    static const char *const options[] = {"--set", "digits.versions.shadow='1'", NULL};
    server_lab_open(&lab, options);
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static sv_model *get_model(void)
{
    return sv_registry_find(lab.runtime.registry, SV_STR("digits"));
}

/* Until every copy has come to its end. */
static void wait_for_copies(void)
{
    for (int i = 0; sv_shadow_count(lab.runtime.services.shadows) > 0; i++) {
        assert_true(i < 30000);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static double read_sample(const char *line)
{
    sv_reply reply = sv_test_get(lab.client, "/metrics");
    const char *at = memmem(reply.body.ptr, reply.body.len, line, strlen(line));
    return at ? strtod(at + strlen(line), NULL) : -1;
}

static double count(const char *result)
{
    char line[128];
    snprintf(line, sizeof line,
             "serval_shadow_total{model=\"digits\",version=\"1\",result=\"%s\"} ", result);
    return read_sample(line);
}

/* Who answered. */
static sv_str post(const char *path, int digit)
{
    char name[32];
    snprintf(name, sizeof name, "digit-%d.png", digit);
    sv_reply reply = sv_test_request(lab.client, "POST", path, "Content-Type: image/png\r\n",
                                     server_lab_picture(&lab, name));
    assert_int_equal(reply.status, 200);
    return sv_reply_header_value(&reply, "X-Model-Version");
}

static void test_compared(void **state)
{
    (void)state;
    open_lab();
    server_lab_load(&lab);
    for (int i = 0; i < N_PICTURES; i++)
        assert_true(sv_str_eq(post("/api/v1/predict", i), SV_STR("2")));
    wait_for_copies();
    assert_true(count("match") > 0 && count("differ") > 0);
    assert_true(count("match") + count("differ") == N_PICTURES);
    assert_true(count("failed") == 0 && count("dropped") == 0);
    /* Its runs are its own version's. */
    assert_true(read_sample("nv_inference_request_success{model=\"digits\",version=\"1\"} ") ==
                N_PICTURES);
    assert_true(read_sample("nv_inference_request_success{model=\"digits\",version=\"2\"} ") ==
                N_PICTURES);
    assert_int_equal(get_model()->n_shadows, 0);
    assert_int_equal(get_model()->shadow_bytes, 0);
}

static void test_asked_for_itself(void **state)
{
    (void)state;
    open_lab();
    server_lab_load(&lab);
    post("/api/v1/models/digits/versions/1/predict", 7);
    wait_for_copies();
    assert_true(count("match") + count("differ") + count("failed") + count("dropped") == 0);
}

/* Each of these stands in the way of a copy, not of the answer. */
static void test_dropped(void **state)
{
    (void)state;
    open_lab();
    server_lab_load(&lab);
    sv_model *model = get_model();
    atomic_store(&model->n_shadows, SV_SHADOW_MAX_COPIES);
    post("/api/v1/predict", 1);
    assert_true(count("dropped") == 1);
    atomic_store(&model->n_shadows, 0);
    atomic_store(&model->shadow_bytes, SV_SHADOW_MAX_BYTES);
    post("/api/v1/predict", 2);
    assert_true(count("dropped") == 2);
    atomic_store(&model->shadow_bytes, SV_SHADOW_MAX_BYTES - 100); /* less than the picture has */
    post("/api/v1/predict", 3);
    assert_true(count("dropped") == 3);
    assert_int_equal(model->shadow_bytes, SV_SHADOW_MAX_BYTES - 100);
    atomic_store(&model->shadow_bytes, 0);
    sv_shadow_stop(lab.runtime.services.shadows);
    post("/api/v1/predict", 4);
    wait_for_copies();
    assert_true(count("dropped") == 4 && count("match") + count("differ") == 0);
    assert_int_equal(model->n_shadows, 0);
    assert_int_equal(model->shadow_bytes, 0);
}

static void test_not_loaded(void **state)
{
    (void)state;
    open_lab();
    server_lab_load_version(&lab, "2");
    assert_true(sv_str_eq(post("/api/v1/predict", 5), SV_STR("2")));
    assert_int_equal(sv_shadow_count(lab.runtime.services.shadows), 0);
}

/* Copies whose time is over are not worth a run. */
static void test_too_late(void **state)
{
    (void)state;
    open_lab();
    server_lab_load(&lab);
    sv_shadow_close(lab.runtime.services.shadows);
    lab.runtime.services.shadows = sv_shadow_open(0);
    assert_non_null(lab.runtime.services.shadows);
    for (int i = 0; i < N_PICTURES; i++)
        assert_true(sv_str_eq(post("/api/v1/predict", i), SV_STR("2")));
    sv_shadow_sweep(lab.runtime.services.shadows);
    wait_for_copies();
    assert_true(count("dropped") == N_PICTURES);
    assert_int_equal(get_model()->n_shadows, 0);
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    sv_shadows *shadows = sv_shadow_open(SV_SHADOW_TIMEOUT_MS);
    assert_non_null(shadows);
    sv_shadow_sweep(shadows);
    sv_shadow_sweep(NULL);
    sv_shadow_stop(shadows);
    sv_shadow_stop(NULL);
    sv_shadow_close(shadows);
    sv_shadow_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_compared, tear_down),
        cmocka_unit_test_teardown(test_asked_for_itself, tear_down),
        cmocka_unit_test_teardown(test_dropped, tear_down),
        cmocka_unit_test_teardown(test_not_loaded, tear_down),
        cmocka_unit_test_teardown(test_too_late, tear_down),
        cmocka_unit_test(test_nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
