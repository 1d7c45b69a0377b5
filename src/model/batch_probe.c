/* batch_probe.c: made-up rows, timed and compared.
 *
 * DESIGN. Row k is made from its number alone, so that it can be made again at any place of any
 * batch and nothing but the answers of the rows that ran alone is kept. Times are the best of
 * several runs: what disturbs a run only makes it longer. Every size gets the same share of the
 * time that is left. */
#include "model/batch_probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/half.h"
#include "model/batch.h"

enum {
    N_ALONE = 8,       /* rows that differ */
    N_ALONE_LEAST = 2, /* as many even when time is short */
    MAX_REPEATS = 50,
    MAX_BYTES = 256 << 20, /* of the rows of one run */
};
static const double knee_gain = 1.1, paying_gain = 1.2, float_tolerance = 1e-5;

typedef struct batch_probe {
    sv_engine_model *model;
    const sv_batch_probe_options *options;
    const sv_clock *clock;
    int64_t deadline_ns;
    sv_arena *arena;
    sv_tensor *inputs; /* with room for the rows of the largest run */
    sv_engine_output *outputs;
    bool is_timid; /* the model refuses some integers */
    size_t n_alone;
    sv_engine_result alone[N_ALONE]; /* by row */
    int64_t alone_ns;                /* best time of one row */
    sv_batch_probe_result *result;
} batch_probe;

static void say(batch_probe *it, const char *format, ...) SV_PRINTF(2, 3);
static void say(batch_probe *it, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(it->result->reason, sizeof it->result->reason, format, args);
    va_end(args);
}

static int64_t read_now(const batch_probe *it)
{
    return sv_clock_now_ns(it->clock);
}

/* ---- made-up rows ---- */

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Rows reach differently far: a scale taken from all rows of a batch changes with them. */
static double next_float(uint64_t *state, size_t row)
{
    double unit = (double)(next_random(state) >> 11) * 0x1p-53;
    return (2 * unit - 1) * 0.25 * (double)(1 + row);
}

/* Digits: models that read numbers out of texts take them too. */
static sv_str next_text(uint64_t *state)
{
    static const char digits[] = "123456789";
    uint64_t random = next_random(state);
    return (sv_str){digits + random % 5, 1 + (random >> 32) % 4};
}

/* One element. */
static void make_element(const batch_probe *it, sv_dtype dtype, size_t row, uint64_t *random,
                         void *to)
{
    uint64_t id = next_random(random) & (it->is_timid ? 1 : 7);
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        float f32;
        double f64;
        sv_str text;
    } value = {0};
    switch (dtype) {
    case SV_DTYPE_BOOL:
        value.u8 = id & 1;
        break;
    case SV_DTYPE_UINT8:
        value.u8 = (uint8_t)(it->is_timid ? id : next_random(random));
        break;
    case SV_DTYPE_INT8:
        value.u8 = (uint8_t)id;
        break;
    case SV_DTYPE_UINT16:
    case SV_DTYPE_INT16:
        value.u16 = (uint16_t)id;
        break;
    case SV_DTYPE_UINT32:
    case SV_DTYPE_INT32:
        value.u32 = (uint32_t)id;
        break;
    case SV_DTYPE_UINT64:
    case SV_DTYPE_INT64:
        value.u64 = id;
        break;
    case SV_DTYPE_FP16:
        value.u16 = sv_half_from_double(next_float(random, row), SV_HALF_BINARY16);
        break;
    case SV_DTYPE_BF16:
        value.u16 = sv_half_from_double(next_float(random, row), SV_HALF_BFLOAT16);
        break;
    case SV_DTYPE_FP32:
        value.f32 = (float)next_float(random, row);
        break;
    case SV_DTYPE_FP64:
        value.f64 = next_float(random, row);
        break;
    case SV_DTYPE_BYTES:
        value.text = next_text(random);
        break;
    case SV_DTYPE_NONE:
    case SV_DTYPE_COUNT:
        break;
    }
    memcpy(to, &value, sv_tensor_dtype_size(dtype));
}

/* Row number `row` of input `i`. */
static void make_row(const batch_probe *it, size_t i, size_t row, char *to)
{
    const sv_tensor *one = &it->options->row[i];
    size_t size = sv_tensor_dtype_size(one->dtype);
    uint64_t random = it->options->seed + 1000 * i + row;
    if (one->data) {
        memcpy(to, one->data, one->size_bytes);
        return;
    }
    for (size_t at = 0; size && at < one->size_bytes; at += size)
        make_element(it, one->dtype, row, &random, to + at);
}

