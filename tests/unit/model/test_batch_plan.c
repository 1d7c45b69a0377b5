/* What is decided about batching when a version is loaded: by the manifest, by the server's
 * ceiling, and by trying it. How it is tried: test_batch_probe.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model_lab.h"

#define SHARED SV_SOURCE_DIR "/../shared/models"

static model_lab lab;

static int clear(void **state)
{
    (void)state;
    model_lab_close(&lab);
    return 0;
}

/* Opens and loads a version; `set` is of the manifest, one or two separated by a space. */
static const sv_instance *load(const char *path, const char *version, const char *set,
                               size_t ceiling)
{
    sv_str items[2], rest = sv_str_from(set);
    sv_strs sets = {.items = items};
    sv_registry_config config = {.max_batch_rows = ceiling, .n_scratches = 1, .sets = &sets};
    while (rest.len && sv_str_split(&rest, ' ', &items[sets.len]))
        sets.len++;
    if (access(path, R_OK) != 0) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    assert_int_equal(model_lab_open(&lab, path, &config), SV_OK);
    return model_lab_load(&lab, strrchr(path, '/') + 1, version);
}

static void test_off_unless_it_is_wanted(void **state)
{
    (void)state;
    const sv_instance *instance = load(SV_SOURCE_DIR "/models/digits", "2", "", 32);
    assert_false(instance->batching.is_wanted);
    assert_int_equal(sv_batch_plan_rows(&instance->batching), 1);
    assert_string_equal(instance->batching.reason, "");
    assert_null(strstr(instance->reasons, "batching"));
}

static void test_refused_without_a_try(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        size_t ceiling;
        const char *reason;
    } cases[] = {
        {"digits.batching.max_size=1", 32, "at most one row may run at once"},
        {"digits.batching.max_size=8", 1, "at most one row may run at once"},
        {"digits.batching.max_size=8 digits.warm_up.budget=0", 32, "was not warmed up"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_instance *instance =
            load(SV_SOURCE_DIR "/models/digits", "2", cases[i].set, cases[i].ceiling);
        assert_true(instance->batching.is_wanted);
        assert_int_equal(sv_batch_plan_rows(&instance->batching), 1);
        assert_non_null(strstr(instance->batching.reason, cases[i].reason));
        assert_non_null(strstr(instance->reasons, "warning: batching stays off: "));
        model_lab_close(&lab);
    }
}

/* Whether it pays depends on the machine; that it was tried, and how far, does not. */
static void test_tried(void **state)
{
    (void)state;
    static const struct {
        const char *path, *set;
        size_t ceiling, most;
    } cases[] = {
        {SV_SOURCE_DIR "/models/digits", "digits.batching.max_size=8", 0, 8},
        {SV_SOURCE_DIR "/models/digits", "digits.batching.max_size=8", 4, 4},
        {SV_SOURCE_DIR "/models/digits", "digits.batching.max_delay=1ms", 0, 32},
        {SV_SOURCE_DIR "/models/embedder", "embedder.batching.max_size=8", 0, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_instance *instance = load(cases[i].path, "1", cases[i].set, cases[i].ceiling);
        assert_true(instance->batching.is_equal);
        assert_in_range(sv_batch_plan_rows(&instance->batching), 1, cases[i].most);
        assert_non_null(strstr(instance->reasons, instance->batching.reason));
        model_lab_close(&lab);
    }
}

/* Whose scale depends on all rows of a run. */
static void test_answers_that_depend_on_neighbours(void **state)
{
    (void)state;
    const sv_instance *instance = load(SHARED "/imagenet/mobilenet_v2_int8", "1",
                                       "mobilenet_v2_int8.batching.max_size=8", 32);
    assert_false(instance->batching.is_equal);
    assert_int_equal(sv_batch_plan_rows(&instance->batching), 1);
    assert_non_null(strstr(instance->reasons, "warning: batching stays off: answers depend"));
}

static void test_switched_off(void **state)
{
    (void)state;
    sv_batch_plan plan;
    sv_batch_room room, other = {.ptr = malloc(64), .size_bytes = 64};
    sv_batch_plan_init(&plan);
    plan.max_rows = 8;
    sv_batch_plan_take_room(&plan, &room);
    assert_null(room.ptr);
    sv_batch_plan_give_room(&plan, &other);
    sv_batch_plan_take_room(&plan, &room);
    assert_int_equal(room.size_bytes, 64);
    sv_batch_plan_give_room(&plan, &room);
    assert_int_equal(sv_batch_plan_rows(&plan), 8);
    sv_batch_plan_switch_off(&plan);
    assert_int_equal(sv_batch_plan_rows(&plan), 1);
    assert_non_null(strstr(sv_batch_plan_reason(&plan), "switched off"));
    sv_batch_plan_deinit(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_off_unless_it_is_wanted, clear),
        cmocka_unit_test_teardown(test_refused_without_a_try, clear),
        cmocka_unit_test_teardown(test_tried, clear),
        cmocka_unit_test_teardown(test_answers_that_depend_on_neighbours, clear),
        cmocka_unit_test(test_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
