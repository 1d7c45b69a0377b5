/* wordpiece.h: a vocabulary of word pieces, and cutting a word into the longest of them.
 *
 * Built once, const afterwards: any thread. Source: WordPiece as in BERT (Devlin et al., 2018,
 * section 4.1; Wu et al., 2016). */
#ifndef SERVAL_TEXT_WORDPIECE_H
#define SERVAL_TEXT_WORDPIECE_H

#include <serval/status.h>

#include "base/arena.h"

enum {
    SV_WORDPIECE_MAX_TOKENS = 1 << 20,
    SV_WORDPIECE_MAX_TOKEN_BYTES = 4096,
};

typedef struct sv_wordpiece_token {
    sv_str text; /* pieces inside a word begin with the prefix */
    uint32_t id;
} sv_wordpiece_token;

typedef struct sv_wordpiece_config {
    const sv_wordpiece_token *tokens; /* of one text twice, the last one counts */
    size_t n_tokens;
    sv_str prefix;    /* "##" */
    uint32_t unknown; /* id of a word that cannot be cut */
} sv_wordpiece_config;

typedef struct sv_wordpiece sv_wordpiece;

/* `config->tokens` and their texts are kept and must live as long as the arena. SV_NO_MEMORY. */
sv_status sv_wordpiece_new(sv_arena *arena, const sv_wordpiece_config *config,
                           const sv_wordpiece **ret_wordpiece) SV_MUST_USE;
/* The id of a whole token; false: there is none. */
bool sv_wordpiece_find(const sv_wordpiece *wordpiece, sv_str token, uint32_t *ret_id);
/* Cuts `word` (a NULL pointer: one that is too long) into pieces, the longest first. Writes up to
 * `room` ids; returns how many it wrote. A word of which any part is in no piece is `unknown` as a
 * whole. Allocates nothing. */
size_t sv_wordpiece_split(const sv_wordpiece *wordpiece, sv_str word, int64_t *ids, size_t room);

#endif
