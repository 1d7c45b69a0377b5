/* error.c: the detail of a failure, in the caller's storage. */
#include <serval/status.h>
#include <serval/str.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Engines and files say what they like: bytes that are no characters become question marks. */
static void mend(char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = 1, most = len - i < 4 ? len - i : 4;
        while (n <= most && !sv_str_is_utf8((sv_str){text + i, n}))
            n++;
        if (n > most)
            text[i] = '?';
        i += n > most ? 1 : n;
    }
}

/* Writes into `text` of `size` bytes, cut after a whole character: what is too long must still be
 * UTF-8. The arguments may lie in `text` itself. */
static void SV_PRINTF(3, 0) write_text(char *text, size_t size, const char *format, va_list args)
{
    char whole[sizeof((sv_error *)0)->message];
    int written = vsnprintf(whole, size, format, args);
    size_t len = written < 0 ? 0 : (size_t)written;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)whole[len - 1] & 0xC0) == 0x80)
            len--;
        if (len > 0 && (unsigned char)whole[len - 1] >= 0xC0)
            len--;
    }
    if (!sv_str_is_utf8((sv_str){whole, len}))
        mend(whole, len);
    memcpy(text, whole, len);
    text[len] = '\0';
}

sv_status sv_error_set(sv_error *error, sv_status status, const sv_error_kind *kind,
                       const char *format, ...)
{
    if (!error)
        return status;
    va_list args;
    va_start(args, format);
    write_text(error->message, sizeof error->message, format, args);
    va_end(args);
    error->kind = kind;
    return status;
}

void sv_error_set_path(sv_error *error, const char *format, ...)
{
    if (!error)
        return;
    va_list args;
    va_start(args, format);
    write_text(error->path, sizeof error->path, format, args);
    va_end(args);
}
