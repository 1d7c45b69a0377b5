/* inspect_text.c: what models over tokens have in common, by the names their makers give. */
#include "model/inspect_text.h"

#include <string.h>

#include "model/labels.h"
#include "text/hashed_ngrams.h"

enum { DEFAULT_TOP_K = 5 };

static const char hashed_ngrams[] = "hashed-ngrams"; /* in a manifest, instead of a file */

static const sv_str input_names[SV_TEXT_INPUT_COUNT] = {
    [SV_TEXT_INPUT_IDS] = SV_STR_INIT("input_ids"),
    [SV_TEXT_INPUT_MASK] = SV_STR_INIT("attention_mask"),
    [SV_TEXT_INPUT_TYPES] = SV_STR_INIT("token_type_ids"),
};

static const struct manifest_preprocess *preprocess_of(const sv_inspect_request *request)
{
    static const struct manifest_preprocess nothing = {0};
    return request->manifest->preprocess ? request->manifest->preprocess : &nothing;
}

static const struct manifest_postprocess *postprocess_of(const sv_inspect_request *request)
{
    static const struct manifest_postprocess nothing = {0};
    return request->manifest->postprocess ? request->manifest->postprocess : &nothing;
}

static bool wants_hashed_ngrams(const sv_inspect_request *request)
{
    const sv_opt_str *tokenizer = &preprocess_of(request)->tokenizer;
    return tokenizer->set && sv_str_eq(tokenizer->value, sv_str_from(hashed_ngrams));
}

/* ---- inputs ---- */

static bool is_count_input(const sv_tensor_spec *input)
{
    return input->dtype == SV_DTYPE_FP32 && input->shape.rank == 2 && input->shape.dims[1] > 0 &&
           input->shape.dims[1] <= SV_HASHED_NGRAMS_MAX_BUCKETS;
}

static bool is_token_input(const sv_tensor_spec *input)
{
    return (input->dtype == SV_DTYPE_INT64 || input->dtype == SV_DTYPE_INT32) &&
           input->shape.rank == 2 && !input->is_any_shape;
}

/* Which of ours an input is; SV_TEXT_INPUT_COUNT: none. */
static int find_input(const sv_tensor_spec *input)
{
    for (int i = 0; i < SV_TEXT_INPUT_COUNT; i++)
        if (input_names[i].len && sv_str_eq(input->name, input_names[i]) && is_token_input(input))
            return i;
    return SV_TEXT_INPUT_COUNT;
}

/* Fills indices + 1; false: an input that is none of ours, or no ids. */
static bool read_inputs(const sv_inspect_request *request, int ret_inputs[SV_TEXT_INPUT_COUNT])
{
    const sv_engine_info *info = request->info;
    memset(ret_inputs, 0, SV_TEXT_INPUT_COUNT * sizeof *ret_inputs);
    if (wants_hashed_ngrams(request)) {
        ret_inputs[SV_TEXT_INPUT_COUNTS] = 1;
        return info->n_inputs == 1 && is_count_input(&info->inputs[0]);
    }
    for (size_t i = 0; i < info->n_inputs; i++) {
        int which = find_input(&info->inputs[i]);
        if (which == SV_TEXT_INPUT_COUNT)
            return false;
        ret_inputs[which] = (int)i + 1;
    }
    return ret_inputs[SV_TEXT_INPUT_IDS] != 0;
}

/* ---- outputs ---- */

static bool has_any_name(sv_str name, const char *const *names)
{
    for (; *names; names++)
        if (sv_str_eq(name, sv_str_from(*names)))
            return true;
    return false;
}

/* What task_text.c reads as floats. */
static bool is_float(sv_dtype dtype)
{
    return dtype == SV_DTYPE_FP32 || dtype == SV_DTYPE_FP16 || dtype == SV_DTYPE_BF16;
}

