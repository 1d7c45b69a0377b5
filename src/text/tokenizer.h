/* tokenizer.h: texts to token ids, as a BERT model was trained with them.
 *
 * Reads Hugging Face's tokenizer.json with a WordPiece model, or BERT's vocab.txt. Not here:
 * byte-level BPE and SentencePiece, pairs of texts, offsets, decoding. Truncation and padding are
 * the caller's: what tokenizer.json says of them is left aside. */
#ifndef SERVAL_TEXT_TOKENIZER_H
#define SERVAL_TEXT_TOKENIZER_H

#include <serval/status.h>

#include "base/arena.h"

enum {
    SV_TOKENIZER_MAX_FILE = 64 << 20, /* bytes */
    SV_TOKENIZER_MAX_ADDED = 1024,    /* tokens that are found in the text as they stand */
    SV_TOKENIZER_MAX_SPECIALS = 8,    /* before a text, and as many behind it */
};

typedef struct sv_tokenizer sv_tokenizer;

/* Reads a file whose name ends in .json or .txt; of a vocab.txt also the tokenizer_config.json
 * beside it, where there is one. The tokenizer lives in the arena and is const: any thread.
 * SV_NOT_FOUND, SV_IO; SV_INVALID: not a tokenizer, SV_UNSUPPORTED: one of another kind,
 * SV_TOO_LARGE; the message names the file and says what is wrong. SV_NO_MEMORY. */
sv_status sv_tokenizer_load(sv_arena *arena, const char *path, sv_error *error,
                            const sv_tokenizer **ret_tokenizer) SV_MUST_USE;

/* Where the ids of one text go. */
typedef struct sv_encoding {
    int64_t *ids;   /* with the special tokens */
    int64_t *types; /* token type ids; NULL: not wanted */
    size_t room;    /* of each: the longest that is wanted, at least sv_tokenizer_n_specials */
} sv_encoding;

/* Writes the tokens of a text, cut on the right to what there is room for; returns how many. Bytes
 * that are not UTF-8 count as U+FFFD. Allocates nothing; any thread. */
size_t sv_tokenizer_encode(const sv_tokenizer *tokenizer, sv_str text, const sv_encoding *to);
/* How many tokens an encoding of this text has at most, cut to `room`. */
size_t sv_tokenizer_bound(const sv_tokenizer *tokenizer, sv_str text, size_t room);
/* Tokens that every text gets, [CLS] and [SEP]. */
size_t sv_tokenizer_n_specials(const sv_tokenizer *tokenizer);
/* What shorter rows of a batch are filled up with. */
int64_t sv_tokenizer_pad_id(const sv_tokenizer *tokenizer);
size_t sv_tokenizer_n_tokens(const sv_tokenizer *tokenizer);

#endif
