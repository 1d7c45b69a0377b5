/* version_choice.h: which version of a model answers a request that names none: shares by weight,
 * the same version for the same user. Pure. */
#ifndef SERVAL_MODEL_VERSION_CHOICE_H
#define SERVAL_MODEL_VERSION_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/str.h>

/* One version as the choice sees it. */
typedef struct sv_version_share {
    uint64_t seed;   /* sv_version_choice_seed of its name */
    int64_t weight;  /* >= 0; its part of the sum of all */
    bool is_ready;   /* can answer now (or will be loaded on first use) */
    bool is_tripped; /* gave way to the default version (version_guard.h) */
} sv_version_share;

/* Stands for a version by its name, not by its place, which changes when others come and go. */
uint64_t sv_version_choice_seed(sv_str name);

/* An index into `shares`, of `n` >= 1. `key` (empty: none) says whose request it is: the same key
 * stays with the same version for as long as its share allows. Without one `random`, 64 random
 * bits, decides. A version that is not ready or is tripped leaves its share to the default one
 * when that is ready (the default is never seen as tripped), else to the rest in proportion. The
 * default when nothing can answer or no weight is positive. Memory: none; any thread. */
size_t sv_version_choice_pick(const sv_version_share *shares, size_t n, size_t default_index,
                              sv_str key, uint64_t random);

#endif
