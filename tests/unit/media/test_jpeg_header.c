/* The marker walk: what it reads, and that it sees where a file ends. */
#include "pictures.h"

#include "media/jpeg_header.h"

static sv_jpeg_header read_header(const char *name)
{
    sv_str bytes = picture_read(name);
    sv_jpeg_header header;
    sv_jpeg_header_read(bytes, &header);
    picture_free(bytes);
    return header;
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned n_components, n_blocks, n_scans;
        bool is_progressive;
    } cases[] = {
        /* 45 x 35 pixels: 6 x 5 blocks; 3 x 5 and 3 x 3 units of subsampled colour */
        {"jpeg/grey.jpg", 1, 30, 1, false},        {"jpeg/444.jpg", 3, 90, 1, false},
        {"jpeg/422.jpg", 3, 60, 1, false},         {"jpeg/420.jpg", 3, 54, 1, false},
        {"jpeg/restart.jpg", 3, 54, 1, false},     {"jpeg/cmyk.jpg", 4, 120, 1, false},
        {"jpeg/progressive.jpg", 3, 54, 10, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_jpeg_header header = read_header(cases[i].name);
        assert_int_equal(header.width, 45);
        assert_int_equal(header.height, 35);
        assert_int_equal(header.n_components, cases[i].n_components);
        assert_int_equal(header.n_blocks, cases[i].n_blocks);
        assert_int_equal(header.n_scans, cases[i].n_scans);
        assert_int_equal(header.is_progressive, cases[i].is_progressive);
        assert_false(header.is_arithmetic);
        assert_true(header.is_complete);
        assert_int_equal(header.orientation, 1);
    }
    assert_int_equal(read_header("jpeg/orientation_7.jpg").orientation, 7);
}

static void test_every_cut_is_seen(void **state)
{
    (void)state;
    sv_str bytes = picture_read("jpeg/progressive.jpg");
    sv_jpeg_header header;
    for (size_t len = 0; len < bytes.len; len++) {
        sv_jpeg_header_read((sv_str){bytes.ptr, len}, &header);
        assert_false(header.is_complete);
    }
    picture_free(bytes);
}

static void test_odd_bytes(void **state)
{
    (void)state;
    sv_jpeg_header header;
    sv_jpeg_header_read(SV_STR(""), &header);
    assert_int_equal(header.width, 0);
    sv_jpeg_header_read(SV_STR("\xFF\xD8\xFF\xFF\xFF\xD9"),
                        &header); /* markers may be padded; no scan */
    assert_false(header.is_complete);
    sv_jpeg_header_read(SV_STR("\xFF\xD8\xFF\xC0\0\x01"),
                        &header); /* a length that does not hold itself */
    assert_int_equal(header.width, 0);
    sv_jpeg_header_read(
        SV_STR("\xFF\xD8\xFF\xC9\0\x0B\x08\0\x02\0\x03\x01\x01\x11\0\xFF\xDA\0\x02\xFF\xD9"),
        &header);
    assert_int_equal(header.width, 3);
    assert_int_equal(header.height, 2);
    assert_true(header.is_arithmetic);
    assert_true(header.is_complete);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_every_cut_is_seen),
        cmocka_unit_test(test_odd_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
