/* hashed_ngrams.h: a text as counts of its words' pieces in a fixed number of buckets: what the
 * bundled embedder takes (models/embedder). Needs no vocabulary. Pure; any thread. */
#ifndef SERVAL_TEXT_HASHED_NGRAMS_H
#define SERVAL_TEXT_HASHED_NGRAMS_H

#include <serval/str.h>

enum { SV_HASHED_NGRAMS_MAX_BUCKETS = 1 << 20 };

/* Adds the pieces of `text` to `counts`, of `n_buckets` (1..SV_HASHED_NGRAMS_MAX_BUCKETS). ASCII
 * letters become small; a word is a run of letters, digits and bytes over 0x7f, put between < and
 * >; its pieces are its runs of 3, 4 and 5 bytes, and the whole word when that is longer; every
 * text has the piece <> once. A piece counts at its FNV-1a hash of 32 bits modulo `n_buckets`. */
void sv_hashed_ngrams_count(sv_str text, float *counts, size_t n_buckets);

#endif
