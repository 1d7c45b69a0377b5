/* ngrams.h: a text as the embedder takes it: how often each piece of a word occurs
 * (models/embedder/README.md of Serval; the same as training/embedder.py does). */
#ifndef NGRAMS_H
#define NGRAMS_H

#include <serval/serval.h>

enum { NGRAMS_BUCKETS = 2048 };

/* NGRAMS_BUCKETS counts, in the call's memory; NULL: out of memory. */
const float *ngrams_count(sv_call *call, sv_str text);

#endif
