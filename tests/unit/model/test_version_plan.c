/* Which version a request without one gets: by weight, by key, by call; and who gives its share
 * back. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "model/model_status.h"
#include "model/registry.h"
#include "model_lab.h"

#define MODEL SV_SOURCE_DIR "/tests/data/engine/add.onnx"
enum { N = 4000 };

static model_lab lab;
static sv_arena *arena;
static int n_given_back;

static int clear(void **state)
{
    (void)state;
    sv_arena_free(arena); /* it holds versions */
    arena = NULL;
    model_lab_close(&lab);
    folder_clear();
    return 0;
}

static void count_given_back(void *arg, sv_model_version *version, sv_str reason)
{
    (void)arg;
    assert_true(sv_str_eq(version->name, SV_STR("2")));
    assert_true(sv_str_starts_with(reason, SV_STR("20 of 20 requests failed")));
    n_given_back++;
}

/* Versions 1, 2 and 3 of a model m, those of `loaded` ready. */
static void open_lab(const char *manifest, const char *loaded)
{
    const sv_registry_config config = {.hooks.gave_share_back = count_given_back};
    arena = sv_arena_new(0);
    folder_copy("r/m/1/model.onnx", MODEL);
    folder_copy("r/m/2/model.onnx", MODEL);
    folder_copy("r/m/3/model.onnx", MODEL);
    folder_write("r/m/model.yaml", manifest);
    assert_int_equal(model_lab_open(&lab, folder_path("r"), &config), SV_OK);
    for (; *loaded; loaded++)
        model_lab_load(&lab, "m", (char[]){*loaded, '\0'});
}

static sv_str give_key(void *arg, const struct manifest_sticky *sticky)
{
    assert_int_equal(sticky->by, SV_MANIFEST_STICKY_HEADER);
    assert_true(sv_str_eq(sticky->name, SV_STR("X-User")));
    return sv_str_from(arg);
}

/* '1', '2' or '3': who answers; '-': the default one, which is not ready. */
static char ask(const char *version, const char *user)
{
    sv_wish wish = {.model = SV_STR("m"), .version = sv_str_from(version), .arena = arena};
    sv_acquired found;
    sv_error error = {0};
    if (user) {
        wish.get_key = give_key;
        wish.key_arg = (void *)(uintptr_t)user;
    }
    if (sv_registry_acquire(lab.registry, &wish, &error, &found))
        return '-';
    char name = found.version->name.ptr[0];
    sv_registry_release(found.instance);
    return name;
}

/* How many of N requests each version gets. */
static void count(int counts[3])
{
    memset(counts, 0, 3 * sizeof *counts);
    for (int i = 0; i < N; i++)
        counts[ask("", NULL) - '1']++;
}

static void expect_shares(int one, int two, int three)
{
    const int percents[3] = {one, two, three};
    int counts[3];
    count(counts);
    for (int i = 0; i < 3; i++) {
        int wanted = percents[i] * N / 100;
        bool exact = percents[i] == 0 || percents[i] == 100;
        if (counts[i] < wanted - (exact ? 0 : N / 20) || counts[i] > wanted + N / 20)
            fail_msg("version %d: %d requests, not %d", i + 1, counts[i], wanted);
    }
}

static sv_status set(const char *by_default, const sv_version_weight *weights, size_t n,
                     sv_error *error)
{
    const sv_version_wants wants = {
        .default_version = sv_str_from(by_default), .weights = weights, .n_weights = n};
    return sv_registry_set_versions(lab.registry, SV_STR("m"), &wants, error);
}

static void test_shares(void **state)
{
    (void)state;
    open_lab("versions: {default: '1', weights: {'1': 90, '2': 10}}", "123");
    expect_shares(90, 10, 0);
    assert_int_equal(ask("3", NULL), '3'); /* by name */
    assert_int_equal(ask("v2", NULL), '2');
}

static void test_no_weights(void **state)
{
    (void)state;
    open_lab("versions: {default: '2'}", "123");
    expect_shares(0, 100, 0);
}

/* The share of one that cannot answer goes to the default; that of the default to the others. */
static void test_not_ready(void **state)
{
    (void)state;
    open_lab("versions: {default: '1', weights: {'1': 40, '2': 30, '3': 30}}", "12");
    expect_shares(70, 30, 0);
    clear(NULL);
    open_lab("versions: {default: '1', weights: {'1': 40, '2': 30, '3': 30}}", "23");
    expect_shares(0, 50, 50);
    clear(NULL);
    open_lab("versions: {default: '1', weights: {'1': 50, '2': 50}}", "3");
    assert_int_equal(ask("", NULL), '-');
}

static void test_sticky(void **state)
{
    (void)state;
    int counts[3] = {0};
    char user[16];
    open_lab("versions: {default: '1', weights: {'1': 50, '2': 50}, sticky: 'header:X-User'}",
             "123");
    for (int i = 0; i < N; i++) {
        snprintf(user, sizeof user, "user %d", i);
        char first = ask("", user);
        assert_int_equal(ask("", user), first);
        assert_int_equal(ask("3", user), '3');
        counts[first - '1']++;
    }
    assert_true(counts[0] > N / 2 - N / 20 && counts[0] < N / 2 + N / 20 && counts[2] == 0);
    expect_shares(50, 50, 0); /* those who do not say who they are */
}

