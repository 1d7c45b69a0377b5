/* Models that an application runs by itself: the bundled ones, in handlers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include <serval/serval.h>

#include "failing_malloc.h"

#define MODELS SV_SOURCE_DIR "/models"

static sv_models *models;
static sv_loaded_model digits, embedder;
static char picture[1 << 16];
static size_t picture_len;

struct class
{
    sv_str label;
    double confidence;
};
SV_SCHEMA(class, SV_FIELD(class, label), SV_FIELD(class, confidence));
struct classes {
    SV_LIST(struct class) items;
};
SV_SCHEMA(classes, SV_FIELD_LIST(classes, items, class));
struct query {
    int64_t top_k;
    bool wrong_task, no_picture;
};
SV_SCHEMA(query, SV_FIELD(query, top_k), SV_FIELD(query, wrong_task, .default_json = "false"),
          SV_FIELD(query, no_picture, .default_json = "false"));

SV_HANDLER(classify, query, classes);
static sv_status classify(sv_call *call, const struct query *in, struct classes *out)
{
    sv_classify_request request = {in->wrong_task ? &embedder : &digits,
                                   {picture, in->no_picture ? 0 : picture_len},
                                   in->top_k};
    sv_classes found;
    sv_error error = {0};
    sv_status status = sv_models_classify(call, &request, &error, &found);
    for (size_t i = 0; !status && i < found.len; i++) {
        struct class *item = sv_list_push(call, &out->items);
        *item = (struct class){found.items[i].label, found.items[i].confidence};
    }
    return status ? sv_fail_with(call, status, &error) : SV_OK;
}

struct numbers {
    double sum_of_squares;
    int64_t n;
};
SV_SCHEMA(numbers, SV_FIELD(numbers, sum_of_squares), SV_FIELD(numbers, n));
struct names {
    sv_str input, output;
    int64_t width;
};
SV_SCHEMA(names, SV_FIELD(names, input), SV_FIELD(names, output), SV_FIELD(names, width));

SV_HANDLER(embed, names, numbers);
static sv_status embed(sv_call *call, const struct names *in, struct numbers *out)
{
    static const float counts[4096] = {1, 0, 2};
    sv_floats input = {
        sv_format(call, "%.*s", SV_STR_ARG(in->input)).ptr, counts, 2, {1, in->width}};
    const char *output = sv_format(call, "%.*s", SV_STR_ARG(in->output)).ptr;
    sv_floats found;
    sv_error error = {0};
    sv_status status =
        sv_models_run(call, &(sv_floats_request){&embedder, &input, 1, output}, &error, &found);
    if (status)
        return sv_fail_with(call, status, &error);
    out->n = found.shape[1];
    for (int64_t i = 0; i < out->n; i++)
        out->sum_of_squares += (double)found.values[i] * (double)found.values[i];
    return SV_OK;
}

static const sv_operation operations[] = {
    {"POST", "/classify", &classify_handler}, {"POST", "/embed", &embed_handler}, {0}};
static const sv_app app = {.operations = operations};

static void read_picture(void)
{
    FILE *file = fopen(SV_SOURCE_DIR "/examples/pictures/digit-7.png", "re");
    assert_non_null(file);
    picture_len = fread(picture, 1, sizeof picture, file);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    read_picture();
    return sv_models_open(MODELS, &(sv_models_options){.max_running = 1}, NULL, &models);
}

static int tear_down(void **state)
{
    (void)state;
    sv_models_close(models);
    return 0;
}

static void load_or_skip(const char *name, const char *version, sv_loaded_model *ret_model)
{
    sv_error error = {0};
    sv_status status = sv_models_load(models, name, version, &error, ret_model);
    if (status == SV_UNAVAILABLE) {
        print_message("skipped: %s\n", error.message);
        skip();
    }
    assert_int_equal(status, SV_OK);
}

static void test_open_fails(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_models *none = NULL;
    assert_int_equal(sv_models_open(MODELS "/nowhere", NULL, &error, &none), SV_NOT_FOUND);
    assert_null(none);
    sv_models_close(NULL);
}

static bool open_and_close(void *arg)
{
    sv_models *opened = NULL;
    sv_models_options options = {.engine_dir = "/nowhere"};
    bool good = !sv_models_open(arg, &options, NULL, &opened);
    sv_models_close(opened);
    return good;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    static char path[] = MODELS;
    assert_true(failing_malloc_try_each(open_and_close, path) >= 8);
}

static void test_without_an_engine(void **state)
{
    (void)state;
    sv_models *opened = NULL;
    sv_loaded_model model;
    sv_error error = {0};
    sv_models_options options = {.engine_dir = "/nowhere"};
    assert_int_equal(sv_models_open(MODELS, &options, NULL, &opened), SV_OK);
    assert_int_equal(sv_models_load(opened, "digits", NULL, &error, &model), SV_UNAVAILABLE);
    assert_non_null(strstr(error.message, "/nowhere"));
    sv_models_close(opened);
}

static void test_unknown(void **state)
{
    (void)state;
    sv_loaded_model model;
    sv_error error = {0};
    assert_int_equal(sv_models_load(models, "cats", NULL, &error, &model), SV_NOT_FOUND);
    assert_ptr_equal(error.kind, &sv_kind_model_not_found);
    assert_int_equal(sv_models_load(models, "digits", "9", &error, &model), SV_NOT_FOUND);
    assert_ptr_equal(error.kind, &sv_kind_model_version_not_found);
    assert_string_equal(error.message, "Model version 9 not found");
    assert_false(sv_models_has_gpu(models));
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *version;
    } cases[] = {{NULL, "2"}, {"", "2"}, {"1", "1"}, {"v1", "1"}, {"v2", "2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_loaded_model model;
        load_or_skip("digits", cases[i].asked, &model);
        assert_true(sv_str_eq(model.name, SV_STR("digits")));
        assert_true(sv_str_eq(model.version, sv_str_from(cases[i].version)));
    }
}

static void *load_digits(void *arg)
{
    return (void *)(uintptr_t)sv_models_load(models, "digits", "1", NULL, arg);
}

static void test_many_load_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    sv_loaded_model found[4];
    load_or_skip("embedder", NULL, &embedder);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, load_digits, &found[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *status;
        pthread_join(threads[i], &status);
        assert_null(status);
        assert_ptr_equal(found[i].loaded, found[0].loaded);
    }
}

typedef struct expectation {
    const char *path, *body;
    int status;
    const char *answer; /* how it begins */
} expectation;

