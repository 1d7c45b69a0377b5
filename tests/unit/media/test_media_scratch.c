/* Memory between pictures: kept while ordinary, given back after a big one. */
#include "pictures.h"

static void test_blocks_are_reused(void **state)
{
    (void)state;
    sv_media_scratch *scratch = sv_media_scratch_new(1000);
    void *first = sv_media_scratch_get(scratch, SV_MEDIA_PIXELS, 800);
    memset(first, 1, 800);
    sv_media_scratch_trim(scratch);
    assert_ptr_equal(sv_media_scratch_get(scratch, SV_MEDIA_PIXELS, 800), first);
    assert_ptr_equal(sv_media_scratch_get(scratch, SV_MEDIA_PIXELS, 100), first);
    assert_ptr_not_equal(sv_media_scratch_get(scratch, SV_MEDIA_FILTER, 100), first);
    assert_int_equal(sv_media_scratch_held(scratch), 900);
    sv_media_scratch_free(scratch);
}

static void test_big_blocks_go(void **state)
{
    (void)state;
    sv_media_scratch *scratch = sv_media_scratch_new(1000);
    assert_non_null(sv_media_scratch_get(scratch, SV_MEDIA_PIXELS, 5000));
    assert_non_null(sv_media_scratch_get(scratch, SV_MEDIA_FILTER, 1000));
    assert_int_equal(sv_media_scratch_held(scratch), 6000);
    sv_media_scratch_trim(scratch);
    assert_int_equal(sv_media_scratch_held(scratch), 1000);
    sv_media_scratch_free(scratch);
}

static void test_nothing(void **state)
{
    (void)state;
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    assert_non_null(sv_media_scratch_get(scratch, SV_MEDIA_PIXELS, 0));
    sv_media_scratch_trim(scratch);
    assert_int_equal(sv_media_scratch_held(scratch), 0);
    sv_media_scratch_free(scratch);
    sv_media_scratch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_reused),
        cmocka_unit_test(test_big_blocks_go),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
