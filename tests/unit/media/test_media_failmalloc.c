/* Every allocation of the room fails once: the answer is SV_NO_MEMORY, nothing leaks (ASan), and
 * the next picture works. The linker sends the room's malloc and calloc here (--wrap); libpng's
 * come through the room, too. */
#include "pictures.h"

void *__real_malloc(size_t size_bytes);
void *__real_calloc(size_t count, size_t size_bytes);
void *__wrap_malloc(size_t size_bytes);
void *__wrap_calloc(size_t count, size_t size_bytes);

static long left = -1; /* allocations until one fails; below 0: none does */

static bool is_turn(void)
{
    return left >= 0 && left-- == 0;
}

void *__wrap_malloc(size_t size_bytes)
{
    return is_turn() ? NULL : __real_malloc(size_bytes);
}

void *__wrap_calloc(size_t count, size_t size_bytes)
{
    return is_turn() ? NULL : __real_calloc(count, size_bytes);
}

static sv_status run(sv_str picture, sv_media_scratch *scratch)
{
    static float tensor[3 * 224 * 224];
    sv_image_context context = {.scratch = scratch};
    sv_preprocess_room room = {tensor, sizeof tensor};
    sv_error error = {0};
    return sv_preprocess_run(&sv_preprocess_imagenet, picture, &context, room, &error);
}

/* Returns how many allocations a run makes. */
static long fail_each(sv_str picture)
{
    for (long n = 0;; n++) {
        left = n;
        sv_media_scratch *scratch = sv_media_scratch_new(0);
        sv_status status = scratch ? run(picture, scratch) : SV_NO_MEMORY;
        bool is_over = left >= 0;
        left = -1;
        assert_int_equal(status, is_over ? SV_OK : SV_NO_MEMORY);
        if (scratch)
            assert_int_equal(run(picture, scratch), SV_OK);
        sv_media_scratch_free(scratch);
        if (is_over)
            return n;
    }
}

static void test_each_allocation_fails(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        long at_least;
    } cases[] = {
        {"jpeg/orientation_6.jpg", 4}, /* scratch, pixels, upright, filter */
        {"png/orientation_6.png", 8},
        {"png/palette4_interlaced.png", 8},
        {"webp/orientation_8.webp", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_str picture = picture_read(cases[i].name);
        long n = fail_each(picture);
        if (n < cases[i].at_least)
            fail_msg("%s: only %ld allocations were seen", cases[i].name, n);
        picture_free(picture);
    }
}

static void test_steady_state_allocates_nothing(void **state)
{
    (void)state;
    sv_str picture = picture_read("jpeg/small.jpg");
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    assert_int_equal(run(picture, scratch), SV_OK);
    left = 0;
    assert_int_equal(run(picture, scratch), SV_OK);
    assert_int_equal(left, 0);
    left = -1;
    sv_media_scratch_free(scratch);
    picture_free(picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_steady_state_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
