/* Pixels to numbers: every type, layout and channel order. */
#include "pictures.h"

#include <math.h>

#include "media/to_tensor.h"

/* 2 x 2 pixels, RGBX. */
static const uint8_t pixels[2][8] = {{0, 10, 20, 99, 30, 40, 50, 99},
                                     {60, 70, 80, 99, 90, 100, 255, 99}};
static const sv_pixel_format raw = {.type = SV_PIXEL_FLOAT32, .scale = 1, .std = {1, 1, 1}};

static void write_all(const sv_pixel_format *format, void *out)
{
    sv_to_tensor to;
    sv_to_tensor_init(&to, format, 2, 2, out);
    for (uint32_t y = 0; y < 2; y++)
        sv_to_tensor_row(&to, y, pixels[y], 4);
}

static void test_layouts_and_channels(void **state)
{
    (void)state;
    static const struct {
        sv_pixel_layout layout;
        sv_pixel_channels channels;
        float wanted[12];
    } cases[] = {
        {SV_PIXEL_NCHW, SV_PIXEL_RGB, {0, 30, 60, 90, 10, 40, 70, 100, 20, 50, 80, 255}},
        {SV_PIXEL_NCHW, SV_PIXEL_BGR, {20, 50, 80, 255, 10, 40, 70, 100, 0, 30, 60, 90}},
        {SV_PIXEL_NHWC, SV_PIXEL_RGB, {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255}},
        {SV_PIXEL_NHWC, SV_PIXEL_BGR, {20, 10, 0, 50, 40, 30, 80, 70, 60, 255, 100, 90}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_pixel_format format = raw;
        format.layout = cases[i].layout;
        format.channels = cases[i].channels;
        float out[12];
        write_all(&format, out);
        assert_memory_equal(out, cases[i].wanted, sizeof out);
    }
}

static void test_grey(void **state)
{
    (void)state;
    static const uint8_t row[] = {5, 250};
    sv_pixel_format format = raw;
    sv_to_tensor to;
    float out[6];
    format.channels = SV_PIXEL_GREY;
    sv_to_tensor_init(&to, &format, 2, 1, out);
    sv_to_tensor_row(&to, 0, row, 1);
    static const float wanted[] = {5, 250};
    assert_memory_equal(out, wanted, sizeof wanted);
    format.channels = SV_PIXEL_RGB; /* a grey picture for a model of colours */
    sv_to_tensor_init(&to, &format, 2, 1, out);
    sv_to_tensor_row(&to, 0, row, 1);
    static const float wanted_rgb[] = {5, 250, 5, 250, 5, 250};
    assert_memory_equal(out, wanted_rgb, sizeof wanted_rgb);
}

static void test_normalises(void **state)
{
    (void)state;
    sv_pixel_format format = {
        .scale = 1.0F / 255, .mean = {0.485F, 0.456F, 0.406F}, .std = {0.229F, 0.224F, 0.225F}};
    float out[12];
    write_all(&format, out);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 4; i++) {
            uint8_t pixel = pixels[i / 2][i % 2 * 4 + c];
            double wanted = (pixel / 255.0 - format.mean[c]) / format.std[c];
            assert_true(fabs(out[c * 4 + i] - wanted) < 1e-6);
        }
}

static void test_bytes_round_and_clamp(void **state)
{
    (void)state;
    sv_pixel_format format = {
        .type = SV_PIXEL_UINT8, .scale = 1, .mean = {15, 0, 0}, .std = {1, 4, 0.5F}};
    uint8_t out[12];
    write_all(&format, out);
    static const uint8_t wanted[] = {0, 15, 45, 75, 2, 10, 18, 25, 40, 100, 160, 255};
    assert_memory_equal(out, wanted, sizeof out);
}

static void test_half_precision(void **state)
{
    (void)state;
    static const struct {
        float scale; /* of a pixel of 100 */
        uint16_t wanted;
    } cases[] = {
        {0.01F, 0x3C00},
        {-0.01F, 0xBC00},
        {0, 0},
        {655.04F, 0x7BFF},
        {655.19F, 0x7BFF},
        {655.2F, 0x7C00}, /* 65520 is half-way: to even */
        {-10000, 0xFC00},
        {6.1035e-7F, 0x0400},
        {5.9605e-10F, 0x0001},
        {2.98e-10F, 0x0000},
        {3.3e-3F, 0x3548},
    };
    static const uint8_t row[] = {100};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_pixel_format format = {.type = SV_PIXEL_FLOAT16,
                                  .channels = SV_PIXEL_GREY,
                                  .scale = cases[i].scale,
                                  .std = {1}};
        sv_to_tensor to;
        uint16_t out;
        sv_to_tensor_init(&to, &format, 1, 1, &out);
        sv_to_tensor_row(&to, 0, row, 1);
        if (out != cases[i].wanted)
            fail_msg("%g: %04x instead of %04x", (double)cases[i].scale * 100, out,
                     cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts_and_channels), cmocka_unit_test(test_grey),
        cmocka_unit_test(test_normalises),           cmocka_unit_test(test_bytes_round_and_clamp),
        cmocka_unit_test(test_half_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
