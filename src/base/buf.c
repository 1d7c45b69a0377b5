/* buf.c: growable bytes with a ceiling, doubling. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

enum { FIRST_CAPACITY = 256 };

void sv_buf_init(sv_buf *buf, size_t limit_bytes)
{
    *buf = (sv_buf){.limit = limit_bytes};
}

void sv_buf_deinit(sv_buf *buf)
{
    free(buf->ptr);
    sv_buf_init(buf, buf->limit);
}

void sv_buf_clear(sv_buf *buf)
{
    buf->len = 0;
    buf->status = SV_OK;
}

static char *fail(sv_buf *buf, sv_status status)
{
    if (!buf->status)
        buf->status = status;
    return NULL;
}

/* One byte more than counted is there for the zero of printf. */
static bool grow(sv_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity > buf->limit / 2 ? buf->limit : capacity * 2;
    char *grown = capacity < SIZE_MAX ? realloc(buf->ptr, capacity + 1) : NULL;
    if (!grown)
        return false;
    sv_pages_advise_huge(grown, capacity);
    buf->ptr = grown;
    buf->capacity = capacity;
    return true;
}

char *sv_buf_reserve(sv_buf *buf, size_t size_bytes)
{
    if (buf->status)
        return NULL;
    if (size_bytes > buf->limit - buf->len)
        return fail(buf, SV_TOO_LARGE);
    size_t needed = buf->len + size_bytes;
    if ((needed > buf->capacity || !buf->ptr) && !grow(buf, needed))
        return fail(buf, SV_NO_MEMORY);
    return buf->ptr + buf->len;
}

void sv_buf_expect(sv_buf *buf, size_t size_bytes)
{
    if (!buf->status && size_bytes <= buf->limit - buf->len &&
        buf->len + size_bytes > buf->capacity)
        (void)grow(buf, buf->len + size_bytes);
}

sv_status sv_buf_append(sv_buf *buf, const void *bytes, size_t size_bytes)
{
    char *at = sv_buf_reserve(buf, size_bytes);
    if (!at)
        return buf->status;
    if (size_bytes)
        memcpy(at, bytes, size_bytes);
    buf->len += size_bytes;
    return SV_OK;
}

sv_status sv_buf_append_str(sv_buf *buf, sv_str text)
{
    return sv_buf_append(buf, text.ptr, text.len);
}

sv_status sv_buf_append_byte(sv_buf *buf, char byte)
{
    char *at = sv_buf_reserve(buf, 1);
    if (!at)
        return buf->status;
    *at = byte;
    buf->len++;
    return SV_OK;
}

sv_status sv_buf_printf(sv_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *at = len < 0 ? fail(buf, SV_INVALID) : sv_buf_reserve(buf, (size_t)len);
    if (!at)
        return buf->status;
    va_start(args, format);
    vsnprintf(at, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
    return SV_OK;
}

void sv_buf_consume(sv_buf *buf, size_t size_bytes)
{
    if (size_bytes >= buf->len) {
        buf->len = 0;
        return;
    }
    memmove(buf->ptr, buf->ptr + size_bytes, buf->len - size_bytes);
    buf->len -= size_bytes;
}

sv_status sv_buf_status(const sv_buf *buf)
{
    return buf->status;
}

sv_str sv_buf_str(const sv_buf *buf)
{
    return (sv_str){buf->ptr ? buf->ptr : "", buf->len};
}

char *sv_buf_take(sv_buf *buf, size_t *ret_len)
{
    char *bytes = buf->ptr;
    *ret_len = buf->len;
    sv_buf_init(buf, buf->limit);
    return bytes;
}
