/* media_scratch.c: blocks that grow, and shrink after a rare big picture. Not an allocator: one
 * thing per slot. */
#include "media/media_scratch.h"

#include <stdlib.h>

static const size_t DEFAULT_KEEP = (size_t)8 << 20;

typedef struct block {
    void *ptr;
    size_t capacity;
} block;

struct sv_media_scratch {
    block blocks[SV_MEDIA_N_SLOTS];
    size_t keep;
    sv_media_decoder jpeg;
};

sv_media_scratch *sv_media_scratch_new(size_t keep_bytes)
{
    sv_media_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch)
        scratch->keep = keep_bytes ? keep_bytes : DEFAULT_KEEP;
    return scratch;
}

static void drop(block *dropped)
{
    free(dropped->ptr);
    *dropped = (block){0};
}

void sv_media_scratch_free(sv_media_scratch *scratch)
{
    if (!scratch)
        return;
    for (size_t i = 0; i < SV_MEDIA_N_SLOTS; i++)
        drop(&scratch->blocks[i]);
    if (scratch->jpeg.handle)
        scratch->jpeg.free(scratch->jpeg.handle);
    free(scratch);
}

void *sv_media_scratch_get(sv_media_scratch *scratch, sv_media_slot slot, size_t size_bytes)
{
    block *wanted = &scratch->blocks[slot];
    if (size_bytes <= wanted->capacity && wanted->ptr)
        return wanted->ptr;
    /* Freed first: two of a big block would double the peak, and the old content is not wanted. */
    drop(wanted);
    wanted->ptr = malloc(size_bytes ? size_bytes : 1);
    if (wanted->ptr)
        wanted->capacity = size_bytes;
    return wanted->ptr;
}

void sv_media_scratch_trim(sv_media_scratch *scratch)
{
    for (size_t i = 0; i < SV_MEDIA_N_SLOTS; i++)
        if (scratch->blocks[i].capacity > scratch->keep)
            drop(&scratch->blocks[i]);
}

size_t sv_media_scratch_held(const sv_media_scratch *scratch)
{
    size_t held = 0;
    for (size_t i = 0; i < SV_MEDIA_N_SLOTS; i++)
        held += scratch->blocks[i].capacity;
    return held;
}

sv_media_decoder *sv_media_scratch_jpeg(sv_media_scratch *scratch)
{
    return &scratch->jpeg;
}