/* The first output of this rank, of one of these names (NULL: any); n_outputs: there is none. */
static size_t find_output(const sv_engine_info *info, int rank, const char *const *names)
{
    for (size_t i = 0; i < info->n_outputs; i++)
        if (is_float(info->outputs[i].dtype) && info->outputs[i].shape.rank == rank &&
            (!names || has_any_name(info->outputs[i].name, names)))
            return i;
    return info->n_outputs;
}

static const char *const score_names[] = {"logits", "scores", "probabilities", NULL};
static const char *const vector_names[] = {"sentence_embedding", "sentence_embeddings", "embedding",
                                           "embeddings",         "text_embeds",         NULL};

/* Where the vectors are, and how they become one for each text: what the graph pooled under a name
 * that says so, else the vectors of tokens, else whatever is one vector. A `pooler_output` is none
 * of these: it was made for another end. */
static bool choose_vectors(const sv_engine_info *info, int wanted, sv_text_task *text)
{
    size_t named = find_output(info, 2, vector_names), tokens = find_output(info, 3, NULL);
    bool pool = wanted ? wanted != SV_MANIFEST_POOLING_NONE
                       : named == info->n_outputs && tokens < info->n_outputs;
    text->pooling = !pool                               ? SV_TEXT_POOLING_NONE
                    : wanted == SV_MANIFEST_POOLING_CLS ? SV_TEXT_POOLING_CLS
                                                        : SV_TEXT_POOLING_MEAN;
    text->output = pool ? tokens : named < info->n_outputs ? named : find_output(info, 2, NULL);
    return text->output < info->n_outputs;
}

bool sv_inspect_text_fits(const sv_inspect_request *request, sv_buf *reasons)
{
    int inputs[SV_TEXT_INPUT_COUNT];
    const sv_engine_info *info = request->info;
    if (!read_inputs(request, inputs)) {
        sv_buf_printf(reasons, "not input_ids [N,tokens] with, at most, attention_mask and "
                               "token_type_ids\n");
        return false;
    }
    if (find_output(info, 2, NULL) == info->n_outputs &&
        find_output(info, 3, NULL) == info->n_outputs) {
        sv_buf_printf(reasons, "no output is floats [N,numbers] or [N,tokens,numbers]\n");
        return false;
    }
    if (!request->tokenizer_file && !wants_hashed_ngrams(request)) {
        sv_buf_printf(reasons, "input_ids, but no tokenizer.json or vocab.txt beside the model\n");
        return false;
    }
    sv_buf_printf(reasons, "input %.*s and a tokenizer: texts\n", SV_STR_ARG(info->inputs[0].name));
    return true;
}

sv_model_task sv_inspect_text_guess(const sv_inspect_request *request, sv_buf *reasons)
{
    const sv_engine_info *info = request->info;
    size_t scores = find_output(info, 2, score_names);
    bool labelled = request->labels_file && find_output(info, 3, NULL) == info->n_outputs &&
                    find_output(info, 2, vector_names) == info->n_outputs;
    if (scores == info->n_outputs && !labelled) {
        sv_buf_printf(reasons, "no output is called logits: embedding\n");
        return SV_TASK_TEXT_EMBEDDING;
    }
    sv_buf_printf(reasons, labelled ? "labels.txt is there: classification\n"
                                    : "an output of scores: classification\n");
    return SV_TASK_TEXT_CLASSIFICATION;
}

/* ---- preparing ---- */

