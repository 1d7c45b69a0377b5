/* task_text.c: texts -> rows of numbers -> the model -> vectors or labels, on one thread.
 *
 * DESIGN. All texts of a request become tokens first, each cut to the longest that is wanted, in
 * one piece of memory. Then they run in their order of length, a few at a time: rows of a run are
 * filled up to its longest, so texts of like length waste little; a run has a ceiling of tokens, so
 * that a request of many long texts needs no more memory than a run. */
#include "model/task_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/half.h"
#include "text/hashed_ngrams.h"

enum { MAX_ROWS = 32, MAX_TOKENS_PER_RUN = 4096 };

/* One text of the request. */
typedef struct text_row {
    const int64_t *ids, *types;
    size_t n, index;
} text_row;

/* A request under way. */
typedef struct text_job {
    const sv_text_task *task;
    sv_engine_model *model;
    const sv_text_request *request;
    text_row *rows;                     /* by length */
    void *tensors[SV_TEXT_INPUT_COUNT]; /* of one run; NULL: not an input of the model */
    /* Takes the row of the output that belongs to text `row`. */
    sv_status (*take)(struct text_job *job, const sv_tensor *output, size_t at, const text_row *row,
                      sv_error *error);
    float *widened;              /* an output of halves as floats, of one run */
    float *values;               /* embed: where the vectors go, once their length is known */
    size_t n_dimensions;         /* of them */
    sv_predictions *predictions; /* classify */
} text_job;

static void add_stage(sv_timeline *timeline, sv_stage stage, int64_t *since_ns)
{
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    if (timeline)
        timeline->stage_ns[stage] += now - *since_ns;
    *since_ns = now;
}

/* ---- tokens ---- */

static int compare_rows(const void *a, const void *b)
{
    const text_row *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static sv_status tokenize(text_job *job)
{
    const sv_text_task *task = job->task;
    const sv_text_request *request = job->request;
    size_t room = (size_t)task->max_length, total = 0;
    for (size_t i = 0; i < request->n_texts; i++)
        total += sv_tokenizer_bound(task->tokenizer, request->texts[i], room);
    int64_t *ids = sv_arena_alloc_raw(request->arena, 2 * total * sizeof *ids);
    if (!ids)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < request->n_texts; i++) {
        sv_str text = request->texts[i];
        size_t most = sv_tokenizer_bound(task->tokenizer, text, room);
        sv_encoding to = {.ids = ids, .types = ids + most, .room = most};
        size_t n = sv_tokenizer_encode(task->tokenizer, text, &to);
        job->rows[i] = (text_row){to.ids, to.types, n, i};
        ids += 2 * most;
    }
    qsort(job->rows, request->n_texts, sizeof *job->rows, compare_rows);
    return SV_OK;
}

/* What came as tokens. */
static sv_status take_tokens(text_job *job)
{
    const sv_text_request *request = job->request;
    size_t room = (size_t)job->task->max_length, longest = 0;
    for (size_t i = 0; i < request->n_texts; i++) {
        size_t n = request->tokens[i].n < room ? request->tokens[i].n : room;
        job->rows[i] = (text_row){.ids = request->tokens[i].ids, .n = n, .index = i};
        longest = n > longest ? n : longest;
    }
    const int64_t *types = sv_arena_alloc_array(request->arena, longest, sizeof *types);
    if (!types)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < request->n_texts; i++)
        job->rows[i].types = types;
    qsort(job->rows, request->n_texts, sizeof *job->rows, compare_rows);
    return SV_OK;
}

static sv_status list_rows(text_job *job)
{
    size_t n = job->request->n_texts;
    job->rows = sv_arena_alloc_array(job->request->arena, n, sizeof *job->rows);
    if (!job->rows)
        return SV_NO_MEMORY;
    if (job->request->tokens)
        return take_tokens(job);
    if (job->task->tokenizer)
        return tokenize(job);
    for (size_t i = 0; i < n; i++)
        job->rows[i] = (text_row){.n = (size_t)job->task->n_buckets, .index = i};
    return SV_OK;
}

/* ---- one run ---- */

static size_t row_length(const text_job *job, size_t longest)
{
    return job->task->fixed_length ? (size_t)job->task->fixed_length : longest;
}

