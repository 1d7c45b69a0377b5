/* residency.h: which loaded versions give way when another needs their memory. Pure. */
#ifndef SERVAL_MODEL_RESIDENCY_H
#define SERVAL_MODEL_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sv_resident {
    uint64_t bytes;
    int64_t last_used_ns; /* monotonic */
    bool may_go;          /* nobody uses it, and it is not pinned */
    bool goes;            /* out */
} sv_resident;

/* Chooses who gives way so that `need` more bytes fit into `budget`: of those that may go, the ones
 * that were used longest ago, and no more than are needed. False: it would not fit even without
 * them all; nobody goes then. */
bool sv_residency_choose(sv_resident *residents, size_t n, uint64_t budget, uint64_t need);

#endif
