/* line.h: the works that wait for one model, in the order in which they should run.
 *
 * DESIGN. A model has one line, which its versions share; each version has a lane in it, with its
 * own speed. In a lane works wait by rank; in a rank by client, one work of each client in turn,
 * so that many works of one do not delay the few of another; of one client in order of arrival.
 * A work that cannot be done before its deadline, or before its client has most likely left, sinks
 * below all that can: whoever serves in order of arrival serves, under overload, only what is late
 * already. Lists run through the works themselves: nothing is allocated, each step is O(1). A
 * thousand clients are told apart, more share turns. Pure: no lock, no clock; the scheduler's lock
 * guards it. */
#ifndef SERVAL_MODEL_LINE_H
#define SERVAL_MODEL_LINE_H

#include <stdatomic.h>

#include "base/clock.h"
#include "model/patience.h"
#include "model/work.h"

enum { SV_LINE_PLACES = 64 };

/* The order of precedence. */
typedef enum sv_rank {
    SV_RANK_HIGH,
    SV_RANK_NORMAL,
    SV_RANK_LOW,
    SV_RANK_LATE, /* cannot be done in time */
    SV_RANK_SHADOW,
    SV_RANKS,
} sv_rank;

/* One model's line. */
typedef struct sv_line {
    sv_patience patience;
    sv_list_node node;            /* among the lines in which works wait */
    sv_list_node lanes;           /* in which works wait */
    int64_t served_ns;            /* virtual time of its next work: what it has used of its share */
    int64_t waiting_ns[SV_RANKS]; /* predicted, as if one permit served them */
    size_t n_waiting;
} sv_line;

typedef struct sv_queue {
    sv_list_node turns; /* of clients */
    size_t n_clients, n_works;
    int64_t units;
    sv_work *firsts[SV_LINE_PLACES]; /* chains of the first works of clients, by hash */
} sv_queue;

/* One version's place in the line. Zeroed at first, then the first four are set, before any work of
 * it is submitted. */
typedef struct sv_lane {
    sv_line *line;             /* NULL: becomes the one that all such lanes of a scheduler share */
    int64_t service_ns;        /* smoothed time for one unit of work; 0: nothing measured yet */
    atomic_size_t max_running; /* works or batches at once; 0: as many as there are permits; may
                                  change */
    int64_t max_delay_ns;      /* what a batch might wait for more; not needed, see scheduler.h */

    /* The scheduler's. */
    int64_t deviation_ns; /* smoothed, of single times from `service_ns` */
    size_t n_running, n_waiting;
    sv_list_node node;
    sv_list_node ages; /* works that are neither late nor shadows, oldest first */
    sv_queue queues[SV_RANKS];
} sv_lane;

void sv_line_init(sv_line *line);

/* What the work should take; 0: not known. */
int64_t sv_line_predict_ns(const sv_work *work);
/* When the work is worth nothing any more: its deadline, or its client has most likely left. */
int64_t sv_line_limit_ns(const sv_work *work);
/* Works of the work's client that wait in the queue it would join. */
size_t sv_line_count_client(const sv_work *work);
sv_rank sv_line_rank(sv_priority priority);

/* The work's lane must have a line. */
void sv_line_enter(sv_work *work);
void sv_line_leave(sv_work *work);
/* Sinks those of the oldest works that cannot be done in time any more. */
void sv_line_sink_late(sv_lane *lane, int64_t now_ns);
/* The next of a rank; NULL: there is none. Its client's next turn comes after all others'. */
sv_work *sv_line_first(const sv_lane *lane, sv_rank rank);
sv_work *sv_line_take(sv_lane *lane, sv_rank rank);
/* The best rank in which a work waits; SV_RANKS: none does. */
sv_rank sv_line_best_rank(const sv_lane *lane);

/* Something of `units` units took `took_ns`. */
void sv_line_learn(sv_lane *lane, int64_t units, int64_t took_ns);

#endif
