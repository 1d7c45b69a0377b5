/* inspect.c: guesses a model's task and fills in what its manifest leaves open. What it decides is
 * printed by `serval models`. */
#include "model/inspect.h"

#include <math.h>
#include <stdlib.h>

#include "model/inspect_text.h"
#include "model/labels.h"

enum { DEFAULT_SIDE = 224, DEFAULT_TOP_K = 5 };

/* Where things stand in an input of rank 4. */
typedef struct picture_shape {
    sv_pixel_layout layout;
    int64_t channels, height, width; /* -1: any */
} picture_shape;

static bool is_channels(int64_t n)
{
    return n == 1 || n == 3;
}

static bool read_shape(const sv_tensor_spec *input, int layout, picture_shape *ret_shape)
{
    const int64_t *dims = input->shape.dims;
    if (input->is_any_shape || input->shape.rank != 4)
        return false;
    if (layout != SV_MANIFEST_NHWC && is_channels(dims[1]))
        *ret_shape = (picture_shape){SV_PIXEL_NCHW, dims[1], dims[2], dims[3]};
    else if (layout != SV_MANIFEST_NCHW && is_channels(dims[3]))
        *ret_shape = (picture_shape){SV_PIXEL_NHWC, dims[3], dims[1], dims[2]};
    else
        return false;
    return true;
}

static bool read_pixel_type(sv_dtype dtype, sv_pixel_type *ret_type)
{
    if (dtype == SV_DTYPE_FP32)
        *ret_type = SV_PIXEL_FLOAT32;
    else if (dtype == SV_DTYPE_FP16)
        *ret_type = SV_PIXEL_FLOAT16;
    else if (dtype == SV_DTYPE_UINT8)
        *ret_type = SV_PIXEL_UINT8;
    else
        return false;
    return true;
}

static bool has_class_scores(const sv_engine_info *info)
{
    return info->n_outputs >= 1 && info->outputs[0].dtype == SV_DTYPE_FP32 &&
           info->outputs[0].shape.rank == 2;
}

/* Whether the model can classify pictures at all; the reason either way. */
static bool looks_like_pictures(const sv_inspect_request *request, int layout, sv_buf *reasons)
{
    const sv_engine_info *info = request->info;
    picture_shape shape;
    sv_pixel_type type;
    char text[SV_TENSOR_SHAPE_TEXT_SIZE];
    if (info->n_inputs != 1 || !read_shape(&info->inputs[0], layout, &shape) ||
        !read_pixel_type(info->inputs[0].dtype, &type) || !has_class_scores(info)) {
        sv_buf_printf(reasons,
                      "not one picture input [N,C,H,W] or [N,H,W,C] with scores [N,classes]\n");
        return false;
    }
    sv_buf_printf(reasons, "input %.*s is %s %s\n", SV_STR_ARG(info->inputs[0].name),
                  sv_tensor_dtype_name(info->inputs[0].dtype),
                  sv_tensor_shape_format(&info->inputs[0].shape, text));
    sv_buf_printf(reasons, "output %.*s is %s\n", SV_STR_ARG(info->outputs[0].name),
                  sv_tensor_shape_format(&info->outputs[0].shape, text));
    return true;
}

static bool has_input(const sv_engine_info *info, sv_str name)
{
    for (size_t i = 0; i < info->n_inputs; i++)
        if (sv_str_eq(info->inputs[i].name, name))
            return true;
    return false;
}

static sv_model_task guess_task(const sv_inspect_request *request, sv_buf *reasons)
{
    if (has_input(request->info, SV_STR("input_ids")))
        return sv_inspect_text_fits(request, reasons) ? sv_inspect_text_guess(request, reasons)
                                                      : SV_TASK_TENSOR;
    if (!looks_like_pictures(request, 0, reasons))
        return SV_TASK_TENSOR;
    picture_shape shape;
    bool grey = read_shape(&request->info->inputs[0], 0, &shape) && shape.channels == 1;
    if (!request->labels_file && !grey) {
        sv_buf_printf(reasons, "no labels.txt beside the model\n");
        return SV_TASK_TENSOR;
    }
    sv_buf_printf(reasons, "%s\n", grey ? "one channel: grey pictures" : "labels.txt is there");
    return SV_TASK_IMAGE_CLASSIFICATION;
}

static sv_interpolation to_interpolation(int value)
{
    return value == SV_MANIFEST_NEAREST   ? SV_INTERPOLATION_NEAREST
           : value == SV_MANIFEST_BICUBIC ? SV_INTERPOLATION_BICUBIC
                                          : SV_INTERPOLATION_BILINEAR;
}

/* One value for all channels, or one for each. */
static bool spread(const sv_doubles *values, int64_t n_channels, float ret_values[3])
{
    if (values->len != 0 && values->len != 1 && values->len != (size_t)n_channels)
        return false;
    for (size_t i = 0; values->len && i < 3; i++)
        ret_values[i] = (float)values->items[values->len == 1 ? 0 : i % values->len];
    return true;
}