/* How many rows from `first` on run together. */
static size_t count_rows(const text_job *job, size_t first)
{
    size_t n = 1, most = (size_t)job->task->max_rows;
    if (most > MAX_ROWS)
        most = MAX_ROWS;
    while (n < most && first + n < job->request->n_texts &&
           (n + 1) * row_length(job, job->rows[first + n].n) <= MAX_TOKENS_PER_RUN)
        n++;
    return n;
}

static const sv_tensor_spec *find_spec(const text_job *job, sv_text_input input)
{
    int at = job->task->inputs[input];
    return at ? &sv_engine_model_info(job->model)->inputs[at - 1] : NULL;
}

/* Room for the largest run there will be. */
static sv_status make_tensors(text_job *job)
{
    size_t longest = row_length(job, job->rows[job->request->n_texts - 1].n);
    size_t n = longest > MAX_TOKENS_PER_RUN ? longest : MAX_TOKENS_PER_RUN;
    if (n > longest * job->request->n_texts)
        n = longest * job->request->n_texts;
    if (!job->task->tokenizer)
        n = longest * (size_t)(job->task->max_rows < MAX_ROWS ? job->task->max_rows : MAX_ROWS);
    for (int i = 0; i < SV_TEXT_INPUT_COUNT; i++) {
        const sv_tensor_spec *spec = find_spec(job, (sv_text_input)i);
        if (!spec)
            continue;
        job->tensors[i] =
            sv_arena_alloc_raw(job->request->arena, n * sv_tensor_dtype_size(spec->dtype));
        if (!job->tensors[i])
            return SV_NO_MEMORY;
    }
    return SV_OK;
}

/* Element `at` of a row: what the text has there, or filling. */
static int64_t pick_value(const text_job *job, sv_text_input input, const text_row *row, size_t at)
{
    bool inside = at < row->n;
    switch (input) {
    case SV_TEXT_INPUT_IDS:
        return inside ? row->ids[at] : sv_tokenizer_pad_id(job->task->tokenizer);
    case SV_TEXT_INPUT_MASK:
        return inside;
    case SV_TEXT_INPUT_TYPES:
        return inside ? row->types[at] : 0;
    case SV_TEXT_INPUT_COUNTS:
    case SV_TEXT_INPUT_COUNT:
        break;
    }
    return 0;
}

static void fill_integers(const text_job *job, sv_text_input input, const text_row *rows,
                          size_t n_rows, size_t length)
{
    bool wide = find_spec(job, input)->dtype == SV_DTYPE_INT64;
    int64_t *wide_at = job->tensors[input];
    int32_t *narrow_at = job->tensors[input];
    for (size_t r = 0; r < n_rows; r++)
        for (size_t i = 0; i < length; i++) {
            int64_t value = pick_value(job, input, &rows[r], i);
            if (wide)
                *wide_at++ = value;
            else
                *narrow_at++ = (int32_t)value;
        }
}

static void fill_counts(const text_job *job, const text_row *rows, size_t n_rows)
{
    size_t n = (size_t)job->task->n_buckets;
    float *counts = job->tensors[SV_TEXT_INPUT_COUNTS];
    memset(counts, 0, n_rows * n * sizeof *counts);
    for (size_t r = 0; r < n_rows; r++)
        sv_hashed_ngrams_count(job->request->texts[rows[r].index], counts + r * n, n);
}

/* The tensors of the rows; returns how many. */
static size_t fill_tensors(const text_job *job, const text_row *rows, size_t n_rows,
                           sv_tensor *ret_tensors)
{
    size_t n = 0, length = row_length(job, rows[n_rows - 1].n);
    for (int i = 0; i < SV_TEXT_INPUT_COUNT; i++) {
        const sv_tensor_spec *spec = find_spec(job, (sv_text_input)i);
        if (!spec)
            continue;
        if (i == SV_TEXT_INPUT_COUNTS)
            fill_counts(job, rows, n_rows);
        else
            fill_integers(job, (sv_text_input)i, rows, n_rows, length);
        ret_tensors[n++] =
            (sv_tensor){.name = spec->name,
                        .dtype = spec->dtype,
                        .shape = SV_SHAPE((int64_t)n_rows, (int64_t)length),
                        .data = job->tensors[i],
                        .size_bytes = n_rows * length * sv_tensor_dtype_size(spec->dtype)};
    }
    return n;
}

