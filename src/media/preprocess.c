/* preprocess.c: from a model's wishes and a picture's size to boxes and windows, and the run
 * through the room's parts. */
#include "media/preprocess.h"

#include <inttypes.h>
#include <math.h>

#include "media/codec.h"

/* A JPEG may be decoded at 1/2, 1/4 or 1/8 as long as this many decoded pixels remain for each
 * pixel of the resized picture, along both axes; the antialiased resize then hides the decoder's
 * coarser filter. Measured on 17 photographs and 3 ImageNet classifiers against decoding at full
 * size: with 2 the best score moves by at most 0.007, with 1 by up to 0.047. */
static const double MIN_OVERSAMPLING = 2.0;
enum { MAX_CROP_SIDE = 16384 };

const sv_preprocess sv_preprocess_imagenet = {
    .mode = SV_PREPROCESS_CROP,
    .resize = 256,
    .crop_width = 224,
    .crop_height = 224,
    .interpolation = SV_INTERPOLATION_BILINEAR,
    .pixel = {.type = SV_PIXEL_FLOAT32,
              .layout = SV_PIXEL_NCHW,
              .channels = SV_PIXEL_RGB,
              .scale = 1.0F / 255.0F,
              .mean = {0.485F, 0.456F, 0.406F},
              .std = {0.229F, 0.224F, 0.225F}},
};

static sv_status refuse_setting(sv_error *error, const char *path, const char *text)
{
    sv_error_set_path(error, "%s", path);
    return sv_error_set(error, SV_INVALID, NULL, "%s", text);
}

static uint32_t find_shorter_side(const sv_preprocess *how)
{
    uint32_t larger = how->crop_width > how->crop_height ? how->crop_width : how->crop_height;
    return how->resize ? how->resize : larger;
}

static sv_status check_geometry(const sv_preprocess *how, sv_error *error)
{
    uint32_t side = find_shorter_side(how);
    if (how->crop_width < 1 || how->crop_width > MAX_CROP_SIDE || how->crop_height < 1 ||
        how->crop_height > MAX_CROP_SIDE)
        return refuse_setting(error, "crop", "must be 1 to 16384 pixels");
    if (side > MAX_CROP_SIDE)
        return refuse_setting(error, "resize", "must be at most 16384 pixels");
    if (!(how->crop_fraction >= 0 && how->crop_fraction <= 1))
        return refuse_setting(error, "crop_fraction", "must be between 0 and 1");
    if (how->mode == SV_PREPROCESS_CROP && how->crop_fraction == 0 &&
        (how->crop_width > side || how->crop_height > side))
        return refuse_setting(error, "resize", "must not be smaller than crop");
    return SV_OK;
}

sv_status sv_preprocess_check(const sv_preprocess *how, sv_error *error)
{
    sv_status status = check_geometry(how, error);
    if (status != SV_OK)
        return status;
    const sv_pixel_format *pixel = &how->pixel;
    if (!isfinite(pixel->scale) || pixel->scale == 0)
        return refuse_setting(error, "scale", "must be a number other than 0");
    for (unsigned c = 0; c < sv_to_tensor_n_channels(pixel->channels); c++) {
        if (!isfinite(pixel->mean[c]))
            return refuse_setting(error, "mean", "must be finite numbers");
        if (!isfinite(pixel->std[c]) || pixel->std[c] == 0)
            return refuse_setting(error, "std", "must be numbers other than 0");
    }
    return SV_OK;
}

size_t sv_preprocess_tensor_bytes(const sv_preprocess *how)
{
    return (size_t)how->crop_width * how->crop_height *
           sv_to_tensor_n_channels(how->pixel.channels) * sv_to_tensor_item_bytes(how->pixel.type);
}

/* What to compute, in pixels of the upright file. */
typedef struct geometry {
    uint32_t width, height; /* of the upright file */
    sv_resize_plan plan;
    bool is_cut; /* pixels outside the box are to be ignored */
} geometry;

/* The whole result is wanted, from `box`. */
static void plan_squash(const sv_preprocess *how, sv_resize_box box, sv_resize_plan *plan)
{
    plan->box = box;
    plan->width = how->crop_width;
    plan->height = how->crop_height;
    plan->window = (sv_resize_window){0, 0, how->crop_width, how->crop_height};
}

static sv_resize_box find_centre_square(const geometry *of, double fraction)
{
    uint32_t shorter = of->width < of->height ? of->width : of->height;
    uint32_t side = (uint32_t)(fraction * shorter);
    side = side ? side : 1;
    uint32_t left = (of->width - side + 1) / 2, top = (of->height - side + 1) / 2;
    return (sv_resize_box){left, top, (double)left + side, (double)top + side};
}

/* torchvision's Resize(int) and CenterCrop, with their roundings. */
static void plan_crop(const sv_preprocess *how, geometry *of)
{
    sv_resize_plan *plan = &of->plan;
    uint32_t shorter = of->width < of->height ? of->width : of->height;
    double side = find_shorter_side(how);
    plan->box = (sv_resize_box){0, 0, of->width, of->height};
    double width = floor(side * of->width / shorter), height = floor(side * of->height / shorter);
    plan->width = (uint32_t)fmin(width, SV_RESIZE_MAX_SIDE + 1.0);
    plan->height = (uint32_t)fmin(height, SV_RESIZE_MAX_SIDE + 1.0);
    plan->window = (sv_resize_window){
        .left = (uint32_t)nearbyint((plan->width - how->crop_width) / 2.0),
        .top = (uint32_t)nearbyint((plan->height - how->crop_height) / 2.0),
        .width = how->crop_width,
        .height = how->crop_height,
    };
}

