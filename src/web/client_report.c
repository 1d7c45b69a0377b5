/* client_report.c: what an application reports, kept until the test asks for it. */
#include "web/client_report.h"

enum { MAX_REPORT_BYTES = 64 * 1024 };

void sv_client_report_init(sv_client_report *report)
{
    pthread_mutex_init(&report->lock, NULL);
    sv_buf_init(&report->lines, MAX_REPORT_BYTES);
}

void sv_client_report_deinit(sv_client_report *report)
{
    sv_buf_deinit(&report->lines);
    pthread_mutex_destroy(&report->lock);
}

void sv_client_report_add(void *arg, const char *line)
{
    sv_client_report *report = arg;
    pthread_mutex_lock(&report->lock);
    sv_buf_printf(&report->lines, "%s\n", line); /* the whole line, or nothing of it */
    pthread_mutex_unlock(&report->lock);
}

const char *sv_client_report_take(sv_client_report *report, sv_arena *arena)
{
    pthread_mutex_lock(&report->lock);
    sv_str lines = sv_arena_copy(arena, sv_buf_str(&report->lines));
    if (lines.ptr)
        sv_buf_clear(&report->lines);
    pthread_mutex_unlock(&report->lock);
    return lines.ptr;
}
