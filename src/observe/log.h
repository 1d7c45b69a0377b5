/* log.h: log lines for people or machines, written by a thread of their own.
 *
 * DESIGN. A line is formatted on the caller's stack and copied into a buffer under a short lock;
 * the writer thread swaps buffers and writes. A full buffer drops the line and counts it: logging
 * never makes a request wait. Access lines go to stdout, everything else to stderr. */
#ifndef SERVAL_OBSERVE_LOG_H
#define SERVAL_OBSERVE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/attr.h>
#include <serval/status.h>
#include <serval/str.h>

#include "observe/timeline.h"

typedef enum sv_log_level {
    SV_LOG_DEBUG,
    SV_LOG_INFO,
    SV_LOG_WARNING,
    SV_LOG_ERROR,
    SV_LOG_OFF,
} sv_log_level;

typedef struct sv_log_config {
    sv_log_level level; /* lines below it are not written; access lines are of level info */
    bool json;          /* one JSON object per line; else text */
    int access_fd, other_fd;
    size_t max_buffered_bytes; /* per descriptor; 0: 1 MiB */
} sv_log_config;

typedef struct sv_log sv_log;

/* Starts the writer. */
sv_status sv_log_new(const sv_log_config *config, sv_log **ret_log) SV_MUST_USE;
/* Writes what is buffered and ends; waits at most a second for a reader that does not read. NULL is
 * fine. */
void sv_log_free(sv_log *log);

/* One line; longer ones are cut at 2 KiB. NULL log: nothing. Any thread. */
void sv_log_write(sv_log *log, sv_log_level level, const char *format, ...) SV_PRINTF(3, 4);

/* One finished request. */
typedef struct sv_access_entry {
    sv_str request_id, method, path, query, client, user_agent;
    sv_str peer;       /* the address of the connection; written where it is not the client's */
    const char *route; /* template; NULL: none */
    int status, http_minor, client_port;
    int64_t duration_ns, wall_ns;
    uint64_t bytes_in, bytes_out;
    bool cancelled;
    const char *error; /* code; NULL */
    sv_str error_detail;
    const sv_timeline *timeline; /* may be NULL */
} sv_access_entry;

void sv_log_access(sv_log *log, const sv_access_entry *entry);
/* Whether access lines are written at all: lets callers skip the work. */
bool sv_log_has_access(const sv_log *log);
/* Lines that found the buffer full, or a descriptor that could not be written. Any thread. */
uint64_t sv_log_dropped(const sv_log *log);

#endif
