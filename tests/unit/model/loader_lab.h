/* loader_lab.h: a loader over the folder r/ of the temporary folder, for tests of its thread.
 *
 * The hook `opened`, which is called when a version is loaded for the first time, is a gate: while
 * it is closed the loader stands there, in the middle of a load. */
#ifndef SERVAL_TESTS_LOADER_LAB_H
#define SERVAL_TESTS_LOADER_LAB_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "model/loader.h"
#include "model_lab.h"

enum { LAB_PATIENCE_S = 60, LAB_MAX_OPENED = 16 };

typedef struct lab_gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool is_closed;
    bool is_at_gate;
    char opened[LAB_MAX_OPENED]; /* the first letters of the models, in order */
    size_t n_opened;
    atomic_int n_loaded, n_failed;
} lab_gate;

extern lab_gate gate;
extern model_lab lab;
extern sv_pool *pool;
extern sv_loader *loader;

/* For cmocka: the gate is open and nothing was counted; all is freed. */
int lab_set_up(void **state);
int lab_tear_down(void **state);
void lab_start(size_t max_threads, size_t max_queued, int64_t poll_ms);
/* Another loader, with a budget. */
void lab_restart(uint64_t memory_budget);
void lab_set_gate(bool is_closed);
/* Until the loader stands there. */
void lab_wait_at_gate(void);
/* Waits for the start, and counts from then on. Needs a model "probe" that is loaded at start;
 * skips the test when the engine is not installed. */
void lab_skip_without_engine(void);

sv_model *lab_find(const char *name);
sv_model_version *lab_find_version(const char *model, const char *name);
sv_version_state lab_state_of(const char *model, const char *version);
sv_status lab_acquire(const char *model, const char *version, sv_acquired *ret_found);

/* Who waits. Zeroed at first. */
typedef struct lab_waiter {
    sv_load_ticket ticket;
    sv_acquired found;
    sem_t told;
    sv_status status;
    atomic_int n_told;
} lab_waiter;

/* `done` of a waiter's ticket. */
void lab_hear(sv_load_ticket *ticket, sv_status status);
/* For a version, or all of the model (NULL). */
void lab_wait_for(lab_waiter *one, const char *model, const char *version, sv_cancel *cancel);
/* As a request does: asks for version 1, and waits. */
void lab_demand(lab_waiter *one, const char *model, sv_cancel *cancel);
/* Until it is told, which has to be once. */
sv_status lab_hear_from(lab_waiter *one);

#endif
