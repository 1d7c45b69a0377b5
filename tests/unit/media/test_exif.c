/* The orientation in a TIFF block: both byte orders, and blocks that lie. */
#include "pictures.h"

#include "media/exif.h"

static const struct {
    const char *name;
    unsigned wanted;
    sv_str tiff;
} cases[] = {
    {"little-endian", 6,
     SV_STR_INIT("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0")},
    {"big-endian", 8,
     SV_STR_INIT("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0")},
    {"after another entry", 3,
     SV_STR_INIT("II*\0\x08\0\0\0\x02\0\x0F\x01\x02\0\x01\0\0\0\0\0\0\0"
                 "\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0")},
    {"entry later in the block", 5,
     SV_STR_INIT("II*\0\x0C\0\0\0....\x01\0\x12\x01\x03\0\x01\0\0\0\x05\0\0\0\0\0\0\0")},
    {"no entry", 1, SV_STR_INIT("II*\0\x08\0\0\0\0\0\0\0\0\0")},
    {"value 0", 1, SV_STR_INIT("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0")},
    {"value 9", 1, SV_STR_INIT("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0")},
    {"another type", 1,
     SV_STR_INIT("II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0\0\0\0\0")},
    {"offset beyond the end", 1,
     SV_STR_INIT("II*\0\xFF\xFF\xFF\xFF\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0")},
    {"more entries than bytes", 1,
     SV_STR_INIT("II*\0\x08\0\0\0\xFF\xFF\x0F\x01\x02\0\x01\0\0\0\0\0\0\0")},
    {"no TIFF", 1, SV_STR_INIT("XX*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0")},
    {"mixed byte orders", 1,
     SV_STR_INIT("IM*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0")},
    {"empty", 1, SV_STR_INIT("")},
};

static void test_orientation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (sv_exif_orientation(cases[i].tiff) != cases[i].wanted)
            fail_msg("%s: %u instead of %u", cases[i].name, sv_exif_orientation(cases[i].tiff),
                     cases[i].wanted);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    sv_str whole = cases[0].tiff;
    for (size_t len = 0; len < whole.len; len++) {
        char *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, whole.ptr, len);
        unsigned found = sv_exif_orientation((sv_str){copy, len});
        assert_true(found == 1 || found == 6);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
