/* generation.h: one answer of a language model while it is made: a bounded pipe of text between who
 * makes it (the *producer*: sequence_batch.c, relay.c) and who sends it (the *consumer*: api).
 *
 * DESIGN. The producer appends whole characters; the consumer takes all there is, so that a
 * consumer that is late gets more at once, and a fast one every token. `wake` says that there is
 * something again after all was taken. A consumer that does not take fills the pipe; the producer
 * then rests this answer (has_room), and is told when there is room again (`resumed`). Nothing
 * waits and nothing grows; no thread belongs to an answer. */
#ifndef SERVAL_MODEL_GENERATION_H
#define SERVAL_MODEL_GENERATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cancel.h"
#include "model/sampler.h"
#include "model/work.h"

enum {
    SV_GENERATION_MAX_UNREAD = 8 * 1024,         /* bytes in the pipe before the producer rests */
    SV_GENERATION_MAX_UNREAD_TOKENS = 64 * 1024, /* the same, of tokens with log-probabilities */
    SV_GENERATION_MAX_STOPS = 16,
    SV_GENERATION_MAX_CODE = 64
};

typedef enum sv_finish {
    SV_FINISH_NONE,      /* it goes on */
    SV_FINISH_STOP,      /* its own end, or a stop sequence */
    SV_FINISH_LENGTH,    /* max_tokens, or the end of the context */
    SV_FINISH_CANCELLED, /* nobody wants it any more */
    SV_FINISH_FAILED,    /* see `status` */
} sv_finish;

/* A token as it was chosen, where log-probabilities are asked for. */
typedef struct sv_generation_token {
    sv_token_chance chosen;
    uint32_t n_top;
    sv_token_chance top[SV_SAMPLER_MAX_TOP_LOGPROBS];
    uint32_t n_text_bytes; /* of the text that came with it, for offsets */
} sv_generation_token;

/* What another server is asked in place of a prompt: relay.h. */
typedef struct sv_generation_ask {
    const char *path; /* below the relay's base_url: "/chat/completions"; static; NULL: a prompt */
    sv_str body;      /* JSON; for texts with `stream` */
    sv_str name;      /* of the model, in answers that are passed on as they are, but for this:
                         events "data: …" or one object. Empty: only their text is wanted */
    bool is_stream;   /* of those: the body says so */
} sv_generation_ask;

/* What is asked for. Copied by sv_generation_new, with all it points to, but for `cancel`. */
typedef struct sv_generation_request {
    const sv_token *prompt;
    size_t n_prompt; /* at least 1, unless there is `ask` */
    sv_generation_ask ask;
    sv_sampling sampling;
    const sv_str *stops;
    size_t n_stops;
    uint32_t max_tokens; /* at least 1 */
    uint32_t min_tokens; /* the model's own end does not count before */
    bool ignores_end;
    bool has_logprobs;
    uint32_t n_top_logprobs;
    sv_str grammar;    /* GBNF; empty: none */
    bool is_collected; /* the consumer wants all at the end: the pipe holds the whole answer, and
                          `wake` comes once */
    int64_t first_deadline_ns; /* for the first token; SV_NEVER: none */
    int64_t deadline_ns;       /* for all of it */
    sv_cancel *cancel;         /* referenced; may be NULL */
    uint32_t client;           /* hash of who asks, for fair shares; 0: nobody in particular */
    sv_priority priority;
} sv_generation_request;

typedef struct sv_generation_usage {
    uint32_t n_prompt, n_cached; /* tokens; cached ones were not computed again */
    uint32_t n_completion;
} sv_generation_usage;

typedef struct sv_generation_times {
    int64_t submitted_ns, started_ns, first_ns, finished_ns; /* 0: not yet */
} sv_generation_times;

/* What the consumer takes; texts and arrays are good until the next take. */
typedef struct sv_generation_part {
    sv_str text; /* UTF-8, whole characters; may be empty */
    const sv_generation_token *tokens;
    size_t n_tokens;
    sv_finish finish; /* not NONE: this is the last part */
} sv_generation_part;

typedef struct sv_generation {
    sv_generation_request request; /* its own copy */
    /* Producer's, for itself. */
    void *producer;
    sv_list_node node;
    /* On the consumer's thread, before the answer has finished: there is room again. Must neither
     * block nor touch the answer. */
    void (*resumed)(struct sv_generation *generation);
    /* On the producer's thread, must not block nor take: there is something again. Not called any
     * more once the last part was taken. A producer and a consumer that meet in both hooks would
     * wait for each other: neither may wait for the other's lock. */
    void (*wake)(struct sv_generation *generation, void *arg);
    /* The same, for metrics: there is a token. `gap_ns`: since the last one, or since it was
     * submitted. NULL: nobody asks. */
    void (*on_token)(struct sv_generation *generation, int64_t gap_ns);
    uint32_t n_told; /* on_token's own: how many it counted */
    void *arg;       /* the consumer's */
    /* Written by the producer until the last part, read by the consumer after it; the times and
     * usage up to the first token also after the first part. */
    sv_generation_usage usage;
    sv_generation_times times;
    sv_error error; /* of SV_FINISH_FAILED */
    sv_status status;
    int stop_index;                    /* which of the stops ended it; -1: none */
    char code[SV_GENERATION_MAX_CODE]; /* of `error`, an upstream's own; or empty */
    int64_t retry_after_s;             /* of SV_UNAVAILABLE */

    sv_arena *arena;
    atomic_uint holders;
    pthread_mutex_t lock;
    /* Guarded by lock. */
    sv_buf text, tokens;
    sv_finish finish;
    bool is_awake;   /* the consumer was told and has not taken */
    bool is_resting; /* the producer waits for room */
    /* The consumer's. */
    sv_buf taken_text, taken_tokens;
} sv_generation;

/* Two holders: the consumer, and the producer that it is submitted to. SV_INVALID: a request out of
 * range. SV_NO_MEMORY. */
sv_status sv_generation_new(const sv_generation_request *request,
                            sv_generation **ret_generation) SV_MUST_USE;
/* Each holder once; any thread. NULL is fine. */
void sv_generation_drop(sv_generation *generation);

/* ---- The consumer ---- */

/* True: a part was taken, which may be the last. False: there is nothing now; `wake` will come. */
bool sv_generation_take(sv_generation *generation, sv_generation_part *ret_part);

/* ---- The producer ---- */

/* False: the answer rests until `resumed` is called. */
bool sv_generation_has_room(sv_generation *generation);
/* Appends text, and the token that it came with (NULL: none). SV_NO_MEMORY. */
sv_status sv_generation_put(sv_generation *generation, sv_str text,
                            const sv_generation_token *token) SV_MUST_USE;
/* The last of it. Its hold is the producer's to drop afterwards. */
void sv_generation_finish(sv_generation *generation, sv_finish finish);
/* The same for failures; `error` may be NULL. */
void sv_generation_fail(sv_generation *generation, sv_status status, const sv_error *error);

#endif
