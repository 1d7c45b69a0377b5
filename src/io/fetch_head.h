/* fetch_head.h: the head of an answer, line by line: is it small enough, and is its length a plain
 * number? Pure. What a line means is the HTTP library's matter. */
#ifndef SERVAL_IO_FETCH_HEAD_H
#define SERVAL_IO_FETCH_HEAD_H

#include <serval/str.h>

enum { SV_FETCH_HEAD_MAX = 64 * 1024 }; /* bytes of all lines, 1xx and trailers too */

/* Zeroed before the first line. */
typedef struct sv_fetch_head {
    size_t size_bytes;
    uint64_t length; /* of the body, as announced, if has_length */
    bool has_length;
    bool is_complete; /* the last line was the empty one */
} sv_fetch_head;

/* Why a head that goes on beyond SV_FETCH_HEAD_MAX is refused. */
extern const char sv_fetch_head_too_large[];

/* Takes a line with its end. NULL: go on; else why the answer is refused, for the client; static.
 */
const char *sv_fetch_head_take(sv_fetch_head *head, sv_str line);

#endif
