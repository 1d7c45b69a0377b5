/* error.c: the detail of a failure, in the caller's storage. */
#include <serval/status.h>

#include <stdarg.h>
#include <stdio.h>

sv_status sv_error_set(sv_error *error, sv_status status, const sv_error_kind *kind,
                       const char *format, ...)
{
    if (!error)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
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
    vsnprintf(error->path, sizeof error->path, format, args);
    va_end(args);
}
