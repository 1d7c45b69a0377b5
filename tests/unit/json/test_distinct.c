/* test_distinct.c: what comes twice is dropped, the order stays, and many items take no longer. */
#include "json_cases.h"
#include "json/distinct.h"

static sv_plan_field set_of(const sv_plan_field *item, size_t item_size)
{
    return (sv_plan_field){.kind = SV_KIND_LIST, .item = item, .item_size = item_size};
}

static void test_items(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan_field item = {.kind = SV_KIND_INT};
    const sv_plan_field field = set_of(&item, sizeof(int64_t));
    int64_t numbers[] = {3, 1, 3, 2, 1, 1, 4};
    const int64_t expected[] = {3, 1, 2, 4};
    sv_layout_list set = {(char *)numbers, 7};
    assert_int_equal(sv_distinct_items(arena, &field, &set), SV_OK);
    assert_int_equal(set.len, 4);
    assert_memory_equal(numbers, expected, sizeof expected);
    set.len = 0;
    assert_int_equal(sv_distinct_items(arena, &field, &set), SV_OK);
    sv_arena_free(arena);
}

static void test_kinds(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan_field text = {.kind = SV_KIND_STR}, real = {.kind = SV_KIND_DOUBLE};
    const sv_plan_field texts = set_of(&text, sizeof(sv_str)), reals = set_of(&real, 8);
    sv_str words[] = {SV_STR(""), SV_STR("a"), SV_STR("ab"), SV_STR("a"), SV_STR("")};
    double numbers[] = {0.0, -0.0, 1.5};
    sv_layout_list set = {(char *)words, 5};
    assert_int_equal(sv_distinct_items(arena, &texts, &set), SV_OK);
    assert_int_equal(set.len, 3);
    set = (sv_layout_list){(char *)numbers, 3};
    assert_int_equal(sv_distinct_items(arena, &reals, &set), SV_OK);
    assert_int_equal(set.len, 2);
    assert_true(sv_distinct_knows(SV_KIND_DATETIME) && !sv_distinct_knows(SV_KIND_OBJECT));
    sv_arena_free(arena);
}

/* The same instant in two zones is one; with and without a zone are two. */
static void test_moments(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan_field item = {.kind = SV_KIND_DATETIME};
    const sv_plan_field field = set_of(&item, sizeof(sv_datetime));
    sv_datetime moments[] = {
        {{2024, 5, 6}, {.hour = 12, .has_offset = true}},
        {{2024, 5, 6}, {.hour = 13, .has_offset = true, .offset_s = 3600}},
        {{2024, 5, 6}, {.hour = 12}},
    };
    sv_layout_list set = {(char *)moments, 3};
    assert_int_equal(sv_distinct_items(arena, &field, &set), SV_OK);
    assert_int_equal(set.len, 2);
    sv_arena_free(arena);
}

struct entry {
    sv_str key;
    int64_t value;
};

static void test_entries(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    struct entry entries[] = {{SV_STR("b"), 1}, {SV_STR("a"), 2}, {SV_STR("b"), 3}};
    sv_layout_list map = {(char *)entries, 3};
    assert_int_equal(sv_distinct_entries(arena, sizeof *entries, &map), SV_OK);
    assert_int_equal(map.len, 2);
    assert_true(entries[0].value == 3 && entries[1].value == 2);
    sv_arena_free(arena);
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    sv_arena *arena = sv_arena_new(0);
    const sv_plan_field item = {.kind = SV_KIND_INT};
    const sv_plan_field field = set_of(&item, sizeof(int64_t));
    int64_t *numbers = sv_arena_alloc_array(arena, MANY, sizeof *numbers);
    assert_non_null(numbers);
    for (int i = 0; i < MANY; i++)
        numbers[i] = i % 1000;
    sv_layout_list set = {(char *)numbers, MANY};
    assert_int_equal(sv_distinct_items(arena, &field, &set), SV_OK);
    assert_int_equal(set.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    sv_arena_free(arena);
}

static void test_too_little_memory(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(16);
    const sv_plan_field item = {.kind = SV_KIND_INT};
    const sv_plan_field field = set_of(&item, sizeof(int64_t));
    int64_t numbers[100] = {0};
    sv_layout_list set = {(char *)numbers, 100};
    assert_int_equal(sv_distinct_items(arena, &field, &set), SV_NO_MEMORY);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_moments), cmocka_unit_test(test_entries),
        cmocka_unit_test(test_many),    cmocka_unit_test(test_too_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
