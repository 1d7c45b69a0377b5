/* buf.h: bytes that grow up to a ceiling they are born with.
 *
 * A failed append leaves the buffer as it was and marks it: later appends fail too, so that a chain
 * of appends needs one check at its end (sv_buf_status). */
#ifndef SERVAL_BASE_BUF_H
#define SERVAL_BASE_BUF_H

#include <stdarg.h>

#include <serval/attr.h>
#include <serval/status.h>
#include <serval/str.h>

typedef struct sv_buf {
    char *ptr; /* NULL while empty; not zero-terminated */
    size_t len, capacity, limit;
    sv_status status;
} sv_buf;

/* A buffer that never holds more than `limit_bytes`. Allocates nothing. */
void sv_buf_init(sv_buf *buf, size_t limit_bytes);
/* Frees the bytes; the buffer is as after init. Accepts a zeroed buffer. */
void sv_buf_deinit(sv_buf *buf);
/* Forgets bytes and failure, keeps the memory. */
void sv_buf_clear(sv_buf *buf);
/* Makes room for `size_bytes` more and returns where they go, without counting them; NULL on
 * failure. Follow with sv_buf_advance. */
char *sv_buf_reserve(sv_buf *buf, size_t size_bytes);
/* Makes room for about `size_bytes` more, where that is possible: who knows how much will come
 * saves the copies of growing. */
void sv_buf_expect(sv_buf *buf, size_t size_bytes);
static inline void sv_buf_advance(sv_buf *buf, size_t size_bytes)
{
    buf->len += size_bytes;
}
sv_status sv_buf_append(sv_buf *buf, const void *bytes, size_t size_bytes);
sv_status sv_buf_append_str(sv_buf *buf, sv_str text);
sv_status sv_buf_append_byte(sv_buf *buf, char byte);
sv_status sv_buf_printf(sv_buf *buf, const char *format, ...) SV_PRINTF(2, 3);
/* Removes the first `size_bytes`. */
void sv_buf_consume(sv_buf *buf, size_t size_bytes);
/* The first failure of any append since init or clear: SV_OK, SV_NO_MEMORY or SV_TOO_LARGE. */
sv_status sv_buf_status(const sv_buf *buf);
/* The bytes, borrowed until the next change. */
sv_str sv_buf_str(const sv_buf *buf);
/* Moves the bytes out: the caller frees the pointer with free(). */
char *sv_buf_take(sv_buf *buf, size_t *ret_len);

#endif
