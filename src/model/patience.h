/* patience.h: how long the clients of one model wait before they leave.
 *
 * DESIGN. Nobody says how long he will wait, and those who get an answer in time never show it: the
 * answer hides it. So both are counted by age, in buckets: who left in line, and who was answered
 * (and would have waited for longer). The product-limit estimate (Kaplan and Meier 1958) gives from
 * these the share of clients still there at an age; patience is the age up to which nine of ten
 * stay. It counts only when departures are more than the odd closed window: some out of the last
 * few dozen. When all who wait leave at once, a balancer or a test has hung up, not their patience
 * ended: departures count when they are a moment old, unless the line has become empty by then.
 * What is known fades with time, so that a change is noticed. Not thread-safe; no clock of its own.
 */
#ifndef SERVAL_MODEL_PATIENCE_H
#define SERVAL_MODEL_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Four buckets per doubling, from about a millisecond to about a minute. */
    SV_PATIENCE_BUCKETS = 64
};

/* In the owner's storage, zeroed at first. */
typedef struct sv_patience {
    float left[SV_PATIENCE_BUCKETS], stayed[SV_PATIENCE_BUCKETS];
    uint16_t unsure[SV_PATIENCE_BUCKETS]; /* departures of this moment */
    size_t n_unsure;
    int64_t unsure_ns;   /* since when */
    float recent;        /* share of departures in the last few dozen outcomes */
    bool matters;        /* departures are no accident */
    uint8_t n_news;      /* outcomes since the last estimate */
    int64_t faded_ns;    /* when the counts were last faded */
    int64_t estimate_ns; /* 0: not known */
} sv_patience;

/* A client left at the age of `age_ns`, unanswered. */
void sv_patience_note_left(sv_patience *patience, int64_t age_ns, int64_t now_ns);
/* Nobody waits any more, since the last has left. */
void sv_patience_note_empty(sv_patience *patience);
/* `n` clients were answered at the age of `age_ns`. */
void sv_patience_note_answered(sv_patience *patience, size_t n, int64_t age_ns, int64_t now_ns);
/* The age up to which nine of ten wait; SV_NEVER: nothing says that they leave. */
int64_t sv_patience_get(const sv_patience *patience);

#endif
