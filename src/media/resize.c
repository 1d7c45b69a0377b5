/* resize.c: which pixels weigh in where and how much, and the two passes over a picture. The sums
 * are in convolve.c.
 *
 * DESIGN. As in PIL there are two passes, each rounding to 8 bits: across first, or down first when
 * height shrinks much more than width. The picture between the passes never exists: across first,
 * its rows go to a ring that holds what the second pass needs for one result; down first, one row
 * is enough. */
#include "media/resize.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

/* A reconstruction filter; zero beyond `support` from its centre. */
typedef struct filter {
    double support;
    double (*at)(double x); /* NULL: the nearest pixel alone */
} filter;

static double triangle(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys 1981 with a = -0.5. */
static double cubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static const filter filters[] = {
    [SV_INTERPOLATION_BILINEAR] = {1.0, triangle},
    [SV_INTERPOLATION_BICUBIC] = {2.0, cubic},
    [SV_INTERPOLATION_NEAREST] = {0.5, NULL},
};

/* One axis of a plan. */
typedef struct axis_plan {
    filter filter;
    double start, scale;       /* in input pixels */
    double widening;           /* how much the filter is stretched to antialias */
    uint32_t n_in, skipped, n; /* results skipped .. skipped + n - 1 are wanted */
} axis_plan;

static axis_plan plan_axis(sv_interpolation interpolation, double start, double end, uint32_t n_out)
{
    axis_plan axis = {filters[interpolation], .start = start, .scale = (end - start) / n_out};
    axis.widening = axis.scale < 1.0 ? 1.0 : axis.scale;
    return axis;
}

/* The inputs that weigh in on a result, and where its centre lies among them. */
typedef struct span {
    uint32_t first, count;
    double centre;
} span;

static uint32_t clamp_position(double position, uint32_t most)
{
    return position < 0 ? 0 : position > most ? most : (uint32_t)position;
}

static span find_span(const axis_plan *axis, uint32_t i)
{
    double centre = axis->start + (axis->skipped + i + 0.5) * axis->scale;
    double support = axis->filter.support * axis->widening;
    uint32_t first = clamp_position(centre - support + 0.5, axis->n_in);
    uint32_t end = clamp_position(centre + support + 0.5, axis->n_in);
    return (span){first, end - first, centre};
}

static uint32_t count_taps(const axis_plan *axis, uint32_t group)
{
    uint32_t most = 1;
    for (uint32_t i = 0; axis->filter.at && i < axis->n; i++) {
        uint32_t count = find_span(axis, i).count;
        most = count > most ? count : most;
    }
    return (most + group - 1) / group * group;
}

/* Sets where the taps of a result begin, and returns it: `first`, or earlier if they would run over
 * the end. */
static uint32_t place_taps(const axis_plan *axis, sv_convolve_axis *taps, uint32_t i,
                           uint32_t first)
{
    uint32_t last = axis->n_in > taps->n_taps ? axis->n_in - taps->n_taps : 0;
    taps->first[i] = first < last ? first : last;
    return taps->first[i];
}

static void weigh(const axis_plan *axis, uint32_t i, sv_convolve_axis *taps)
{
    span inputs = find_span(axis, i);
    uint32_t lead = inputs.first - place_taps(axis, taps, i, inputs.first);
    double shrink = 1.0 / axis->widening, sum = 0;
    double offset = inputs.first - inputs.centre + 0.5;
    for (uint32_t tap = 0; tap < inputs.count; tap++)
        sum += axis->filter.at((tap + offset) * shrink);
    for (uint32_t tap = 0; tap < inputs.count && sum != 0; tap++)
        sv_convolve_set_weight(taps, i, lead + tap, axis->filter.at((tap + offset) * shrink) / sum);
}

/* PIL steps from pixel to pixel here, and so do we, for the same roundings. */
static void pick_nearest(const axis_plan *axis, sv_convolve_axis *taps)
{
    double position = axis->start + axis->scale * 0.5;
    for (uint32_t skip = 0; skip < axis->skipped; skip++)
        position += axis->scale;
    for (uint32_t i = 0; i < axis->n; i++) {
        uint32_t pixel = clamp_position(position, axis->n_in - 1);
        position += axis->scale;
        sv_convolve_set_weight(taps, i, pixel - place_taps(axis, taps, i, pixel), 1.0);
    }
}

static size_t count_weights(const sv_convolve_axis *taps)
{
    return (size_t)taps->n * taps->n_taps * 2;
}

/* The weights are zero before. */
static void fill_taps(const axis_plan *axis, sv_convolve_axis *taps)
{
    if (!axis->filter.at)
        pick_nearest(axis, taps);
    for (uint32_t i = 0; axis->filter.at && i < axis->n; i++)
        weigh(axis, i, taps);
}

/* Memory cut from one block; without a block it only counts. */
typedef struct cutter {
    char *block;
    size_t used;
} cutter;

static void *cut(cutter *from, size_t size_bytes)
{
    void *piece = from->block ? from->block + from->used : NULL;
    from->used += (size_bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    return piece;
}

static void lay_out(sv_resize *resize, cutter *from)
{
    sv_convolve_axis *x = &resize->x, *y = &resize->y;
    size_t n_rows = resize->is_down_first ? 1 : y->n_taps;
    x->first = cut(from, x->n * sizeof *x->first);
    y->first = cut(from, y->n * sizeof *y->first);
    x->weights = cut(from, count_weights(x) * sizeof *x->weights);
    y->weights = cut(from, count_weights(y) * sizeof *y->weights);
    resize->rows = cut(from, y->n_taps * sizeof *resize->rows);
    resize->between = cut(from, n_rows * resize->between_bytes + SV_IMAGE_SLACK);
    resize->out = cut(from, resize->out_bytes);
}

static size_t round_to_blocks(size_t size_bytes)
{
    return (size_bytes + SV_CONVOLVE_BLOCK - 1) / SV_CONVOLVE_BLOCK * SV_CONVOLVE_BLOCK;
}

/* Pillow 13's rule; until 12 it always went across first. */
static bool is_down_first(const sv_image *image, const sv_resize_plan *plan)
{
    int64_t less_width = (int64_t)image->width - plan->width;
    int64_t less_height = (int64_t)image->height - plan->height;
    return less_height > 0 && less_height > 2 * less_width;
}

/* Sizes of everything that depends on both axes; no memory yet. */
static sv_resize measure(const sv_image *image, const sv_resize_plan *plan, const axis_plan *x,
                         const axis_plan *y)
{
    sv_resize resize = {
        .kernels = sv_convolve_simd(),
        .image = *image,
        .x = {.n = x->n, .group = SV_CONVOLVE_GROUP_RGBX},
        .y = {.n = y->n, .group = SV_CONVOLVE_GROUP_DOWN},
        .is_down_first = is_down_first(image, plan),
    };
    if (image->channels == 1)
        resize.x.group = SV_CONVOLVE_GROUP_GREY;
    resize.x.n_taps = count_taps(x, resize.x.group);
    resize.y.n_taps = count_taps(y, resize.y.group);
    resize.out_bytes = round_to_blocks((size_t)x->n * image->channels);
    resize.between_bytes = resize.is_down_first
                               ? round_to_blocks((size_t)image->width * image->channels)
                               : resize.out_bytes;
    return resize;
}

sv_status sv_resize_init(sv_resize *ret_resize, const sv_image *image, const sv_resize_plan *plan,
                         sv_media_scratch *scratch)
{
    const sv_resize_box *box = &plan->box;
    axis_plan x = plan_axis(plan->interpolation, box->left, box->right, plan->width);
    axis_plan y = plan_axis(plan->interpolation, box->top, box->bottom, plan->height);
    x.n_in = image->width, x.skipped = plan->window.left, x.n = plan->window.width;
    y.n_in = image->height, y.skipped = plan->window.top, y.n = plan->window.height;
    sv_resize resize = measure(image, plan, &x, &y);
    cutter count = {0};
    lay_out(&resize, &count);
    cutter block = {.block = sv_media_scratch_get(scratch, SV_MEDIA_FILTER, count.used)};
    if (!block.block)
        return SV_NO_MEMORY;
    memset(block.block, 0, count.used);
    lay_out(&resize, &block);
    fill_taps(&x, &resize.x);
    fill_taps(&y, &resize.y);
    *ret_resize = resize;
    return SV_OK;
}

static const uint8_t *find_row(const sv_resize *resize, uint32_t row)
{
    return resize->image.pixels + row * resize->image.stride;
}

static void go_across(const sv_resize *resize, const uint8_t *row, uint8_t *out)
{
    if (resize->image.channels == 1)
        resize->kernels->across_grey(&resize->x, row, out);
    else
        resize->kernels->across_rgbx(&resize->x, row, out);
}

static void go_down(const sv_resize *resize, uint32_t i, size_t size_bytes, uint8_t *out)
{
    resize->kernels->down(&resize->y, i, resize->rows, size_bytes / SV_CONVOLVE_BLOCK, out);
}

/* Surplus taps, whose weight is 0, may lie beyond the last row: any row will do for them. */
static void make_row_down_first(sv_resize *resize, uint32_t i, uint32_t first, uint32_t end)
{
    for (uint32_t tap = 0; tap < resize->y.n_taps; tap++)
        resize->rows[tap] = find_row(resize, first + tap < end ? first + tap : first);
    go_down(resize, i, resize->between_bytes, resize->between);
    go_across(resize, resize->between, resize->out);
}

static uint8_t *find_in_ring(const sv_resize *resize, uint32_t row)
{
    return resize->between + row % resize->y.n_taps * resize->between_bytes;
}

static void make_row_across_first(sv_resize *resize, uint32_t i, uint32_t first, uint32_t end)
{
    uint32_t row = resize->n_done > first ? resize->n_done : first;
    for (; row < end; row++)
        go_across(resize, find_row(resize, row), find_in_ring(resize, row));
    resize->n_done = end;
    for (uint32_t tap = 0; tap < resize->y.n_taps; tap++)
        resize->rows[tap] = find_in_ring(resize, first + tap < end ? first + tap : first);
    go_down(resize, i, resize->between_bytes, resize->out);
}

const uint8_t *sv_resize_next_row(sv_resize *resize)
{
    uint32_t i = resize->next++, first = resize->y.first[i], end = first + resize->y.n_taps;
    end = end < resize->image.height ? end : resize->image.height;
    if (resize->is_down_first)
        make_row_down_first(resize, i, first, end);
    else
        make_row_across_first(resize, i, first, end);
    return resize->out;
}