static void check(const expectation *cases, size_t n)
{
    load_or_skip("digits", NULL, &digits);
    load_or_skip("embedder", NULL, &embedder);
    sv_client *client = sv_test_client(&app);
    for (size_t i = 0; i < n; i++) {
        sv_reply reply = sv_test_post(client, cases[i].path, cases[i].body);
        if (reply.status != cases[i].status ||
            !sv_str_starts_with(reply.body, sv_str_from(cases[i].answer)))
            fail_msg("%s: %d %.*s", cases[i].body, reply.status, SV_STR_ARG(reply.body));
    }
    sv_test_free(client);
}

static void test_classify(void **state)
{
    (void)state;
    static const expectation cases[] = {
        {"/classify", "{\"top_k\": 1}", 200, "{\"items\":[{\"label\":\"7\",\"confidence\":"},
        {"/classify", "{\"top_k\": 0}", 200, "{\"items\":[{\"label\":\"7\",\"confidence\":"},
        {"/classify", "{\"top_k\": 1, \"no_picture\": true}", 400, "{\"error\":\"INVALID_INPUT\""},
        {"/classify", "{\"top_k\": 1, \"wrong_task\": true}", 400,
         "{\"error\":\"INVALID_INPUT\",\"message\":\"Model embedder does not classify pictures\""},
    };
    check(cases, sizeof cases / sizeof *cases);
}

static void test_run(void **state)
{
    (void)state;
#define NAMES(input, output, width)                                                                \
    "{\"input\": \"" input "\", \"output\": \"" output "\", \"width\": " #width "}"
    static const expectation cases[] = {
        {"/embed", NAMES("counts", "embedding", 2048), 200, "{\"sum_of_squares\":"},
        {"/embed", NAMES("counts", "embedding", 7), 400, "{\"error\":\"INVALID_INPUT\""},
        {"/embed", NAMES("pixels", "embedding", 2048), 400, "{\"error\":\"INVALID_INPUT\""},
        {"/embed", NAMES("counts", "vector", 2048), 400, "{\"error\":\"INVALID_INPUT\""},
    };
    check(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_without_an_engine),
        cmocka_unit_test(test_open_fails),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_classify),
        cmocka_unit_test(test_many_load_at_once),
        cmocka_unit_test(test_run),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
