/* arena.c: bump allocation with a clean-up list. Not a general allocator: nothing is freed alone.
 *
 * DESIGN. Chunks of 4 KiB, doubling to 256 KiB, in a list, newest first; pieces larger than a
 * quarter of the next chunk get a chunk of their own, which does not become the one that pieces are
 * cut from. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 256 * 1024 };
static const size_t DEFAULT_LIMIT = (size_t)64 << 20;

typedef struct chunk {
    struct chunk *next;
    size_t capacity;
    alignas(max_align_t) char bytes[];
} chunk;

typedef struct cleanup {
    struct cleanup *next;
    void (*clean)(void *arg);
    void *arg;
} cleanup;

struct sv_arena {
    chunk *chunks; /* the last one of the list is the first chunk, kept by reset */
    chunk *first;
    char *at, *end; /* free part of the current chunk */
    size_t used, limit, next_capacity;
    cleanup *cleanups;
};

static size_t align_up(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static chunk *add_chunk(sv_arena *arena, size_t capacity)
{
    chunk *added = malloc(sizeof *added + capacity);
    if (!added)
        return NULL;
    sv_pages_advise_huge(added, capacity);
    added->capacity = capacity;
    added->next = arena->chunks;
    arena->chunks = added;
    return added;
}

static void use_chunk(sv_arena *arena, chunk *used)
{
    arena->at = used->bytes;
    arena->end = used->bytes + used->capacity;
}

sv_arena *sv_arena_new(size_t limit_bytes)
{
    sv_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->limit = limit_bytes ? limit_bytes : DEFAULT_LIMIT;
    arena->first = add_chunk(arena, FIRST_CHUNK);
    if (!arena->first) {
        free(arena);
        return NULL;
    }
    use_chunk(arena, arena->first);
    arena->next_capacity = FIRST_CHUNK * 2;
    return arena;
}

void sv_arena_reset(sv_arena *arena)
{
    while (arena->cleanups) {
        cleanup *last = arena->cleanups;
        arena->cleanups = last->next;
        last->clean(last->arg);
    }
    while (arena->chunks != arena->first) {
        chunk *old = arena->chunks;
        arena->chunks = old->next;
        free(old);
    }
    use_chunk(arena, arena->first);
    arena->used = 0;
    arena->next_capacity = FIRST_CHUNK * 2;
}

void sv_arena_free(sv_arena *arena)
{
    if (!arena)
        return;
    sv_arena_reset(arena);
    free(arena->first);
    free(arena);
}

void sv_arena_set_limit(sv_arena *arena, size_t limit_bytes)
{
    arena->limit = limit_bytes ? limit_bytes : DEFAULT_LIMIT;
}

void *sv_arena_alloc_raw(sv_arena *arena, size_t size_bytes)
{
    if (size_bytes > arena->limit - (arena->used < arena->limit ? arena->used : arena->limit))
        return NULL;
    size_t size = align_up(size_bytes ? size_bytes : 1);
    if (size < size_bytes || size > PTRDIFF_MAX / 2)
        return NULL;
    if (size <= (size_t)(arena->end - arena->at)) {
        void *piece = arena->at;
        arena->at += size;
        arena->used += size;
        return piece;
    }
    bool own = size > arena->next_capacity / 4;
    chunk *added = add_chunk(arena, own ? size : arena->next_capacity);
    if (!added)
        return NULL;
    arena->used += size;
    if (!own) {
        use_chunk(arena, added);
        arena->at += size;
        if (arena->next_capacity < LARGEST_CHUNK)
            arena->next_capacity *= 2;
    }
    return added->bytes;
}

void *sv_arena_alloc(sv_arena *arena, size_t size_bytes)
{
    void *piece = sv_arena_alloc_raw(arena, size_bytes);
    if (piece)
        memset(piece, 0, size_bytes);
    return piece;
}

void *sv_arena_alloc_array(sv_arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return sv_arena_alloc(arena, size);
}

sv_str sv_arena_copy(sv_arena *arena, sv_str text)
{
    if (text.len == SIZE_MAX)
        return (sv_str){0};
    char *copy = sv_arena_alloc_raw(arena, text.len + 1);
    if (!copy)
        return (sv_str){0};
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (sv_str){copy, text.len};
}

sv_str sv_arena_vprintf(sv_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        return (sv_str){0};
    char *text = sv_arena_alloc_raw(arena, (size_t)len + 1);
    if (!text)
        return (sv_str){0};
    vsnprintf(text, (size_t)len + 1, format, args);
    return (sv_str){text, (size_t)len};
}

sv_str sv_arena_number(sv_arena *arena, int64_t number)
{
    char text[24], *end = text + sizeof text, *at = end;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        *--at = '-';
    return sv_arena_copy(arena, (sv_str){at, (size_t)(end - at)});
}

sv_str sv_arena_printf(sv_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sv_str text = sv_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

sv_status sv_arena_defer(sv_arena *arena, void (*clean)(void *arg), void *arg)
{
    cleanup *added = sv_arena_alloc_raw(arena, sizeof *added);
    if (!added)
        return SV_NO_MEMORY;
    *added = (cleanup){.next = arena->cleanups, .clean = clean, .arg = arg};
    arena->cleanups = added;
    return SV_OK;
}

size_t sv_arena_used(const sv_arena *arena)
{
    return arena->used;
}