/* ---- runs ---- */

/* Which row stands at `place` of a batch: backwards, and not the same for every size. */
static size_t pick_row(const batch_probe *it, size_t n_rows, size_t place)
{
    return (place * (it->n_alone - 1) + n_rows) % it->n_alone;
}

static void set_rows(batch_probe *it, size_t n_rows)
{
    for (size_t i = 0; i < it->options->n_inputs; i++) {
        it->inputs[i].shape.dims[0] = (int64_t)n_rows;
        it->inputs[i].size_bytes = n_rows * it->options->row[i].size_bytes;
    }
}

static void fill_row(batch_probe *it, size_t place, size_t row)
{
    for (size_t i = 0; i < it->options->n_inputs; i++)
        make_row(it, i, row, (char *)it->inputs[i].data + place * it->options->row[i].size_bytes);
}

/* One run of what is in the inputs; its time is kept in `*best_ns` when it is shorter (or 0). */
static sv_status run_once(batch_probe *it, int64_t *best_ns, sv_error *error,
                          sv_engine_result *ret_result)
{
    const sv_batch_probe_options *options = it->options;
    sv_engine_request run = {.inputs = it->inputs,
                             .n_inputs = options->n_inputs,
                             .outputs = options->outputs ? it->outputs : NULL,
                             .n_outputs = options->n_outputs,
                             .cancel = options->cancel};
    int64_t started = read_now(it);
    sv_status status = sv_engine_run(it->model, &run, error, ret_result);
    int64_t ns = read_now(it) - started;
    if (!status && (!*best_ns || ns < *best_ns))
        *best_ns = ns > 0 ? ns : 1;
    return status;
}

/* Runs again what is in the inputs, for its time alone, until `until_ns`. */
static sv_status repeat(batch_probe *it, int64_t until_ns, int64_t *best_ns, sv_error *error)
{
    sv_status status = SV_OK;
    for (int i = 0; i < MAX_REPEATS && !status && read_now(it) + *best_ns < until_ns; i++) {
        sv_engine_result result = {0};
        status = run_once(it, best_ns, error, &result);
        sv_engine_result_deinit(&result);
    }
    return status;
}

static void drop_alone(batch_probe *it)
{
    for (size_t i = 0; i < N_ALONE; i++)
        sv_engine_result_deinit(&it->alone[i]);
    it->n_alone = 0;
}

/* Answers of rows by themselves, as many as a quarter of the time allows. */
static sv_status run_rows_alone(batch_probe *it, int64_t until_ns, sv_error *error)
{
    sv_status status = SV_OK;
    set_rows(it, 1);
    while (!status && it->n_alone < N_ALONE &&
           (it->n_alone < N_ALONE_LEAST || read_now(it) + it->alone_ns < until_ns)) {
        fill_row(it, 0, it->n_alone);
        status = run_once(it, &it->alone_ns, error, &it->alone[it->n_alone]);
        it->n_alone += !status;
    }
    return status;
}

static bool probe_alone(batch_probe *it)
{
    int64_t until_ns = read_now(it) + it->options->budget_ns / 4;
    sv_error error = {0};
    sv_status status = SV_FAILED;
    for (int timid = 0; timid < 2 && status; timid++) {
        drop_alone(it);
        it->is_timid = timid;
        status = run_rows_alone(it, until_ns, &error);
    }
    if (!status)
        status = repeat(it, until_ns, &it->alone_ns, &error);
    if (status)
        say(it, "batching stays off: the model does not run made-up rows: %s",
            error.message[0] ? error.message : sv_status_text(status));
    return status == SV_OK;
}

/* ---- equality ---- */

static bool is_float(sv_dtype dtype)
{
    return dtype == SV_DTYPE_FP16 || dtype == SV_DTYPE_BF16 || dtype == SV_DTYPE_FP32 ||
           dtype == SV_DTYPE_FP64;
}

static double read_float(sv_dtype dtype, const char *at)
{
    union {
        uint16_t u16;
        float f32;
        double f64;
    } value;
    memcpy(&value, at, sv_tensor_dtype_size(dtype));
    if (dtype == SV_DTYPE_FP32)
        return (double)value.f32;
    if (dtype == SV_DTYPE_FP64)
        return value.f64;
    return sv_half_to_double(value.u16,
                             dtype == SV_DTYPE_FP16 ? SV_HALF_BINARY16 : SV_HALF_BFLOAT16);
}

