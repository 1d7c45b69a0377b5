/* pictures.c: see pictures.h. */
#include "pictures.h"

static sv_str read_path(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return (sv_str){0};
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, len, file), len);
    fclose(file);
    return (sv_str){bytes, len};
}

sv_str picture_read(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/data/media/%s", SV_SOURCE_DIR, name);
    sv_str bytes = read_path(path);
    if (!bytes.ptr)
        fail_msg("%s is missing", path);
    return bytes;
}

sv_str picture_read_shared(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/../shared/images/%s", SV_SOURCE_DIR, name);
    sv_str bytes = read_path(path);
    if (!bytes.ptr) {
        print_message("skipped: %s is absent\n", path);
        skip();
    }
    return bytes;
}

void picture_free(sv_str bytes)
{
    free((char *)bytes.ptr);
}

sv_status picture_decode(sv_str bytes, sv_media_scratch *scratch, sv_image *ret_image,
                         sv_error *error)
{
    sv_image_info info;
    sv_image_context context = {.scratch = scratch};
    sv_status status = sv_image_probe(bytes, NULL, &info, error);
    return status == SV_OK ? sv_image_decode(&info, 1, &context, ret_image, error) : status;
}

int picture_largest_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
    int largest = 0;
    for (size_t i = 0; i < len; i++) {
        int difference = abs(a[i] - b[i]);
        largest = difference > largest ? difference : largest;
    }
    return largest;
}

static int compare_to_rgb(const sv_image *image, const uint8_t *rgb)
{
    int largest = 0;
    for (uint32_t y = 0; y < image->height; y++)
        for (uint32_t x = 0; x < image->width; x++, rgb += 3) {
            const uint8_t *pixel = image->pixels + y * image->stride + (size_t)x * image->channels;
            uint8_t grey[] = {*pixel, *pixel, *pixel};
            int difference =
                picture_largest_difference(image->channels == 1 ? grey : pixel, rgb, 3);
            largest = difference > largest ? difference : largest;
        }
    return largest;
}

int picture_difference(const char *name, const char *expected)
{
    char path[256];
    snprintf(path, sizeof path, "expected/%s.rgb", expected);
    sv_str bytes = picture_read(name), pixels = picture_read(path);
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image image = {0};
    sv_error error = {0};
    if (picture_decode(bytes, scratch, &image, &error) != SV_OK)
        fail_msg("%s: %s", name, error.message);
    assert_int_equal((size_t)image.width * image.height * 3, pixels.len);
    int difference = compare_to_rgb(&image, (const uint8_t *)pixels.ptr);
    sv_media_scratch_free(scratch);
    picture_free(bytes);
    picture_free(pixels);
    return difference;
}

void picture_assert_refused(sv_str bytes, const char *text)
{
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image image;
    sv_error error = {0};
    assert_int_equal(picture_decode(bytes, scratch, &image, &error), SV_INVALID);
    assert_ptr_equal(error.kind, &sv_kind_invalid_input);
    assert_int_equal(strncmp(error.message, "Could not decode image: ", 24), 0);
    if (!strstr(error.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, error.message);
    sv_media_scratch_free(scratch);
}

/* In memory of its own, so that a read beyond the end is found. */
static sv_status decode_copy(const char *bytes, size_t len, sv_media_scratch *scratch)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    sv_image image;
    sv_error error = {0};
    sv_status status = picture_decode((sv_str){copy, len}, scratch, &image, &error);
    if (status != SV_OK) {
        assert_int_equal(status, SV_INVALID);
        assert_ptr_equal(error.kind, &sv_kind_invalid_input);
        assert_true(strlen(error.message) > 24);
    }
    free(copy);
    return status;
}

void picture_torture(const char *name, bool is_strict)
{
    sv_str bytes = picture_read(name);
    char *work = malloc(bytes.len + 1);
    assert_non_null(work);
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    for (size_t len = 0; len < bytes.len; len++)
        if (decode_copy(bytes.ptr, len, scratch) == SV_OK && is_strict)
            fail_msg("%s cut to %zu bytes was accepted", name, len);
    for (size_t i = 0; i < bytes.len; i++) {
        memcpy(work, bytes.ptr, bytes.len);
        work[i] = (char)(work[i] ^ 1 << i % 8);
        decode_copy(work, bytes.len, scratch);
        work[i] = (char)0xFF;
        decode_copy(work, bytes.len, scratch);
    }
    sv_media_scratch_free(scratch);
    free(work);
    picture_free(bytes);
}

sv_image picture_pattern(uint32_t width, uint32_t height, unsigned channels)
{
    sv_image image = {.width = width,
                      .height = height,
                      .stride = (size_t)width * channels,
                      .channels = channels,
                      .right = width,
                      .bottom = height};
    image.pixels = calloc(1, image.stride * height + SV_IMAGE_SLACK);
    assert_non_null(image.pixels);
    uint8_t *at = image.pixels;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            for (unsigned c = 0; c < channels; c++)
                *at++ = (uint8_t)(x * x * 7 + y * y * 13 + x * y * 5 + c * 71 + (x ^ y) * 3);
    return image;
}
