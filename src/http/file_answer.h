/* file_answer.h: what is answered with a file: fields, status and bytes, for conditional requests
 * and ranges. Blocks: not for event loops. An answer belongs to the thread that owns its arena. */
#ifndef SERVAL_HTTP_FILE_ANSWER_H
#define SERVAL_HTTP_FILE_ANSWER_H

#include <stdint.h>

#include <serval/status.h>

#include "base/arena.h"
#include "http/exchange.h"
#include "http/file_lookup.h"

enum { SV_FILE_ANSWER_MAX_HEADERS = 4 };

/* What is asked of the file. */
typedef struct sv_file_question {
    sv_str method; /* "GET" or "HEAD"; others get the file too */
    const sv_http_header *headers;
    size_t n_headers;
    size_t max_whole_bytes; /* more is handed out piece by piece */
} sv_file_question;

typedef struct sv_file_reader sv_file_reader;

typedef struct sv_file_answer {
    int status; /* 200, 206, 304, 412 or 416 */
    sv_str content_type;
    sv_http_header headers[SV_FILE_ANSWER_MAX_HEADERS]; /* in the arena */
    size_t n_headers;
    uint64_t length;        /* of the bytes of 200 and 206, also for HEAD */
    sv_str body;            /* they, unless there is a reader; empty for HEAD and other statuses */
    sv_file_reader *reader; /* NULL: `body` is all */
} sv_file_answer;

/* Makes the answer. The file is closed: at once, or when there is a reader, with the arena.
 * SV_IO, with the reason in `error`: it cannot be read, or became shorter. SV_NO_MEMORY. */
sv_status sv_file_answer_make(sv_arena *arena, const sv_found_file *file,
                              const sv_file_question *question, sv_error *error,
                              sv_file_answer *ret_answer) SV_MUST_USE;

/* The next bytes, at most `size_bytes`; `*ret_len` is 0 after the last. SV_IO as above: what was
 * announced cannot be kept, the connection must be cut. */
sv_status sv_file_answer_read(sv_file_reader *reader, char *to, size_t size_bytes,
                              size_t *ret_len) SV_MUST_USE;

#endif
