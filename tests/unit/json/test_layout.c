/* test_layout.c: sizes and offsets of members are those that the compiler gives them. */
#include "json_cases.h"
#include "json/layout.h"

struct inner {
    char bytes[5];
};
SV_SCHEMA(inner, {0});

struct all {
    sv_str text;
    sv_opt_int number;
    sv_opt_date date;
    SV_OPT(SV_LIST(sv_uuid)) uuids;
    struct inner inner, *pointer;
    SV_LIST(sv_opt_bool) truths;
    SV_LIST(struct inner) inners;
    SV_MAP(bool) map;
    sv_time times[3];
};

static const struct {
    sv_field row;
    size_t value_offset, size, item_size;
} rows[] = {
    {SV_FIELD(all, text), offsetof(struct all, text), sizeof(sv_str), 0},
    {SV_FIELD(all, number), offsetof(struct all, number.value), sizeof(sv_opt_int), 0},
    {SV_FIELD(all, date), offsetof(struct all, date.value), sizeof(sv_opt_date), 0},
    {SV_FIELD_OPT_ITEMS(all, uuids), offsetof(struct all, uuids.value), sizeof(sv_opt_strs),
     sizeof(sv_uuid)},
    {SV_FIELD_OBJECT(all, inner, inner), offsetof(struct all, inner), sizeof(struct inner), 0},
    {SV_FIELD_OBJECT(all, pointer, inner), offsetof(struct all, pointer), sizeof(void *), 0},
    {SV_FIELD_ITEMS(all, truths), offsetof(struct all, truths), sizeof(sv_strs),
     sizeof(sv_opt_bool)},
    {SV_FIELD_LIST(all, inners, inner), offsetof(struct all, inners), sizeof(sv_strs),
     sizeof(struct inner)},
    {SV_FIELD_MAP(all, map), offsetof(struct all, map), sizeof(sv_strs), 24},
    {SV_FIELD_ARRAY(all, times), offsetof(struct all, times), 0, sizeof(sv_time)},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(sv_layout_value_offset(&rows[i].row), rows[i].value_offset);
        assert_int_equal(sv_layout_size(&rows[i].row), rows[i].size);
        if (rows[i].item_size)
            assert_int_equal(sv_layout_item_size(&rows[i].row), rows[i].item_size);
    }
}

static void test_maps(void **state)
{
    (void)state;
    const SV_MAP(bool) *map = NULL;
    const SV_MAP(sv_datetime) *dates = NULL;
    const sv_field truth = {.size = sizeof(bool)}, date = {.size = sizeof(sv_datetime)};
    assert_int_equal(sv_layout_entry_size(&truth), sizeof *map->items);
    assert_int_equal(sv_layout_entry_size(&date), sizeof *dates->items);
}

static void test_items(void **state)
{
    (void)state;
    const sv_field numbers = SV_FIELD_ITEMS(all, truths, SV_GE(3), .max_item_len = 4);
    const sv_field own = SV_FIELD_ITEMS(all, truths, .item = SV_EACH(sv_opt_bool));
    sv_field storage;
    const sv_field *item = sv_layout_item_row(&numbers, &storage);
    assert_ptr_equal(item, &storage);
    assert_true(item->kind == SV_KIND_BOOL && item->nullable && item->max_len == 4);
    assert_true(item->ge.set && item->ge.value == 3);
    assert_int_equal(item->size, sizeof(sv_opt_bool));
    assert_ptr_equal(sv_layout_item_row(&own, &storage), own.item);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
