/* file_lookup.h: finds and opens the file that an answer is made of. Blocks: not for event loops.
 */
#ifndef SERVAL_HTTP_FILE_LOOKUP_H
#define SERVAL_HTTP_FILE_LOOKUP_H

#include <stdint.h>

#include <serval/status.h>
#include <serval/str.h>

/* A regular file, open for reading. */
typedef struct sv_found_file {
    int fd; /* the caller closes it */
    uint64_t size_bytes;
    int64_t modified_ns; /* since 1970-01-01 UTC */
    sv_str media_type;   /* static */
} sv_found_file;

/* The file at a path of the server's own choice. SV_NOT_FOUND: there is none, or it is not a
 * regular file. SV_IO, with the reason in `error`: it is there but cannot be opened. */
sv_status sv_file_lookup(const char *path, sv_error *error, sv_found_file *ret_file) SV_MUST_USE;

/* The file below `folder` at a path that a client chose: decoded, segments parted by '/', none at
 * the start. A folder gives its index.html. SV_NOT_FOUND also for everything that could lead
 * elsewhere or was not meant to be seen: empty segments, those that begin with a dot, NUL bytes,
 * symbolic links below `folder` (which itself may be one), and files that may not be read. */
sv_status sv_file_lookup_below(const char *folder, sv_str path, sv_error *error,
                               sv_found_file *ret_file) SV_MUST_USE;

#endif
