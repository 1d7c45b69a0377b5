/* media_scratch.h: memory that picture work keeps between pictures, so that a steady stream
 * allocates no pixels. */
#ifndef SERVAL_MEDIA_MEDIA_SCRATCH_H
#define SERVAL_MEDIA_MEDIA_SCRATCH_H

#include <stddef.h>

/* One per thread that decodes; it belongs to one thread at a time. */
typedef struct sv_media_scratch sv_media_scratch;

/* The blocks of a scratch; each holds one thing at a time. */
typedef enum sv_media_slot {
    SV_MEDIA_PIXELS,  /* as the decoder wrote them */
    SV_MEDIA_UPRIGHT, /* turned by the EXIF orientation */
    SV_MEDIA_FILTER,  /* the resampler's weights and rows */
    SV_MEDIA_N_SLOTS
} sv_media_slot;

/* A decoder's state that is worth keeping, and how to free it. */
typedef struct sv_media_decoder {
    void *handle;
    void (*free)(void *handle);
} sv_media_decoder;

/* An empty scratch. A block that had to grow beyond `keep_bytes` (0: 8 MiB) lives for one picture
 * only, so that a rare big one leaves nothing behind. NULL when out of memory. */
sv_media_scratch *sv_media_scratch_new(size_t keep_bytes);
/* NULL is fine. */
void sv_media_scratch_free(sv_media_scratch *scratch);

/* Room for `size_bytes` in a slot, aligned for every type, not zeroed; what the slot held before is
 * gone. NULL when out of memory. Valid until the next get of the slot, or trim. */
void *sv_media_scratch_get(sv_media_scratch *scratch, sv_media_slot slot, size_t size_bytes);
/* Frees the blocks above the ceiling: call when a picture is done. */
void sv_media_scratch_trim(sv_media_scratch *scratch);
/* Bytes held now. */
size_t sv_media_scratch_held(const sv_media_scratch *scratch);

/* Where the JPEG decoder keeps its handle; zeroed at first, freed with the scratch. */
sv_media_decoder *sv_media_scratch_jpeg(sv_media_scratch *scratch);

#endif
