/* nearest.h: which known name a misspelt one was meant to be. Pure. */
#ifndef SERVAL_BASE_NEAREST_H
#define SERVAL_BASE_NEAREST_H

#include <serval/str.h>

/* A search: offer the known names one after another, then read `best`. */
typedef struct sv_nearest {
    sv_str wanted;
    const char *best; /* NULL: none is near */
    size_t distance;  /* of `best`, in changed, added and left-out bytes */
} sv_nearest;

/* Near is what differs in at most half of `wanted`. Case does not count, nor `-` for `_`. */
sv_nearest sv_nearest_begin(sv_str wanted);
/* `name` must live as long as the search; of names that are equally near the first wins. */
void sv_nearest_offer(sv_nearest *search, const char *name);

#endif
