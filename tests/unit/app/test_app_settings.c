/* Settings that an application adds: where their values come from, and what is said of bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <serval/serval.h>

#include "app/runtime.h"

struct config {
    sv_str default_version;
    int64_t max_items, workers;
    bool verbose;
    sv_strs tags;
};
SV_SCHEMA(config, SV_FIELD(config, default_version, .default_json = "\"v2\""),
          SV_FIELD(config, max_items, .default_json = "10", SV_LE(100), .help = "Most items"),
          SV_FIELD(config, workers, .default_json = "3"),
          SV_FIELD(config, verbose, .default_json = "false"),
          SV_FIELD(config, tags, .default_json = "[]"));
SV_SETTINGS(config);

SV_HANDLER(show, sv_none, config);
static sv_status show(sv_call *call, const struct sv_none *in, struct config *out)
{
    (void)in;
    *out = *config_of(call);
    return SV_OK;
}
static const sv_operation operations[] = {{"GET", "/", &show_handler}, {0}};
static const sv_app app = {.operations = operations, .settings = &config_schema};

static int configure(sv_runtime *runtime, const char *const *options)
{
    int n = 0;
    while (options[n])
        n++;
    *runtime = (sv_runtime){0};
    return sv_runtime_configure(runtime, &app, n, (char *const *)options);
}

static void test_sources(void **state)
{
    (void)state;
    const char *options[] = {"--max-items", "20",   "--verbose", "--workers=2",
                             "--tags",      "a, b", NULL};
    sv_runtime runtime;
    setenv("SERVAL_DEFAULT_VERSION", "v1", 1);
    setenv("SERVAL_MAX_ITEMS", "30", 1);
    assert_int_equal(configure(&runtime, options), 0);
    unsetenv("SERVAL_DEFAULT_VERSION");
    unsetenv("SERVAL_MAX_ITEMS");
    const struct config *config = runtime.app_settings;
    assert_true(sv_str_eq(config->default_version, SV_STR("v1")));
    assert_int_equal(config->max_items, 20);
    assert_int_equal(config->workers, 2);
    assert_int_equal(runtime.settings.values.workers, 2);
    assert_true(config->verbose);
    assert_int_equal(config->tags.len, 2);
    assert_true(sv_str_eq(config->tags.items[1], SV_STR("b")));
    sv_runtime_deinit(&runtime);
}

static void test_defaults(void **state)
{
    (void)state;
    const char *none[] = {NULL};
    sv_runtime runtime;
    assert_int_equal(configure(&runtime, none), 0);
    const struct config *config = runtime.app_settings;
    assert_int_equal(config->workers, 3);
    assert_int_equal(runtime.settings.values.workers, 3); /* the application's wish */
    assert_int_equal(config->max_items, 10);
    sv_runtime_deinit(&runtime);

    sv_client *client = sv_test_client(&app);
    sv_reply reply = sv_test_get(client, "/");
    assert_true(sv_str_eq(reply.body, SV_STR("{\"default_version\":\"v2\",\"max_items\":10,"
                                             "\"workers\":3,\"verbose\":false,\"tags\":[]}")));
    sv_test_free(client);
}

typedef struct mistake_case {
    const char *options[3];
    int code;
    const char *told;
} mistake_case;

static void test_mistakes(void **state)
{
    (void)state;
    static const mistake_case cases[] = {
        {{"--max-items", "many"}, 1, "--max-items: max_items: Input should be a valid integer"},
        {{"--max-items", "101"}, 1, "--max-items: max_items: Input should be less than or equal"},
        {{"--max-item", "1"}, 2, "--max-items"},
        {{"--verbose=maybe"}, 1, "--verbose: verbose: Input should be a valid boolean"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_runtime runtime;
        assert_int_equal(configure(&runtime, cases[i].options), cases[i].code);
        sv_str problems = sv_buf_str(&runtime.problems);
        if (!memmem(problems.ptr, problems.len, cases[i].told, strlen(cases[i].told)))
            fail_msg("%s not in %.*s", cases[i].told, SV_STR_ARG(problems));
        sv_runtime_deinit(&runtime);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
