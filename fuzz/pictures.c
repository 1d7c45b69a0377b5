/* pictures.c: see pictures.h. */
#include "pictures.h"

#include <stdlib.h>

#include "media/preprocess.h"

enum { SIDE = 24, N_WAYS = 4 };

/* What a model may want, so that every pass and every reduction is reached. */
static sv_preprocess choose_way(unsigned number)
{
    sv_preprocess how = sv_preprocess_imagenet;
    how.resize = SIDE + 3;
    how.crop_width = how.crop_height = SIDE;
    switch (number % N_WAYS) {
    case 1:
        how.interpolation = SV_INTERPOLATION_BICUBIC;
        how.crop_fraction = 0.875;
        break;
    case 2:
        how.interpolation = SV_INTERPOLATION_NEAREST;
        how.pixel.channels = SV_PIXEL_GREY;
        break;
    case 3:
        how.mode = SV_PREPROCESS_SQUASH;
        how.pixel.layout = SV_PIXEL_NHWC;
        how.pixel.type = SV_PIXEL_UINT8;
        break;
    }
    return how;
}

int sv_fuzz_pictures(const uint8_t *data, size_t size)
{
    static float tensor[3 * SIDE * SIDE];
    sv_image_limits limits = {.max_pixels = 1 << 18, .max_bytes = 16 << 20};
    sv_media_scratch *scratch = sv_media_scratch_new(0);
    sv_image_context context = {.limits = &limits, .scratch = scratch};
    sv_preprocess how = choose_way((unsigned)size);
    sv_error error = {0};
    sv_status status = sv_preprocess_run(&how, (sv_str){(const char *)data, size}, &context,
                                         (sv_preprocess_room){tensor, sizeof tensor}, &error);
    if (status == SV_INVALID ? error.kind != &sv_kind_invalid_input : status != SV_OK)
        abort();
    sv_media_scratch_free(scratch);
    return 0;
}
