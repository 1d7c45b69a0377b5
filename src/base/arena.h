/* arena.h: memory that is given out piece by piece and taken back at once, with a ceiling and a
 * clean-up list. */
#ifndef SERVAL_BASE_ARENA_H
#define SERVAL_BASE_ARENA_H

#include <stdarg.h>
#include <stdint.h>

#include <serval/attr.h>
#include <serval/status.h>
#include <serval/str.h>

/* Thread: an arena belongs to one thread at a time. */
typedef struct sv_arena sv_arena;

/* An empty arena that will never hold more than `limit_bytes` (0: 64 MiB); NULL when out of memory.
 */
sv_arena *sv_arena_new(size_t limit_bytes);
/* Runs the clean-ups, newest first, and frees everything. NULL is fine. */
void sv_arena_free(sv_arena *arena);
/* Like free and new, but keeps the first chunk. */
void sv_arena_reset(sv_arena *arena);
/* Raises or lowers the ceiling; what is out already stays. */
void sv_arena_set_limit(sv_arena *arena, size_t limit_bytes);

/* Zeroed, aligned for every type; NULL when out of memory or over the ceiling. A size of 0 gives a
 * valid pointer. */
void *sv_arena_alloc(sv_arena *arena, size_t size_bytes);
/* Not zeroed. */
void *sv_arena_alloc_raw(sv_arena *arena, size_t size_bytes);
/* `count` items of `item_size`, zeroed, checked for overflow. */
void *sv_arena_alloc_array(sv_arena *arena, size_t count, size_t item_size);
/* A copy, followed by a zero byte that `len` does not count; NULL pointer when out of memory. */
sv_str sv_arena_copy(sv_arena *arena, sv_str text);
/* A whole number as text; as sv_arena_copy, and quicker than sv_arena_printf. */
sv_str sv_arena_number(sv_arena *arena, int64_t number);
sv_str sv_arena_printf(sv_arena *arena, const char *format, ...) SV_PRINTF(2, 3);
sv_str sv_arena_vprintf(sv_arena *arena, const char *format, va_list args) SV_PRINTF(2, 0);
/* Runs `clean(arg)` when the arena is reset or freed. On SV_NO_MEMORY nothing is registered and the
 * caller still owns. */
sv_status sv_arena_defer(sv_arena *arena, void (*clean)(void *arg), void *arg) SV_MUST_USE;
/* Bytes given out so far. */
size_t sv_arena_used(const sv_arena *arena);

#endif
