/* Values that may be written in several ways: what they mean, and what is refused. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "model/manifest.h"

static sv_arena *arena;
static char told[4096];

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_arena_free(arena);
    return 0;
}

/* `braces`: how many are still open behind the value. NULL: refused, and `told` has the reasons. */
static const struct manifest *read_line(const char *key, const char *value, int braces)
{
    char text[512];
    sv_buf problems;
    const struct manifest *manifest = NULL;
    snprintf(text, sizeof text, "%s: %s%.*s\n", key, value, braces, "}}");
    sv_manifest_source source = {.path = folder_write("model.yaml", text), .name = SV_STR("m")};
    sv_buf_init(&problems, sizeof told - 1);
    if (sv_manifest_read(arena, &source, &problems, &manifest))
        manifest = NULL;
    memcpy(told, problems.len ? problems.ptr : "", problems.len);
    told[problems.len] = '\0';
    sv_buf_deinit(&problems);
    return manifest;
}

/* Read, `wanted` (>= 0), or refused with these words. */
static void assert_is(const char *text, bool good, int64_t value, int64_t wanted, const char *words)
{
    if (good ? value != wanted : wanted >= 0 || !strstr(told, words))
        fail_msg("%s: %lld, %s", text, (long long)value, told);
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t delay, latency, budget; /* ns; -1: refused */
    } cases[] = {
        {"2ms", 2000000, 2000000, 2000000},
        {"0.002", 2000000, 2000000, 2000000},
        {"0.5ms", 500000, 500000, 500000},
        {"100us", 100000, 100000, 100000},
        {"1e-5", 10000, 10000, 10000},
        {"1", 1000000000, 1000000000, 1000000000},
        {"'1'", 1000000000, 1000000000, 1000000000},
        {"1s", 1000000000, 1000000000, 1000000000},
        {"1001ms", -1, 1001000000, 1001000000},
        {"0", 0, -1, 0},
        {"0ms", 0, -1, 0},
        {"10m", -1, 600000000000, 600000000000},
        {"1h", -1, 3600000000000, -1},
        {"2h", -1, -1, -1},
        {"-1", -1, -1, -1},
        {"1e300", -1, -1, -1},
        {"99999999999999999999", -1, -1, -1},
        {"soon", -1, -1, -1},
        {"''", -1, -1, -1},
        {"true", -1, -1, -1},
        {"[1]", -1, -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        const struct manifest *read = read_line("batching: {max_delay", text, 1);
        assert_is(text, read, read ? read->batching->max_delay.ns : 0, cases[i].delay,
                  ":1: batching.max_delay: Input should be a time of at most 1s, such as");
        read = read_line("versions: {fallback: {max_latency", text, 2);
        assert_is(text, read, read ? read->versions->fallback->max_latency.ns : 0, cases[i].latency,
                  ":1: versions.fallback.max_latency: Input should be a time of more than 0 and "
                  "at most 1h");
        read = read_line("warm_up: {budget", text, 1);
        assert_is(text, read, read ? sv_manifest_warm_up_ns(read) : 0, cases[i].budget,
                  ":1: warm_up.budget: Input should be a time of at most 10m");
    }
}

