/* client_answer.h: an answer as the in-process client reads it: its head, then its body in pieces.
 * Pure. */
#ifndef SERVAL_WEB_CLIENT_ANSWER_H
#define SERVAL_WEB_CLIENT_ANSWER_H

#include <serval/test.h>

#include "base/arena.h"
#include "base/buf.h"

typedef enum sv_client_answer_state {
    SV_CLIENT_ANSWER_HEAD,
    SV_CLIENT_ANSWER_LENGTH,  /* `left` bytes of body are to come */
    SV_CLIENT_ANSWER_CHUNKED, /* chunk after chunk */
    SV_CLIENT_ANSWER_UNTIL_CLOSE,
    SV_CLIENT_ANSWER_END,
    SV_CLIENT_ANSWER_WRONG, /* no HTTP, or broken off */
} sv_client_answer_state;

/* Zeroed: nothing came yet. */
typedef struct sv_client_answer {
    sv_client_answer_state state;
    bool is_to_head; /* to a HEAD request: there is no body */
    int status;
    sv_str head; /* as it came */
    const sv_reply_header *headers;
    size_t n_headers;
    uint64_t left;
} sv_client_answer;

/* Takes the head off `received`, once it is there; interim answers are skipped. Texts are in the
 * arena. SV_UNAVAILABLE: more must come; SV_INVALID: it is no HTTP; SV_NO_MEMORY. */
sv_status sv_client_answer_read_head(sv_client_answer *answer, sv_arena *arena,
                                     sv_buf *received) SV_MUST_USE;
/* Cuts the next piece of the body off `*rest`: a chunk, or what there is. False: more must come, or
 * the state is END or WRONG. */
bool sv_client_answer_next(sv_client_answer *answer, sv_str *rest, sv_str *ret_piece);
/* Nothing more comes, and all there was is read. */
void sv_client_answer_close(sv_client_answer *answer);

#endif
