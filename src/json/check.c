/* check.c: the public functions for custom checks. Who runs checks, and when: decode.c. */
#include "json/check.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_MESSAGE = 1024 }; /* bytes; what is longer is cut */

sv_status sv_reject(sv_check *check, const char *format, ...)
{
    char text[MAX_MESSAGE];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t kept = len < 0 ? 0 : len < MAX_MESSAGE ? (size_t)len : MAX_MESSAGE - 1;
    check->message = sv_arena_copy(check->arena, (sv_str){text, kept});
    return check->message.ptr ? SV_INVALID : SV_NO_MEMORY;
}

void *sv_check_alloc(sv_check *check, size_t size_bytes)
{
    return sv_arena_alloc(check->arena, size_bytes);
}