static sv_status plan_geometry(const sv_preprocess *how, const sv_image_info *info,
                               geometry *ret_geometry, sv_error *error)
{
    bool is_turned = info->orientation >= 5;
    geometry of = {.width = is_turned ? info->height : info->width,
                   .height = is_turned ? info->width : info->height,
                   .plan.interpolation = how->interpolation};
    sv_resize_box whole = {0, 0, of.width, of.height};
    switch (how->mode) {
    case SV_PREPROCESS_SQUASH:
        plan_squash(how, whole, &of.plan);
        break;
    case SV_PREPROCESS_CROP:
        of.is_cut = how->crop_fraction > 0;
        if (of.is_cut)
            plan_squash(how, find_centre_square(&of, how->crop_fraction), &of.plan);
        else
            plan_crop(how, &of);
        break;
    }
    if (of.plan.width > SV_RESIZE_MAX_SIDE || of.plan.height > SV_RESIZE_MAX_SIDE)
        return SV_IMAGE_REFUSE(error, "%" PRIu32 " x %" PRIu32 " pixels is too thin a shape",
                               info->width, info->height);
    *ret_geometry = of;
    return SV_OK;
}

/* The largest reduction that leaves enough pixels. Nearest picks single pixels of the file, so it
 * wants them all. */
static unsigned choose_shrink(const sv_resize_plan *plan)
{
    if (plan->interpolation == SV_INTERPOLATION_NEAREST)
        return 1;
    double across = (plan->box.right - plan->box.left) / plan->width;
    double down = (plan->box.bottom - plan->box.top) / plan->height;
    unsigned shrink = 8;
    while (shrink > 1 && fmin(across, down) < shrink * MIN_OVERSAMPLING)
        shrink /= 2;
    return shrink;
}

/* From pixels of the file to pixels of the decoded image. */
static void move_box(const geometry *of, const sv_image *image, sv_resize_box *box)
{
    double across = (image->right - image->left) / of->width;
    double down = (image->bottom - image->top) / of->height;
    box->left = image->left + box->left * across;
    box->right = image->left + box->right * across;
    box->top = image->top + box->top * down;
    box->bottom = image->top + box->bottom * down;
}

/* Makes the image end where the box ends. */
static void cut_image(sv_image *image, sv_resize_box *box)
{
    uint32_t left = (uint32_t)box->left, top = (uint32_t)box->top;
    uint32_t right = (uint32_t)ceil(box->right), bottom = (uint32_t)ceil(box->bottom);
    image->width = (right < image->width ? right : image->width) - left;
    image->height = (bottom < image->height ? bottom : image->height) - top;
    image->pixels += top * image->stride + (size_t)left * image->channels;
    *box = (sv_resize_box){box->left - left, box->top - top, box->right - left, box->bottom - top};
}

static sv_status write_tensor(const sv_preprocess *how, sv_resize *resize, const sv_cancel *cancel,
                              void *out)
{
    sv_to_tensor to;
    sv_to_tensor_init(&to, &how->pixel, how->crop_width, how->crop_height, out);
    for (uint32_t y = 0; y < how->crop_height; y++) {
        if (sv_cancel_is_set(cancel))
            return SV_CANCELLED;
        sv_to_tensor_row(&to, y, sv_resize_next_row(resize), resize->image.channels);
    }
    return SV_OK;
}

static sv_status run(const sv_preprocess *how, sv_str picture, const sv_image_context *context,
                     void *out, sv_error *error)
{
    sv_image_info info;
    sv_status status = sv_image_probe(picture, context->limits, &info, error);
    if (status != SV_OK)
        return status;
    if (how->ignore_orientation)
        info.orientation = 1;
    geometry of = {0};
    status = plan_geometry(how, &info, &of, error);
    if (status != SV_OK)
        return status;
    sv_image image;
    status = sv_image_decode(&info, choose_shrink(&of.plan), context, &image, error);
    if (status != SV_OK)
        return status;
    move_box(&of, &image, &of.plan.box);
    if (of.is_cut)
        cut_image(&image, &of.plan.box);
    if (how->pixel.channels == SV_PIXEL_GREY)
        sv_image_to_grey(&image);
    sv_resize resize;
    status = sv_resize_init(&resize, &image, &of.plan, context->scratch);
    return status == SV_OK ? write_tensor(how, &resize, context->cancel, out) : status;
}

sv_status sv_preprocess_run(const sv_preprocess *how, sv_str picture,
                            const sv_image_context *context, sv_preprocess_room room,
                            sv_error *error)
{
    if (room.size_bytes < sv_preprocess_tensor_bytes(how))
        return sv_error_set(error, SV_TOO_LARGE, NULL, "The tensor needs %zu bytes, there are %zu.",
                            sv_preprocess_tensor_bytes(how), room.size_bytes);
    sv_status status = run(how, picture, context, room.ptr, error);
    sv_media_scratch_trim(context->scratch);
    return status;
}