static sv_status fill_pixels(const struct manifest_preprocess *from, const picture_shape *shape,
                             sv_error *error, sv_pixel_format *pixel)
{
    bool grey = shape->channels == 1;
    int wanted = from->channels;
    if (wanted && (wanted == SV_MANIFEST_GREY) != grey)
        return sv_error_set(error, SV_INVALID, NULL,
                            "preprocess.channels does not fit the model, which takes %d channel%s",
                            (int)shape->channels, grey ? "" : "s");
    pixel->channels = grey                        ? SV_PIXEL_GREY
                      : wanted == SV_MANIFEST_BGR ? SV_PIXEL_BGR
                                                  : SV_PIXEL_RGB;
    pixel->layout = shape->layout;
    pixel->scale = (float)(from->scale.set ? from->scale.value : 1.0 / 255);
    if (grey || pixel->type == SV_PIXEL_UINT8) {
        for (int i = 0; i < 3; i++) {
            pixel->mean[i] = 0;
            pixel->std[i] = 1;
        }
        if (pixel->type == SV_PIXEL_UINT8 && !from->scale.set)
            pixel->scale = 1;
    }
    if (!spread(&from->mean, shape->channels, pixel->mean) ||
        !spread(&from->std, shape->channels, pixel->std))
        return sv_error_set(error, SV_INVALID, NULL, "preprocess.mean and preprocess.std take 1 %s",
                            grey ? "value" : "or 3 values");
    return SV_OK;
}

/* Sides of the tensor: the model's, or where it takes any, the manifest's. */
static sv_status fill_sides(const struct manifest_preprocess *from, const picture_shape *shape,
                            sv_error *error, sv_preprocess *how)
{
    int64_t crop = from->crop.set ? from->crop.value : 0;
    int64_t height = shape->height > 0 ? shape->height : crop ? crop : DEFAULT_SIDE;
    int64_t width = shape->width > 0 ? shape->width : crop ? crop : DEFAULT_SIDE;
    if (crop && (crop != height || crop != width))
        return sv_error_set(error, SV_INVALID, NULL,
                            "preprocess.crop is %lld but the model takes %lld x %lld",
                            (long long)crop, (long long)width, (long long)height);
    how->crop_width = (uint32_t)width;
    how->crop_height = (uint32_t)height;
    int64_t longer = width > height ? width : height;
    how->resize =
        (uint32_t)(from->resize.set ? from->resize.value : llround((double)longer * 256 / 224));
    return SV_OK;
}

static sv_status fill_preprocess(const struct manifest *manifest, const sv_engine_info *info,
                                 sv_error *error, sv_preprocess *ret_how)
{
    static const struct manifest_preprocess nothing = {0};
    const struct manifest_preprocess *from = manifest->preprocess ? manifest->preprocess : &nothing;
    picture_shape shape;
    sv_preprocess how = sv_preprocess_imagenet;
    static const int dtypes[] = {[SV_PIXEL_FLOAT32] = SV_MANIFEST_FLOAT32,
                                 [SV_PIXEL_FLOAT16] = SV_MANIFEST_FLOAT16,
                                 [SV_PIXEL_UINT8] = SV_MANIFEST_UINT8};
    if (!read_shape(&info->inputs[0], from->layout, &shape) ||
        !read_pixel_type(info->inputs[0].dtype, &how.pixel.type))
        return sv_error_set(error, SV_INVALID, NULL, "the model does not take pictures");
    if (from->dtype && from->dtype != dtypes[how.pixel.type])
        return sv_error_set(error, SV_INVALID, NULL,
                            "preprocess.dtype does not fit: the model takes %s",
                            sv_tensor_dtype_numpy(info->inputs[0].dtype));
    bool squash = from->mode ? from->mode == SV_MANIFEST_SQUASH : shape.channels == 1;
    how.mode = squash ? SV_PREPROCESS_SQUASH : SV_PREPROCESS_CROP;
    how.crop_fraction = !squash && from->crop_fraction.set ? from->crop_fraction.value : 0;
    how.interpolation = to_interpolation(from->interpolation);
    how.ignore_orientation = from->orientation == SV_MANIFEST_IGNORE;
    sv_status status = fill_sides(from, &shape, error, &how);
    if (!status)
        status = fill_pixels(from, &shape, error, &how.pixel);
    if (!status)
        status = sv_preprocess_check(&how, error);
    if (!status)
        *ret_how = how;
    return status;
}

static sv_status fill_labels(sv_arena *arena, const sv_inspect_request *request,
                             const sv_tensor_spec *scores, sv_error *error, sv_strs *ret_labels)
{
    if (!request->labels_file)
        return SV_OK;
    sv_strs labels;
    sv_status status = sv_labels_read(arena, request->labels_file, error, &labels);
    if (status)
        return status;
    int64_t classes = scores ? scores->shape.dims[1] : -1;
    if (classes > 0 && (size_t)classes != labels.len)
        return sv_error_set(error, SV_INVALID, NULL,
                            "%s has %zu labels but the model gives %lld scores",
                            request->labels_file, labels.len, (long long)classes);
    *ret_labels = labels;
    return SV_OK;
}

