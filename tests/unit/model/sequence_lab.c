/* sequence_lab.c: a real language model and answers of it. */
#include "sequence_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/chat_prompt.h"

void sequence_lab_open(sequence_lab *lab, const char *name)
{
    lab->host = text_lab_open();
    lab->engine_model =
        name ? text_lab_load(lab->host, name)
             : text_lab_load_file(lab->host, SV_SOURCE_DIR "/models/chat/1/model.gguf");
    lab->model = sv_engine_text_model(lab->engine_model);
    assert_non_null(lab->model);
}

void sequence_lab_close(sequence_lab *lab)
{
    sv_engine_unload(lab->engine_model);
    sv_engine_host_free(lab->host);
    *lab = (sequence_lab){0};
}

text_lab_tokens sequence_lab_prompt(const sequence_lab *lab, const char *text, bool is_chat)
{
    if (!is_chat)
        return text_lab_tokenize(lab->model, text, (sv_tokenize_options){.begins = true});
    text_lab_tokens tokens = {.n = 0};
    sv_chat_message message = {SV_STR("user"), sv_str_from(text)};
    sv_chat_prompt prompt = {.messages = &message,
                             .n_messages = 1,
                             .opens_answer = true,
                             .max_tokens = sizeof tokens.at / sizeof *tokens.at};
    sv_error error = {0};
    sv_buf buf;
    sv_buf_init(&buf, sizeof tokens.at);
    if (sv_chat_prompt_tokens(lab->model, &prompt, &error, &buf))
        fail_msg("%s", error.message);
    tokens.n = buf.len / sizeof *tokens.at;
    memcpy(tokens.at, buf.ptr, buf.len);
    sv_buf_deinit(&buf);
    return tokens;
}

sv_generation_request sequence_lab_request(const text_lab_tokens *prompt, uint32_t max_tokens)
{
    sv_generation_request request = {.prompt = prompt->at,
                                     .n_prompt = prompt->n,
                                     .sampling = sv_sampling_defaults(),
                                     .max_tokens = max_tokens,
                                     .first_deadline_ns = SV_NEVER,
                                     .deadline_ns = SV_NEVER};
    request.sampling.temperature = 0;
    return request;
}

static void pass(sv_generation *generation, void *arg)
{
    (void)generation, (void)arg;
}

static void pass_resumed(sv_generation *generation)
{
    (void)generation;
}

bool sequence_lab_try(sequence_lab_answer *answer, const sv_generation_request *request)
{
    if (sv_generation_new(request, &answer->generation))
        return false;
    answer->generation->wake = pass;
    answer->generation->resumed = pass_resumed;
    return true;
}

void sequence_lab_make(sequence_lab_answer *answer, const sv_generation_request *request)
{
    assert_true(sequence_lab_try(answer, request));
}

void sequence_lab_take(sequence_lab_answer *answer)
{
    sv_generation_part part;
    while (!answer->finish && sv_generation_take(answer->generation, &part)) {
        assert_true(answer->len + part.text.len < sizeof answer->text);
        if (part.text.len)
            memcpy(answer->text + answer->len, part.text.ptr, part.text.len);
        answer->len += part.text.len;
        answer->text[answer->len] = '\0';
        for (size_t i = 0; i < part.n_tokens; i++) {
            answer->tokens.at[answer->tokens.n++] = part.tokens[i].chosen.token;
            answer->logprobs += (double)part.tokens[i].chosen.logprob;
        }
        answer->finish = part.finish;
    }
}

void sequence_lab_drop(sequence_lab_answer *answer)
{
    sv_generation_drop(answer->generation);
    *answer = (sequence_lab_answer){0};
}

static void pass_poke(void *arg)
{
    (void)arg;
}

sv_sequence_steps *sequence_lab_steps(const sequence_lab *lab, uint32_t n_slots, uint32_t n_context)
{
    sv_sequence_batch_config config = {.model = lab->model,
                                       .n_sequences = n_slots,
                                       .n_context = n_context,
                                       .threads = 1,
                                       .max_gap_ns = 200 * SV_NS_PER_MS};
    sv_sequence_steps *steps = calloc(1, sizeof *steps);
    sv_error error = {0};
    assert_non_null(steps);
    steps->poke = pass_poke;
    if (sv_sequence_steps_init(steps, &config, &error))
        fail_msg("%s", error.message);
    return steps;
}

void sequence_lab_free_steps(sv_sequence_steps *steps)
{
    sv_sequence_steps_end_all(steps);
    sv_sequence_steps_deinit(steps);
    free(steps);
}

void sequence_lab_seat(sv_sequence_steps *steps, sequence_lab_answer *answer,
                       const sv_generation_request *request)
{
    sequence_lab_make(answer, request);
    assert_true(sv_sequence_steps_has_room(steps));
    sv_sequence_steps_seat(steps, answer->generation);
}

void sequence_lab_finish(sv_sequence_steps *steps, sequence_lab_answer *answers, size_t n)
{
    bool goes_on = true;
    for (size_t n_steps = 0; goes_on; n_steps++) {
        assert_true(n_steps < 10000);
        sv_sequence_steps_drop_unwanted(steps);
        goes_on = sv_sequence_steps_run(steps);
        sv_sequence_steps_close_gaps(steps, false);
        for (size_t i = 0; i < n; i++)
            sequence_lab_take(&answers[i]);
    }
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(answers[i].finish, SV_FINISH_NONE);
}
