/* sequence.c: logits -> token -> whole characters -> text without stop sequences -> the pipe. */
#include "model/sequence.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

static sv_status make_parts(sv_sequence *sequence, sv_error *error)
{
    const sv_generation_request *request = &sequence->generation->request;
    const sv_text_info *info = sv_text_info_of(sequence->model->model);
    sv_status status =
        sv_sampler_new(&request->sampling, (size_t)info->n_vocabulary, &sequence->sampler);
    if (!status)
        status = sv_stop_match_new(sequence->generation->arena, request->stops, request->n_stops,
                                   error, &sequence->stops);
    if (!status && request->grammar.len)
        status = sv_text_grammar_new(sequence->model->model, request->grammar, error,
                                     &sequence->grammar);
    for (size_t i = 0; !status && i < request->n_prompt; i++)
        status = sv_sampler_accept(sequence->sampler, request->prompt[i], true);
    return status;
}

sv_status sv_sequence_new(sv_sequence_model *model, sv_generation *generation, uint32_t n_room,
                          sv_sequence **ret_sequence)
{
    sv_error error = {0};
    sv_sequence *sequence = calloc(1, sizeof *sequence);
    if (!sequence) {
        sv_generation_fail(generation, SV_NO_MEMORY, NULL);
        sv_generation_drop(generation);
        return SV_NO_MEMORY;
    }
    uint32_t asked = generation->request.max_tokens;
    *sequence = (sv_sequence){.generation = generation,
                              .model = model,
                              .next = SV_NO_TOKEN,
                              .n_room = asked < n_room ? asked : n_room};
    sv_status status = make_parts(sequence, &error);
    if (!status) {
        *ret_sequence = sequence;
        return SV_OK;
    }
    sv_generation_fail(generation, status, &error);
    sv_sequence_free(sequence);
    return status;
}

void sv_sequence_free(sv_sequence *sequence)
{
    sv_sampler_free(sequence->sampler);
    sv_text_grammar_free(sequence->grammar);
    sv_generation_drop(sequence->generation);
    free(sequence);
}

/* ---- Choosing ---- */

static bool may_end(const sv_sequence *sequence)
{
    const sv_generation *generation = sequence->generation;
    return !generation->request.ignores_end &&
           generation->usage.n_completion >= generation->request.min_tokens;
}

static bool allows(void *arg, sv_token token)
{
    sv_sequence *sequence = arg;
    if (sv_text_ends(sequence->model->model, token) && !may_end(sequence))
        return false;
    return !sequence->grammar || sv_text_grammar_allows(sequence->grammar, token);
}

static void mask(void *arg, float *logits, size_t n)
{
    sv_sequence *sequence = arg;
    if (sequence->grammar)
        sv_text_grammar_mask(sequence->grammar, logits, n);
    for (size_t i = 0; !may_end(sequence) && i < sequence->model->n_ends; i++)
        logits[sequence->model->ends[i]] = -INFINITY;
}

static sv_token pick(sv_sequence *sequence, float *logits)
{
    sv_sampler_filter filter = {.allows = allows, .mask = mask, .arg = sequence};
    bool is_free = !sequence->grammar && may_end(sequence);
    return sv_sampler_pick(sequence->sampler, logits, is_free ? NULL : &filter);
}

/* ---- Text ---- */

/* Bytes of a token -> text that may go out; may be empty. */
static sv_status read_text(sv_sequence *sequence, sv_token token, bool *ret_stopped)
{
    sv_sequence_model *model = sequence->model;
    sv_buf_clear(&model->bytes);
    sv_buf_clear(&model->whole);
    sv_buf_clear(&model->text);
    sv_status status = sv_text_piece(model->model, token, false, &model->bytes);
    if (!status)
        status = sv_utf8_pieces_add(&sequence->pieces, sv_buf_str(&model->bytes), &model->whole);
    return status ? status
                  : sv_stop_match_add(sequence->stops, sv_buf_str(&model->whole), &model->text,
                                      ret_stopped);
}

static void note_time(sv_sequence *sequence)
{
    sv_generation *generation = sequence->generation;
    sv_generation_times *times = &generation->times;
    int64_t before_ns = sequence->last_ns ? sequence->last_ns : times->submitted_ns;
    sequence->last_ns = sv_clock_now_ns(&sv_clock_system);
    if (!times->first_ns)
        times->first_ns = sequence->last_ns;
    if (generation->on_token)
        generation->on_token(generation, sequence->last_ns - before_ns);
}

static sv_finish put_token(sv_sequence *sequence, sv_generation_token *token, bool *ret_stopped)
{
    sv_generation *generation = sequence->generation;
    sv_status status = read_text(sequence, token->chosen.token, ret_stopped);
    token->n_text_bytes = (uint32_t)sequence->model->text.len;
    if (!status)
        status = sv_generation_put(generation, sv_buf_str(&sequence->model->text),
                                   generation->request.has_logprobs ? token : NULL);
    generation->status = status;
    return status ? SV_FINISH_FAILED : SV_FINISH_NONE;
}