/* How far two rows of floats are from each other; 0 when that is within what is allowed. */
static double compare_floats(sv_dtype dtype, const char *a, const char *b, size_t size_bytes)
{
    double most = 0, largest = 0;
    size_t step = sv_tensor_dtype_size(dtype);
    for (size_t at = 0; at < size_bytes; at += step) {
        double x = read_float(dtype, a + at), y = read_float(dtype, b + at);
        if (x == y || (isnan(x) && isnan(y)))
            continue;
        if (!isfinite(x) || !isfinite(y))
            return INFINITY;
        most = fmax(most, fabs(x - y));
    }
    for (size_t at = 0; at < size_bytes && most > 0; at += step) {
        double x = fabs(read_float(dtype, a + at));
        largest = isfinite(x) ? fmax(largest, x) : largest;
    }
    return most <= float_tolerance * largest ? 0 : most;
}

static double compare_texts(const sv_str *a, const sv_str *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!sv_str_eq(a[i], b[i]))
            return INFINITY;
    return 0;
}

/* The row at `place` of `batch` beside the one that ran alone: 0 when they are equal, infinity when
 * there is no number for it. */
static double compare_row(const sv_tensor *alone, const sv_tensor *batch, size_t place)
{
    size_t n = alone->size_bytes;
    const char *a = alone->data, *b = n ? (const char *)batch->data + place * n : NULL;
    if (alone->dtype != batch->dtype || batch->size_bytes != n * (size_t)batch->shape.dims[0])
        return INFINITY;
    if (!n)
        return 0;
    if (is_float(alone->dtype))
        return compare_floats(alone->dtype, a, b, n);
    if (alone->dtype == SV_DTYPE_BYTES)
        return compare_texts(alone->data, (const sv_str *)(const void *)b, n / sizeof(sv_str));
    return memcmp(a, b, n) == 0 ? 0 : INFINITY;
}

static bool refuse_row(batch_probe *it, const sv_tensor *output, size_t place, double difference)
{
    char amount[40] = "is another";
    if (isfinite(difference))
        snprintf(amount, sizeof amount, "differs by %.2g", difference);
    it->result->is_equal = false;
    say(it,
        "batching stays off: answers depend on their neighbours, as with dynamic quantisation: "
        "row %zu of %lld of '%.*s' %s",
        place + 1, (long long)output->shape.dims[0], SV_STR_ARG(sv_str_slice(output->name, 0, 64)),
        amount);
    return false;
}

/* Every row of every output beside the answer of the same row alone. */
static bool compare(batch_probe *it, const sv_engine_result *batch, size_t n_rows)
{
    for (size_t i = 0; i < batch->n_outputs; i++) {
        const sv_tensor *output = &batch->outputs[i];
        if (output->shape.rank < 1 || output->shape.dims[0] != (int64_t)n_rows) {
            it->result->is_equal = false;
            say(it, "batching stays off: output '%.*s' has not one row for each of %zu",
                SV_STR_ARG(sv_str_slice(output->name, 0, 64)), n_rows);
            return false;
        }
        for (size_t place = 0; place < n_rows; place++) {
            const sv_engine_result *alone = &it->alone[pick_row(it, n_rows, place)];
            double difference = compare_row(&alone->outputs[i], output, place);
            if (difference > 0)
                return refuse_row(it, output, place, difference);
        }
    }
    return true;
}

/* ---- sizes ---- */

/* Fills the sizes to try, from small to large; returns how many. */
static size_t list_sizes(size_t max_rows, size_t sizes[4])
{
    size_t n = 0;
    if (max_rows > SV_BATCH_PROBE_MAX_ROWS)
        max_rows = SV_BATCH_PROBE_MAX_ROWS;
    for (size_t size = 4; size < max_rows && size <= 16; size *= 2)
        sizes[n++] = size;
    sizes[n++] = max_rows;
    return n;
}

/* Time and equality of one size; false: the answer is there, batching stays off. */
static bool probe_size(batch_probe *it, size_t n_rows, int64_t until_ns, int64_t *ret_ns)
{
    sv_engine_result result = {0};
    sv_error error = {0};
    int64_t best_ns = 0;
    set_rows(it, n_rows);
    for (size_t place = 0; place < n_rows; place++)
        fill_row(it, place, pick_row(it, n_rows, place));
    sv_status status = run_once(it, &best_ns, &error, &result);
    bool is_equal = !status && compare(it, &result, n_rows);
    sv_engine_result_deinit(&result);
    if (is_equal)
        status = repeat(it, until_ns, &best_ns, &error);
    if (status)
        say(it, "batching stays off: the model fails with %zu rows at once: %s", n_rows,
            error.message[0] ? error.message : sv_status_text(status));
    *ret_ns = best_ns;
    return is_equal && !status;
}

