/* generation_answer.h: a call that is answered with what language models write: one generation or
 * several at once, as a stream or whole. The words around the text are a *format*'s.
 *
 * DESIGN. No thread waits for an answer. A generation that has news wakes the call's event loop,
 * which takes what there is, has it formatted and hands it to the stream; a reader that is slow
 * makes the stream say so, the pipe fills, and the generation rests. The head of a streamed answer
 * leaves with the first text: until then a failure is an ordinary answer with its status. A whole
 * answer is formatted on the pool, once. */
#ifndef SERVAL_API_GENERATION_ANSWER_H
#define SERVAL_API_GENERATION_ANSWER_H

#include "api/model_work.h"
#include "model/generation.h"

enum { SV_GENERATION_ANSWER_MAX_CHOICES = 16 };

struct sv_generation_answer;

/* How a text becomes an answer. Frames are appended to `out`; failures are those of the buffer.
 * Streams: on the loop's thread, which must not be held up. */
typedef struct sv_answer_format {
    int64_t heartbeat_ms;
    /* What leaves first: with the first part. NULL: nothing. */
    sv_status (*begin)(struct sv_generation_answer *answer, sv_buf *out);
    sv_status (*part)(struct sv_generation_answer *answer, size_t choice,
                      const sv_generation_part *part, sv_buf *out);
    /* All choices have ended well. */
    sv_status (*end)(struct sv_generation_answer *answer, sv_buf *out);
    /* It failed after it began. NULL: an event `error` with the error object. */
    sv_status (*fail)(struct sv_generation_answer *answer, const sv_error *error, sv_buf *out);
    /* It failed before it began: tells the call, and returns SV_FAILED. NULL: as every other. */
    sv_status (*refuse)(struct sv_generation_answer *answer, sv_status status, sv_error *error);
    /* Not streamed: fills the call's answer from the whole of each choice. Thread: any. */
    sv_status (*whole)(struct sv_generation_answer *answer, const sv_generation_part *parts);
} sv_answer_format;

/* To be embedded in an endpoint's job, in the call's arena; fill the first group. */
typedef struct sv_generation_answer {
    sv_model_work work; /* begun: `instance` and all are there */
    const sv_answer_format *format;
    bool is_stream;
    size_t n_each; /* choices in a row that share a prompt; 0: all of them */

    /* Set by _start. */
    sv_generation *generations[SV_GENERATION_ANSWER_MAX_CHOICES];
    size_t n_choices;
    int64_t retry_after_s; /* of a refusal */

    /* Of this file. */
    sv_cancel *cancel; /* of all of it: fired with the call's, and when one of them fails */
    sv_cancel_callback on_cancel;
    sv_message note;
    atomic_bool is_noted;  /* `note` is on its way */
    atomic_uint n_running; /* whole answers: choices that have not ended */
    /* The loop's. */
    sv_buf out; /* formatted, and not taken by the stream yet */
    bool is_over[SV_GENERATION_ANSWER_MAX_CHOICES];
    bool has_begun, has_ended, is_lost;
    sv_status status;
    sv_error error;
} sv_generation_answer;

/* Starts a generation for each of `requests`, whose `cancel`, deadlines and client are set here.
 * SV_DEFERRED: the call ends without the caller, and the answer is gone; else the call ends with
 * what is returned. */
sv_status sv_generation_answer_start(sv_generation_answer *answer, sv_generation_request *requests,
                                     size_t n_choices) SV_MUST_USE;
/* Waits until no call is being answered so, at most `timeout_ms`: to be called once their tokens
 * are set and before the application ends, for whoever makes an answer knows its call. False: some
 * are. */
bool sv_generation_answer_wait(sv_services *services, int64_t timeout_ms);
/* Tokens of all choices together, when they have ended; a prompt counts once. */
sv_generation_usage sv_generation_answer_usage(const sv_generation_answer *answer);

#endif
