/* client_report.h: the lines that an application reports while it is tested. */
#ifndef SERVAL_WEB_CLIENT_REPORT_H
#define SERVAL_WEB_CLIENT_REPORT_H

#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"

typedef struct sv_client_report {
    pthread_mutex_t lock; /* for `lines` */
    sv_buf lines;
} sv_client_report;

void sv_client_report_init(sv_client_report *report);
void sv_client_report_deinit(sv_client_report *report);
/* sv_application_config.report; `arg` is the report. Any thread. */
void sv_client_report_add(void *arg, const char *line);
/* Moves the lines out, into the arena. NULL when out of memory: they are kept. */
const char *sv_client_report_take(sv_client_report *report, sv_arena *arena);

#endif