/* What was found out about sizes. */
typedef struct findings {
    size_t tried, knee; /* rows; 1: none */
    double gain, knee_gain;
} findings;

static void add_finding(findings *found, size_t n_rows, double gain)
{
    bool is_better = gain >= fmax(found->gain, found->knee_gain) * knee_gain;
    found->tried = n_rows;
    found->gain = gain;
    if (!is_better)
        return;
    found->knee = n_rows;
    found->knee_gain = gain;
}

/* From what is known to what is done; at least one size was tried. */
static void decide(batch_probe *it, const findings *found)
{
    sv_batch_probe_result *result = it->result;
    bool is_wanted = it->options->is_wanted;
    size_t limit = it->options->max_rows;
    bool is_whole = found->tried == limit || found->tried == SV_BATCH_PROBE_MAX_ROWS;
    size_t rows = is_wanted || found->knee == 1 ? found->tried : found->knee;
    result->gain = is_wanted || found->knee == 1 ? found->gain : found->knee_gain;
    result->is_paying = result->gain >= paying_gain;
    if (is_wanted && is_whole)
        rows = limit;
    result->max_rows = is_wanted || result->is_paying ? rows : 1;
    if (result->is_paying)
        say(it, "batching pays: %.1f x the rows at %zu at once", result->gain,
            is_wanted ? found->tried : rows);
    else
        say(it, "batching %s: %zu rows at once are only %.2f x as fast",
            is_wanted ? "is on as asked, but does not pay" : "stays off", found->tried,
            result->gain);
}

static void probe_sizes(batch_probe *it)
{
    size_t sizes[4], n = list_sizes(it->options->max_rows, sizes);
    findings found = {.tried = 1, .knee = 1, .gain = 1, .knee_gain = 1};
    for (size_t i = 0; i < n; i++) {
        int64_t now = read_now(it), left_ns = it->deadline_ns - now, ns = 0;
        if (left_ns < (int64_t)sizes[i] * it->alone_ns)
            break;
        if (!probe_size(it, sizes[i], now + left_ns / (int64_t)(n - i), &ns))
            return;
        it->result->is_equal = true;
        add_finding(&found, sizes[i], (double)sizes[i] * (double)it->alone_ns / (double)ns);
    }
    if (found.tried > 1)
        decide(it, &found);
    else
        say(it, "batching stays off: the probe's budget of %lld ms was spent before %zu rows ran",
            (long long)(it->options->budget_ns / SV_NS_PER_MS), sizes[0]);
}

/* ---- the whole ---- */

static bool make_inputs(batch_probe *it)
{
    const sv_batch_probe_options *options = it->options;
    size_t sizes[4], n_rows = sizes[list_sizes(options->max_rows, sizes) - 1];
    it->arena = sv_arena_new(MAX_BYTES);
    if (!it->arena)
        return false;
    it->inputs = sv_arena_alloc_array(it->arena, options->n_inputs, sizeof *it->inputs);
    it->outputs = sv_arena_alloc_array(it->arena, options->n_outputs, sizeof *it->outputs);
    bool is_made = it->inputs && it->outputs;
    for (size_t i = 0; i < options->n_outputs && is_made; i++)
        it->outputs[i].name = options->outputs[i];
    for (size_t i = 0; i < options->n_inputs && is_made; i++) {
        it->inputs[i] = options->row[i];
        it->inputs[i].data = sv_arena_alloc_array(it->arena, n_rows, options->row[i].size_bytes);
        is_made = it->inputs[i].data != NULL;
    }
    return is_made;
}

void sv_batch_probe_run(sv_engine_model *model, const sv_batch_probe_options *options,
                        sv_batch_probe_result *ret_result)
{
    batch_probe it = {.model = model,
                      .options = options,
                      .clock = options->clock ? options->clock : &sv_clock_system,
                      .result = ret_result};
    sv_error error = {0};
    *ret_result = (sv_batch_probe_result){.max_rows = 1, .gain = 1};
    it.deadline_ns = read_now(&it) + options->budget_ns;
    if (options->max_rows < 2)
        say(&it, "batching stays off: at most one row may run at once");
    else if (sv_batch_check(sv_engine_model_info(model), options->outputs, options->n_outputs,
                            &error))
        say(&it, "batching stays off: %s", error.message);
    else if (!make_inputs(&it))
        say(&it, "batching stays off: there is no memory to try it");
    else if (probe_alone(&it))
        probe_sizes(&it);
    drop_alone(&it);
    sv_arena_free(it.arena);
}