/* The output as floats, whatever it came as; NULL data: out of memory. */
static sv_tensor widen(text_job *job, const sv_tensor *output)
{
    sv_tensor floats = *output;
    if (output->dtype == SV_DTYPE_FP32)
        return floats;
    size_t n = output->size_bytes / sizeof(uint16_t);
    const uint16_t *halves = output->data;
    bool is_bfloat = output->dtype == SV_DTYPE_BF16;
    float *values = realloc(job->widened, n * sizeof *values + 1);
    floats = (sv_tensor){.name = output->name, .dtype = SV_DTYPE_FP32, .shape = output->shape};
    if (!values)
        return floats;
    for (size_t i = 0; i < n; i++)
        values[i] =
            (float)sv_half_to_double(halves[i], is_bfloat ? SV_HALF_BFLOAT16 : SV_HALF_BINARY16);
    floats.data = job->widened = values;
    floats.size_bytes = n * sizeof *values;
    return floats;
}

static sv_status take_rows(text_job *job, const sv_tensor *output, const text_row *rows,
                           size_t n_rows, sv_error *error)
{
    bool is_float = output->dtype == SV_DTYPE_FP32 || output->dtype == SV_DTYPE_FP16 ||
                    output->dtype == SV_DTYPE_BF16;
    if (!is_float || output->shape.rank < 2 || output->shape.dims[0] != (int64_t)n_rows)
        return sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                            "The model did not give one row for each text");
    sv_tensor floats = widen(job, output);
    sv_status status = floats.data ? SV_OK : SV_NO_MEMORY;
    for (size_t r = 0; r < n_rows && !status; r++)
        status = job->take(job, &floats, r, &rows[r], error);
    return status;
}

static sv_status run_rows(text_job *job, const text_row *rows, size_t n_rows, sv_error *error)
{
    sv_tensor inputs[SV_TEXT_INPUT_COUNT];
    const sv_engine_info *info = sv_engine_model_info(job->model);
    sv_engine_output output = {.name = info->outputs[job->task->output].name};
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    sv_engine_request run = {.inputs = inputs,
                             .n_inputs = fill_tensors(job, rows, n_rows, inputs),
                             .outputs = &output,
                             .n_outputs = 1,
                             .cancel = job->request->cancel};
    sv_engine_result result = {0};
    sv_status status = sv_engine_run(job->model, &run, error, &result);
    /* The client sent a text: tensors that do not fit are a fault of ours, not its. */
    if (status == SV_INVALID || status == SV_UNSUPPORTED)
        status =
            sv_error_set(error, SV_FAILED, &sv_kind_inference_failed, "The model could not run");
    if (!status)
        status = take_rows(job, &result.outputs[0], rows, n_rows, error);
    sv_engine_result_deinit(&result);
    add_stage(job->request->timeline, SV_STAGE_INFER, &since);
    return status;
}

static sv_status run_texts(text_job *job, sv_error *error)
{
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    sv_status status = list_rows(job);
    if (!status)
        status = make_tensors(job);
    add_stage(job->request->timeline, SV_STAGE_DECODE, &since);
    for (size_t first = 0; first < job->request->n_texts && !status;) {
        size_t n = count_rows(job, first);
        status = run_rows(job, &job->rows[first], n, error);
        first += n;
    }
    free(job->widened);
    return status;
}

/* ---- vectors ---- */

static void add_scaled(float *sum, const float *values, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += values[i] * scale;
}

/* The vector of a text out of its row: [D], or [length, D] that is pooled. */
static void pool_row(const text_job *job, const float *row, size_t n_tokens, float *vector)
{
    size_t n = job->n_dimensions;
    if (job->task->pooling != SV_TEXT_POOLING_MEAN) {
        memcpy(vector, row, n * sizeof *vector);
        return;
    }
    memset(vector, 0, n * sizeof *vector);
    for (size_t i = 0; i < n_tokens; i++)
        add_scaled(vector, row + i * n, n, 1.0F / (float)n_tokens);
}

/* A vector without length stays as it is: an empty text has none. */
static bool normalize(float *vector, size_t n, bool wanted)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)vector[i] * vector[i];
    double scale = wanted && sum > 1e-24 ? 1 / sqrt(sum) : 1;
    for (size_t i = 0; i < n && wanted; i++)
        vector[i] = (float)(vector[i] * scale);
    return isfinite(sum);
}

static sv_status fail_shape(sv_error *error)
{
    return sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                        "The model gave no vector for each text");
}

