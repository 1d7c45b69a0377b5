/* backlog.h: who runs next: permits, lines of models, and the virtual time that divides the permits
 * among the models.
 *
 * DESIGN. Start-time fair queueing (Goyal, Vin, Cheng 1996) with equal shares: a line's virtual
 * time is the service it has used, moved up to the others' when it comes back from being empty; the
 * line that is furthest behind is next. Within a line the lanes compete by rank and age, within a
 * lane the order is that of line.h. What is late in its line runs when nothing else does, shadows
 * behind that, and, where there are two permits or more, never on the last free one.
 *
 * A permit never stays free while something that may run waits. So batches form of what came while
 * all permits were busy, and no work waits for company.
 *
 * Pure: no lock, no clock, no thread; the scheduler guards it, tests drive it with a made-up time.
 * Times are monotonic. */
#ifndef SERVAL_MODEL_BACKLOG_H
#define SERVAL_MODEL_BACKLOG_H

#include "model/line.h"

enum { SV_BACKLOG_MAX_BATCH = 256 /* works */ };

typedef struct sv_backlog {
    size_t n_permits, max_waiting;
    size_t n_running, n_waiting, n_shadows; /* works waiting; shadows among them */
    size_t n_unknown;                       /* of those that run: not predicted */
    int64_t running_ns;                     /* predicted, of those that run */
    int64_t served_ns;                      /* virtual time */
    double load_ns;                         /* see admission.c */
    int64_t load_at_ns;
    sv_list_node lines; /* in which works wait */
    sv_line nobodys;    /* of lanes without a line */
} sv_backlog;

/* What runs with one permit. */
typedef struct sv_backlog_run {
    sv_lane *lane;
    int64_t submitted_ns, predicted_ns;
    int64_t units;
    size_t n_works;
    bool is_shadow;
} sv_backlog_run;

/* How it ended. */
typedef struct sv_backlog_end {
    int64_t now_ns, took_ns;
    int64_t units; /* that did run: 0 when all were cancelled before */
    bool was_left; /* the client left while it ran */
} sv_backlog_end;

/* Not to be moved from then on. */
void sv_backlog_init(sv_backlog *backlog, size_t n_permits, size_t max_waiting);

/* Whether the work may run at once; from then on its lane has a line. */
bool sv_backlog_may_start(sv_backlog *backlog, const sv_work *work);
/* Gives the work a permit if it may. */
bool sv_backlog_start(sv_backlog *backlog, sv_work *work, sv_backlog_run *ret_run);
/* Puts a work in line that may not run at once, and was admitted (admission.h). */
void sv_backlog_enter(sv_backlog *backlog, sv_work *work);
/* Takes a waiting work out. `left`: because its client has gone, which teaches patience. */
void sv_backlog_leave(sv_backlog *backlog, sv_work *work, bool left, int64_t now_ns);
/* Takes a waiting shadow out, to make room; NULL: there is none. */
sv_work *sv_backlog_evict(sv_backlog *backlog);

/* Learns from a run that has ended. Its permit is still the caller's. */
void sv_backlog_finish(sv_backlog *backlog, const sv_backlog_run *run, const sv_backlog_end *end);
/* The next to run with the caller's permit: one work, or several to run as one, into `works`
 * (SV_BACKLOG_MAX_BATCH of them). 0: there is none, and the permit is given back. */
size_t sv_backlog_take(sv_backlog *backlog, int64_t now_ns, sv_work **works,
                       sv_backlog_run *ret_run);
/* Until everything that waits, and half of what runs, is done. */
int64_t sv_backlog_wait_ns(const sv_backlog *backlog);

#endif