static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t threads, concurrency; /* 0: auto; -1: refused */
    } cases[] = {{"1", 1, 1},      {"256", 256, 256}, {"257", -1, 257}, {"1024", -1, 1024},
                 {"1025", -1, -1}, {"auto", 0, 0},    {"null", 0, 0},   {"0", -1, -1},
                 {"-1", -1, -1},   {"1.5", -1, -1},   {"all", -1, -1},  {"[1]", -1, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        const struct manifest *read = read_line("engine: {threads", text, 1);
        assert_is(text, read, read ? read->engine->threads.value : 0, cases[i].threads,
                  ":1: engine.threads: Input should be a number from 1 to 256, or auto");
        assert_true(!read || read->engine->threads.set == (cases[i].threads > 0));
        read = read_line("engine: {concurrency", text, 1);
        assert_is(text, read, read ? read->engine->concurrency.value : 0, cases[i].concurrency,
                  ":1: engine.concurrency: Input should be a number from 1 to 1024, or auto");
    }
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name; /* NULL: refused */
    } cases[] = {{"2", "2"},           {"\"2\"", "2"}, {"beta", "beta"},
                 {"\"1.10\"", "1.10"}, {"1.10", NULL}, {"''", NULL},
                 {"true", NULL},       {"[1]", NULL},  {"{a: 1}", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char *const keys[] = {"versions: {default", "versions: {shadow"};
        for (size_t k = 0; k < 2; k++) {
            const struct manifest *read = read_line(keys[k], cases[i].text, 1);
            assert_int_equal(read != NULL, cases[i].name != NULL);
            if (!read)
                assert_non_null(strstr(told, ": Input should be the name of a version, such as"));
            const sv_opt_str *name = !read ? NULL
                                     : k   ? &read->versions->shadow
                                           : &read->versions->default_version;
            assert_true(!read || (name->set && sv_str_eq(name->value, sv_str_from(cases[i].name))));
        }
    }
}

static void test_serve(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int which; /* -1: refused */
        size_t n;
    } cases[] = {{"all", SV_MANIFEST_SERVE_ALL, 0},
                 {"latest", SV_MANIFEST_SERVE_LATEST, 0},
                 {"null", SV_MANIFEST_SERVE_ALL, 0},
                 {"[1, \"2\", beta]", SV_MANIFEST_SERVE_LISTED, 3},
                 {"[]", -1, 0},
                 {"[1, 1.5]", -1, 0},
                 {"['']", -1, 0},
                 {"2", -1, 0},
                 {"some", -1, 0},
                 {"{1: 2}", -1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct manifest *read = read_line("versions: {serve", cases[i].text, 1);
        assert_int_equal(read != NULL, cases[i].which >= 0);
        if (!read) {
            assert_non_null(strstr(told, ":1: versions.serve: Input should be all, latest or a"));
            continue;
        }
        assert_int_equal(read->versions->serve.which, cases[i].which);
        assert_int_equal(read->versions->serve.names.len, cases[i].n);
    }
    char many[65 * 2 + 3] = "[1";
    for (int i = 1; i < 65; i++)
        strcat(many, ",1");
    strcat(many, "]");
    assert_null(read_line("versions: {serve", many, 1));
}

static void test_sticky(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int by;
        const char *name; /* NULL: refused */
    } cases[] = {{"client", SV_MANIFEST_STICKY_CLIENT, ""},
                 {"header:X-User", SV_MANIFEST_STICKY_HEADER, "X-User"},
                 {"cookie:session_id", SV_MANIFEST_STICKY_COOKIE, "session_id"},
                 {"query:user", SV_MANIFEST_STICKY_QUERY, "user"},
                 {"query:user.id", SV_MANIFEST_STICKY_QUERY, "user.id"},
                 {"'header:'", 0, NULL},
                 {"header:a b", 0, NULL},
                 {"'cookie:a=b'", 0, NULL},
                 {"'query:a&b'", 0, NULL},
                 {"X-User", 0, NULL},
                 {"Client", 0, NULL},
                 {"body:user", 0, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct manifest *read = read_line("versions: {sticky", cases[i].text, 1);
        assert_int_equal(read != NULL, cases[i].name != NULL);
        if (!read) {
            assert_non_null(strstr(told, ":1: versions.sticky: Input should be client, or header"));
            continue;
        }
        assert_int_equal(read->versions->sticky.by, cases[i].by);
        assert_true(sv_str_eq(read->versions->sticky.name, sv_str_from(cases[i].name)));
    }
}

static void test_api_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {{"env:OPENAI_API_KEY", true},
                 {"sk-0123", true},
                 {"env:_k2", true},
                 {"'env:'", false},
                 {"env:2K", false},
                 {"env:A-B", false},
                 {"''", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(read_line("api_key", cases[i].text, 0) != NULL, cases[i].good);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_times), TEST(test_counts), TEST(test_versions),
        TEST(test_serve), TEST(test_sticky), TEST(test_api_keys),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