/* Sides of the inputs: what is fixed in the model holds for every run. */
static sv_status fill_lengths(const sv_inspect_request *request, sv_error *error,
                              sv_text_task *text)
{
    const sv_opt_int *wanted = &preprocess_of(request)->max_length;
    int first = text->inputs[text->tokenizer ? SV_TEXT_INPUT_IDS : SV_TEXT_INPUT_COUNTS] - 1;
    const int64_t *dims = request->info->inputs[first].shape.dims;
    if (dims[0] > 1)
        return sv_error_set(error, SV_INVALID, NULL,
                            "the model takes exactly %lld texts at once; 1 or any number is "
                            "supported",
                            (long long)dims[0]);
    text->max_rows = dims[0] > 0 ? 1 : SV_TASK_TEXT_MAX_LENGTH;
    if (!text->tokenizer) {
        text->n_buckets = dims[1];
        return SV_OK;
    }
    text->fixed_length = dims[1] > 0 ? dims[1] : 0;
    text->max_length = wanted->set              ? wanted->value
                       : text->fixed_length > 0 ? text->fixed_length
                                                : SV_TASK_TEXT_DEFAULT_LENGTH;
    if (text->fixed_length > SV_TASK_TEXT_MAX_LENGTH ||
        (text->fixed_length && text->max_length > text->fixed_length))
        return sv_error_set(error, SV_INVALID, NULL,
                            "preprocess.max_length does not fit: the model takes %lld tokens, at "
                            "most %d are supported",
                            (long long)text->fixed_length, SV_TASK_TEXT_MAX_LENGTH);
    if (text->max_length < (int64_t)sv_tokenizer_n_specials(text->tokenizer))
        return sv_error_set(error, SV_INVALID, NULL, "preprocess.max_length has no room for text");
    return SV_OK;
}

static sv_status fill_labels(sv_arena *arena, const sv_inspect_request *request, sv_error *error,
                             sv_text_task *text)
{
    if (!request->labels_file)
        return SV_OK;
    sv_status status = sv_labels_read(arena, request->labels_file, error, &text->labels);
    int64_t classes = request->info->outputs[text->output].shape.dims[1];
    if (!status && classes > 0 && (size_t)classes != text->labels.len)
        return sv_error_set(error, SV_INVALID, NULL,
                            "%s has %zu labels but the model gives %lld scores",
                            request->labels_file, text->labels.len, (long long)classes);
    return status;
}

static sv_status fill_output(sv_arena *arena, const sv_inspect_request *request, sv_model_task task,
                             sv_error *error, sv_text_task *text)
{
    const struct manifest_postprocess *post = postprocess_of(request);
    const sv_engine_info *info = request->info;
    if (task == SV_TASK_TEXT_EMBEDDING) {
        text->normalize = post->normalize.set ? post->normalize.value : true;
        return choose_vectors(info, post->pooling, text)
                   ? SV_OK
                   : sv_error_set(error, SV_INVALID, NULL,
                                  "postprocess.pooling does not fit: no output is %s",
                                  post->pooling == SV_MANIFEST_POOLING_NONE ? "[N,numbers]"
                                                                            : "[N,tokens,numbers]");
    }
    size_t named = find_output(info, 2, score_names);
    text->output = named < info->n_outputs ? named : find_output(info, 2, NULL);
    text->softmax = post->softmax.set ? post->softmax.value : true;
    text->top_k = post->top_k.set ? post->top_k.value : DEFAULT_TOP_K;
    if (text->output == info->n_outputs)
        return sv_error_set(error, SV_INVALID, NULL, "no output is scores [N,classes]");
    return fill_labels(arena, request, error, text);
}

sv_status sv_inspect_text_prepare(sv_arena *arena, const sv_inspect_request *request,
                                  sv_buf *reasons, sv_error *error, sv_inspection *inspection)
{
    sv_text_task text = {0};
    sv_status status = SV_OK;
    if (!read_inputs(request, text.inputs))
        return sv_error_set(error, SV_INVALID, NULL, "the model does not take texts");
    if (!text.inputs[SV_TEXT_INPUT_COUNTS])
        status = sv_tokenizer_load(arena, request->tokenizer_file, error, &text.tokenizer);
    if (!status)
        status = fill_lengths(request, error, &text);
    if (!status)
        status = fill_output(arena, request, inspection->task, error, &text);
    if (status)
        return status;
    if (text.tokenizer)
        sv_buf_printf(reasons, "texts are cut to %lld tokens (preprocess.max_length)\n",
                      (long long)text.max_length);
    inspection->text = text;
    return SV_OK;
}
