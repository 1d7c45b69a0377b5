/* tokenizer_file.h: what tokenizer.json or vocab.txt say, as plain data. Used by tokenizer.c only.
 */
#ifndef SERVAL_TEXT_TOKENIZER_FILE_H
#define SERVAL_TEXT_TOKENIZER_FILE_H

#include "text/tokenizer.h"
#include "text/wordpiece.h"
#include "text/words.h"

/* A token that is looked for in the text itself, before anything else. */
typedef struct sv_added_token {
    sv_str text;
    uint32_t id;
    bool single_word; /* not within a word */
    bool normalized;  /* looked for in the normalised text: here, without regard to case */
} sv_added_token;

/* A token around every text. */
typedef struct sv_special_token {
    uint32_t id;
    uint32_t type;
} sv_special_token;

typedef struct sv_special_tokens {
    sv_special_token items[SV_TOKENIZER_MAX_SPECIALS];
    size_t len;
} sv_special_tokens;

typedef struct sv_tokenizer_parts {
    sv_words_rules rules;
    sv_wordpiece_config vocabulary;
    sv_added_token *added;
    size_t n_added;
    sv_special_tokens before, behind;
    uint32_t text_type; /* token type of the text itself */
    uint32_t pad;
} sv_tokenizer_parts;

/* See sv_tokenizer_load. `text` is the file's; it may go afterwards. */
sv_status sv_tokenizer_file_read_json(sv_arena *arena, sv_str text, sv_error *error,
                                      sv_tokenizer_parts *ret_parts) SV_MUST_USE;
/* `config`: the text of tokenizer_config.json, or empty. */
sv_status sv_tokenizer_file_read_vocabulary(sv_arena *arena, sv_str text, sv_str config,
                                            sv_error *error,
                                            sv_tokenizer_parts *ret_parts) SV_MUST_USE;

#endif