static sv_status prepare_images(sv_arena *arena, const sv_inspect_request *request, sv_error *error,
                                sv_image_task *ret_image)
{
    static const struct manifest_postprocess nothing = {0};
    const struct manifest *manifest = request->manifest;
    const struct manifest_postprocess *post =
        manifest->postprocess ? manifest->postprocess : &nothing;
    sv_image_task image = {.softmax = post->softmax.set ? post->softmax.value : true,
                           .top_k = post->top_k.set ? post->top_k.value : DEFAULT_TOP_K};
    sv_status status = fill_preprocess(manifest, request->info, error, &image.preprocess);
    if (!status)
        status = fill_labels(arena, request, &request->info->outputs[0], error, &image.labels);
    if (status)
        return status;
    const sv_preprocess *how = &image.preprocess;
    int64_t channels = (int64_t)sv_to_tensor_n_channels(how->pixel.channels);
    bool first = how->pixel.layout == SV_PIXEL_NCHW;
    image.shape = first ? SV_SHAPE(1, channels, how->crop_height, how->crop_width)
                        : SV_SHAPE(1, how->crop_height, how->crop_width, channels);
    image.dtype = request->info->inputs[0].dtype;
    *ret_image = image;
    return SV_OK;
}

/* How a table is read; it is known that it is one. */
static sv_status prepare_table(sv_arena *arena, const sv_inspect_request *request, sv_error *error,
                               sv_tabular_task *task)
{
    const struct manifest_preprocess *from = request->manifest->preprocess;
    const struct manifest_postprocess *post = request->manifest->postprocess;
    const sv_tensor_spec *input = &request->info->inputs[0];
    task->softmax = !post || !post->softmax.set || post->softmax.value;
    if (from && from->columns.len && !task->by_column) {
        int64_t wanted = input->shape.dims[1];
        if (wanted > 0 && (size_t)wanted != from->columns.len)
            return sv_error_set(error, SV_INVALID, NULL,
                                "preprocess.columns has %zu names but the model takes %lld columns",
                                from->columns.len, (long long)wanted);
        task->columns = from->columns;
    }
    return fill_labels(arena, request, task->scores, error, &task->labels);
}

/* What was said last, without its line end. */
static sv_str last_line(const sv_buf *reasons)
{
    sv_str rest = sv_buf_str(reasons), line = {0};
    while (rest.len && sv_str_split(&rest, '\n', &line))
        continue;
    return line;
}

static bool is_text_task(sv_model_task task)
{
    return task == SV_TASK_TEXT_EMBEDDING || task == SV_TASK_TEXT_CLASSIFICATION;
}

/* The manifest's word is not enough: the model must be such a one. */
static sv_status check_task(sv_arena *arena, const sv_inspect_request *request, sv_buf *reasons,
                            sv_error *error, sv_inspection *found)
{
    const struct manifest_preprocess *from = request->manifest->preprocess;
    if (found->task == SV_TASK_IMAGE_CLASSIFICATION &&
        !looks_like_pictures(request, from ? from->layout : 0, reasons))
        return sv_error_set(error, SV_INVALID, NULL,
                            "the manifest says image-classification, but the model is %s",
                            "not one picture input [N,C,H,W] or [N,H,W,C] with scores [N,classes]");
    if (found->task == SV_TASK_TABULAR &&
        !sv_task_tabular_fits(request->info, arena, reasons, &found->tabular))
        return sv_error_set(error, SV_INVALID, NULL,
                            "the manifest says tabular, but the model is %s",
                            "not a table [N,F] with a label or scores for each row");
    if (is_text_task(found->task) && !sv_inspect_text_fits(request, reasons))
        return sv_error_set(error, SV_INVALID, NULL, "the manifest says %s, but: %.*s",
                            sv_manifest_task_name(found->task), SV_STR_ARG(last_line(reasons)));
    return SV_OK;
}

sv_status sv_inspect_model(sv_arena *arena, const sv_inspect_request *request, sv_buf *reasons,
                           sv_error *error, sv_inspection *ret_inspection)
{
    sv_inspection found = {.task = (sv_model_task)request->manifest->task};
    sv_status status = SV_OK;
    if (found.task != SV_TASK_UNSET)
        status = check_task(arena, request, reasons, error, &found);
    else
        found.task = guess_task(request, reasons);
    bool is_guess = request->manifest->task == SV_TASK_UNSET;
    if (is_guess && found.task == SV_TASK_TENSOR &&
        sv_task_tabular_fits(request->info, arena, reasons, &found.tabular))
        found.task = SV_TASK_TABULAR;
    if (!status && found.task == SV_TASK_IMAGE_CLASSIFICATION)
        status = prepare_images(arena, request, error, &found.image);
    if (!status && found.task == SV_TASK_TABULAR)
        status = prepare_table(arena, request, error, &found.tabular);
    if (!status && is_text_task(found.task))
        status = sv_inspect_text_prepare(arena, request, reasons, error, &found);
    if (!status)
        *ret_inspection = found;
    return status;
}