/* Checks the shape of an output; the first one says how long all vectors are. */
static sv_status prepare_vectors(text_job *job, const sv_shape *shape, size_t n_tokens,
                                 sv_error *error)
{
    bool pooled = job->task->pooling == SV_TEXT_POOLING_NONE;
    int64_t n = shape->dims[shape->rank - 1];
    if (shape->rank != (pooled ? 2 : 3) || n < 1 || n > SV_TASK_TEXT_MAX_DIMENSIONS ||
        (!pooled && shape->dims[1] < (int64_t)n_tokens))
        return fail_shape(error);
    if (job->values)
        return (size_t)n == job->n_dimensions ? SV_OK : fail_shape(error);
    job->n_dimensions = (size_t)n;
    job->values = sv_arena_alloc_array(job->request->arena, job->request->n_texts * (size_t)n,
                                       sizeof *job->values);
    return job->values ? SV_OK : SV_NO_MEMORY;
}

static sv_status take_vector(text_job *job, const sv_tensor *output, size_t at, const text_row *row,
                             sv_error *error)
{
    sv_status status = prepare_vectors(job, &output->shape, row->n, error);
    if (status)
        return status;
    size_t stride = output->size_bytes / sizeof(float) / (size_t)output->shape.dims[0];
    float *vector = job->values + row->index * job->n_dimensions;
    pool_row(job, (const float *)output->data + at * stride, row->n, vector);
    if (!normalize(vector, job->n_dimensions, job->task->normalize))
        return sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                            "The model gave numbers that are not finite");
    return SV_OK;
}

sv_status sv_task_text_embed(const sv_text_task *task, sv_engine_model *model,
                             const sv_text_request *request, sv_error *error,
                             sv_embeddings *ret_embeddings)
{
    text_job job = {.task = task, .model = model, .request = request, .take = take_vector};
    sv_status status = run_texts(&job, error);
    if (!status)
        *ret_embeddings = (sv_embeddings){job.values, request->n_texts, job.n_dimensions};
    return status;
}

static bool are_close(const sv_embeddings *a, const sv_embeddings *b)
{
    for (size_t i = 0; i < a->n_rows * a->n_dimensions; i++)
        if (fabsf(a->values[i] - b->values[i]) > 1e-5F * fmaxf(1, fabsf(a->values[i])))
            return false;
    return true;
}

sv_status sv_task_text_find_max_rows(sv_text_task *task, sv_engine_model *model, sv_cancel *cancel,
                                     sv_error *error)
{
    static const sv_str texts[] = {
        SV_STR_INIT("a cat"),
        SV_STR_INIT("the quick brown fox jumps over the lazy dog, 42 times in 2 hours!")};
    sv_text_task one_by_one = *task;
    sv_embeddings alone, together;
    sv_text_request request = {
        .texts = texts, .n_texts = 2, .arena = sv_arena_new(0), .cancel = cancel};
    one_by_one.max_rows = 1;
    sv_status status = request.arena ? SV_OK : SV_NO_MEMORY;
    if (!status)
        status = sv_task_text_embed(&one_by_one, model, &request, error, &alone);
    if (!status)
        status = sv_task_text_embed(task, model, &request, error, &together);
    if (!status && !are_close(&alone, &together))
        task->max_rows = 1;
    sv_arena_free(request.arena);
    return status;
}

/* ---- labels ---- */

static sv_status take_scores(text_job *job, const sv_tensor *output, size_t at, const text_row *row,
                             sv_error *error)
{
    const sv_text_task *task = job->task;
    const sv_text_request *request = job->request;
    size_t n = output->size_bytes / sizeof(float) / (size_t)output->shape.dims[0];
    const sv_scores_rules rules = {.labels = &task->labels,
                                   .softmax = task->softmax,
                                   .top_k = request->top_k ? request->top_k : task->top_k};
    const sv_scores_row scores = {(const float *)output->data + at * n,
                                  output->shape.rank == 2 ? n : 0};
    return sv_scores_rank(&rules, scores, request->arena, error, &job->predictions[row->index]);
}

sv_status sv_task_text_classify(const sv_text_task *task, sv_engine_model *model,
                                const sv_text_request *request, sv_error *error,
                                sv_predictions *ret_predictions)
{
    text_job job = {.task = task,
                    .model = model,
                    .request = request,
                    .take = take_scores,
                    .predictions = ret_predictions};
    return run_texts(&job, error);
}
