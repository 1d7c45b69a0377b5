/* words.h: BERT's normaliser and pre-tokeniser: a text comes out word by word, cleaned, without
 * accents, in lower case, punctuation and ideographs alone. Not the vocabulary: wordpiece.h.
 *
 * Source: the `BertNormalizer` and `BertPreTokenizer` of Hugging Face's tokenizers, which follow
 * BERT's tokenization.py. */
#ifndef SERVAL_TEXT_WORDS_H
#define SERVAL_TEXT_WORDS_H

#include "text/unicode.h"

enum { SV_WORDS_MAX_CHARS = 1024 /* of one word that is looked up */ };

/* What is done to the text, in this order. */
typedef struct sv_words_rules {
    bool clean;            /* controls and U+FFFD go, white space becomes a space */
    bool space_ideographs; /* each CJK ideograph is a word */
    bool decompose;        /* NFD */
    bool strip_nonspacing; /* marks, after NFD */
    bool strip_marks;      /* spacing and enclosing ones too */
    bool compose;          /* NFC, of each word, instead of NFD */
    bool lower;
    size_t max_chars; /* of a word: longer ones are only counted; up to SV_WORDS_MAX_CHARS */
} sv_words_rules;

/* A walk over one text. Caller's storage, nothing to free; the text is borrowed. */
typedef struct sv_words {
    const sv_words_rules *rules;
    sv_str rest;
    uint32_t queue[2 + SV_UNICODE_MAX_DECOMPOSED * SV_UNICODE_MAX_LOWER];
    size_t n_queued, next_queued;
    uint32_t codes[SV_WORDS_MAX_CHARS];
    char bytes[4 * SV_WORDS_MAX_CHARS];
} sv_words;

void sv_words_begin(sv_words *words, const sv_words_rules *rules, sv_str text);
/* The next word, not empty, until the next call; false at the end. A word over max_chars comes with
 * a NULL pointer and the length 0. */
bool sv_words_next(sv_words *words, sv_str *ret_word);

#endif