static sv_generation_token weigh(const sv_sequence *sequence, const float *logits)
{
    const sv_generation_request *request = &sequence->generation->request;
    size_t n = (size_t)sv_text_info_of(sequence->model->model)->n_vocabulary;
    sv_generation_token token = {0};
    if (request->has_logprobs)
        token.n_top =
            (uint32_t)sv_sampler_top_logprobs(logits, n, token.top, request->n_top_logprobs);
    return token;
}

static sv_finish fail_with(sv_sequence *sequence, const char *message)
{
    sv_generation *generation = sequence->generation;
    generation->status =
        sv_error_set(&generation->error, SV_FAILED, &sv_kind_inference_failed, "%s", message);
    return SV_FINISH_FAILED;
}

/* Of the raw logits: the choice changes them. */
static sv_status choose_token(sv_sequence *sequence, float *logits, sv_generation_token *ret_token)
{
    size_t n = (size_t)sv_text_info_of(sequence->model->model)->n_vocabulary;
    *ret_token = weigh(sequence, logits);
    if (!sequence->generation->request.has_logprobs) {
        ret_token->chosen.token = pick(sequence, logits);
        return SV_OK;
    }
    sv_buf *raw = &sequence->model->whole; /* free until the text is read */
    sv_buf_clear(raw);
    sv_status status = sv_buf_append(raw, logits, n * sizeof *logits);
    if (status)
        return status;
    ret_token->chosen.token = pick(sequence, logits);
    if (ret_token->chosen.token != SV_NO_TOKEN)
        ret_token->chosen.logprob =
            sv_sampler_logprob((const float *)(void *)raw->ptr, n, ret_token->chosen.token);
    return SV_OK;
}

/* Whose fault it is depends on what was asked for. */
static sv_finish fail_without_token(sv_sequence *sequence)
{
    sv_generation *generation = sequence->generation;
    if (generation->request.sampling.n_biases == 0)
        return fail_with(sequence, sequence->grammar ? "no token fits the grammar"
                                                     : "the model gave no number for any token");
    generation->status = sv_error_set(&generation->error, SV_INVALID, &sv_kind_invalid_input,
                                      "logit_bias forbids every token that may come next");
    return SV_FINISH_FAILED;
}

/* The grammar is at its end, though more was asked for. */
static bool is_complete(const sv_sequence *sequence)
{
    for (size_t i = 0; sequence->grammar && i < sequence->model->n_ends; i++)
        if (sv_text_grammar_allows(sequence->grammar, sequence->model->ends[i]))
            return true;
    return false;
}

sv_finish sv_sequence_choose(sv_sequence *sequence, float *logits)
{
    sv_generation *generation = sequence->generation;
    sv_generation_token token;
    sv_status status = choose_token(sequence, logits, &token);
    if (status) {
        generation->status = status;
        return SV_FINISH_FAILED;
    }
    sv_token chosen = token.chosen.token;
    if (chosen == SV_NO_TOKEN && is_complete(sequence))
        return SV_FINISH_STOP;
    if (chosen == SV_NO_TOKEN)
        return fail_without_token(sequence);
    note_time(sequence);
    generation->usage.n_completion++;
    if (sv_text_ends(sequence->model->model, chosen) && !generation->request.ignores_end)
        return SV_FINISH_STOP;
    if (sequence->grammar && sv_text_grammar_accept(sequence->grammar, chosen))
        return fail_with(sequence, "the grammar refused its own token");
    generation->status = sv_sampler_accept(sequence->sampler, chosen, false);
    sequence->next = chosen;
    bool stopped = false;
    sv_finish finish =
        generation->status ? SV_FINISH_FAILED : put_token(sequence, &token, &stopped);
    if (finish || !stopped)
        return finish                                               ? finish
               : generation->usage.n_completion >= sequence->n_room ? SV_FINISH_LENGTH
                                                                    : SV_FINISH_NONE;
    generation->stop_index = (int)sv_stop_match_index(sequence->stops);
    return SV_FINISH_STOP;
}

/* ---- The end ---- */

/* The beginning of a character that was cut off is no text. */
static sv_status put_rest(sv_sequence *sequence, bool *ret_stopped)
{
    sv_sequence_model *model = sequence->model;
    sv_buf_clear(&model->text);
    sv_status status = sv_stop_match_end(sequence->stops, &model->text, ret_stopped);
    return status ? status
                  : sv_generation_put(sequence->generation, sv_buf_str(&model->text), NULL);
}

void sv_sequence_end(sv_sequence *sequence, sv_finish finish)
{
    bool stopped = false;
    sv_status status =
        finish == SV_FINISH_FAILED ? sequence->generation->status : put_rest(sequence, &stopped);
    if (stopped && finish == SV_FINISH_LENGTH) { /* it had waited for one that began before it */
        finish = SV_FINISH_STOP;
        sequence->generation->stop_index = (int)sv_stop_match_index(sequence->stops);
    }
    if (status)
        sv_generation_fail(sequence->generation, status, NULL);
    else
        sv_generation_finish(sequence->generation, finish);
}

void sv_sequence_fail(sv_sequence *sequence, sv_status status, const sv_error *error)
{
    sv_generation_fail(sequence->generation, status, error);
}