static void test_call(void **state)
{
    (void)state;
    const sv_version_weight weights[] = {{SV_STR("v2"), 1}, {SV_STR("3"), 3}};
    sv_error error = {0};
    open_lab("versions: {default: '1', weights: {'1': 90, '2': 10}}", "123");
    assert_int_equal(set("3", NULL, 0, &error), SV_OK);
    expect_shares(0, 0, 100);
    assert_int_equal(set("", weights, 2, &error), SV_OK);
    expect_shares(0, 25, 75);
    assert_int_equal(set("v2", NULL, 0, &error), SV_OK);
    expect_shares(0, 100, 0);
    assert_int_equal(set("", NULL, 0, &error), SV_OK); /* as the manifest says */
    expect_shares(90, 10, 0);
}

static void test_refused_calls(void **state)
{
    (void)state;
    static const struct {
        const char *by_default;
        sv_version_weight weights[2];
        size_t n;
        sv_status status;
        const sv_error_kind *kind;
        const char *message;
    } cases[] = {
        {"9",
         {{SV_STR_INIT(""), 0}},
         0,
         SV_NOT_FOUND,
         &sv_kind_model_version_not_found,
         "Model version 9 not found"},
        {"",
         {{SV_STR_INIT("7"), 1}},
         1,
         SV_NOT_FOUND,
         &sv_kind_model_version_not_found,
         "Model version 7 not found"},
        {"",
         {{SV_STR_INIT("1"), 5}, {SV_STR_INIT("2"), -1}},
         2,
         SV_INVALID,
         &sv_kind_validation_error,
         "Validation failed: weights: each has to be 0 or more"},
        {"",
         {{SV_STR_INIT("1"), 0}, {SV_STR_INIT("2"), 0}},
         2,
         SV_INVALID,
         &sv_kind_validation_error,
         "Validation failed: weights: at least one has to be more than 0"},
        {"",
         {{SV_STR_INIT("1"), 1}, {SV_STR_INIT("v1"), 1}},
         2,
         SV_INVALID,
         &sv_kind_validation_error,
         "Validation failed: weights: a version stands there twice"},
    };
    open_lab("versions: {default: '2'}", "123");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_error error = {0};
        assert_int_equal(set(cases[i].by_default, cases[i].weights, cases[i].n, &error),
                         cases[i].status);
        assert_ptr_equal(error.kind, cases[i].kind);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(ask("", NULL), '2');
    }
    const sv_version_wants wants = {0};
    sv_error error = {0};
    assert_int_equal(sv_registry_set_versions(lab.registry, SV_STR("x"), &wants, &error),
                     SV_NOT_FOUND);
    assert_ptr_equal(error.kind, &sv_kind_model_not_found);
}

static const sv_version_status *tell(size_t index)
{
    sv_model_status status;
    assert_int_equal(sv_model_status_find(lab.registry, SV_STR("m"), arena, &status), SV_OK);
    return &status.versions[index];
}

static void fail_requests(const char *version, int n)
{
    sv_model *model = sv_registry_find(lab.registry, SV_STR("m"));
    for (int i = 0; i < n; i++)
        sv_registry_report_answer(sv_registry_find_version(model, sv_str_from(version)), true, 1);
}

static void test_share_given_back(void **state)
{
    (void)state;
    const sv_version_weight weights[] = {{SV_STR("1"), 50}, {SV_STR("2"), 50}};
    sv_error error = {0};
    n_given_back = 0;
    open_lab("versions: {default: '1', weights: {'1': 50, '2': 50}}", "123");
    assert_false(tell(1)->reason.len);
    assert_true(tell(1)->weight.set && tell(1)->weight.value == 50 && tell(2)->weight.value == 0);
    fail_requests("2", 19);
    expect_shares(50, 50, 0);
    fail_requests("2", 10);
    assert_int_equal(n_given_back, 1);
    expect_shares(100, 0, 0);
    assert_int_equal(ask("2", NULL), '2'); /* whoever asks for it has it */
    assert_true(
        sv_str_eq(tell(1)->reason, SV_STR("gave its share back: 20 of 20 requests failed")));
    assert_int_equal(set("1", weights, 2, &error), SV_OK);
    expect_shares(50, 50, 0);
    assert_false(tell(1)->reason.len);
}

/* The default version has nobody to give its share to, and one without a weight has none. */
static void test_nothing_to_give_back(void **state)
{
    (void)state;
    n_given_back = 0;
    open_lab("versions: {default: '1', weights: {'1': 50, '2': 50}}", "123");
    fail_requests("1", 100);
    fail_requests("3", 100);
    assert_int_equal(n_given_back, 0);
    expect_shares(50, 50, 0);
    assert_false(tell(0)->reason.len);
}

static void test_limits_of_manifest(void **state)
{
    (void)state;
    n_given_back = 0;
    open_lab("versions: {default: '1', weights: {'1': 50, '2': 50}, "
             "fallback: {max_error_rate: 1, max_latency: 1s}}",
             "123");
    fail_requests("2", 100);
    assert_int_equal(n_given_back, 0);
    expect_shares(50, 50, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shares, clear),
        cmocka_unit_test_teardown(test_no_weights, clear),
        cmocka_unit_test_teardown(test_not_ready, clear),
        cmocka_unit_test_teardown(test_sticky, clear),
        cmocka_unit_test_teardown(test_call, clear),
        cmocka_unit_test_teardown(test_refused_calls, clear),
        cmocka_unit_test_teardown(test_share_given_back, clear),
        cmocka_unit_test_teardown(test_nothing_to_give_back, clear),
        cmocka_unit_test_teardown(test_limits_of_manifest, clear),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
