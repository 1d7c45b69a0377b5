/* simulation.h: servers and their clients in a made-up time, around the scheduler's own policies:
 * arrivals, departures and ends of runs are events; nothing waits and nothing is a thread. */
#ifndef SERVAL_TEST_SIMULATION_H
#define SERVAL_TEST_SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/admission.h"

enum { SIM_MAX_SERVERS = 10, SIM_MAX_LANES = 4, SIM_MAX_SOURCES = 12, SIM_MAX_SECONDS = 64 };

typedef enum sim_balancer { SIM_ROUND_ROBIN, SIM_RANDOM } sim_balancer;

/* Where requests come from: Poisson arrivals, or so many clients who ask again when answered. */
typedef struct sim_source {
    double per_s;     /* arrivals; 0: closed loop */
    size_t n_clients; /* of the closed loop */
    double from_s, to_s;
    double patience_s; /* after so long the client leaves; 0: never */
    double deadline_s; /* that the server knows; 0: none */
    double service_s;  /* mean of one alone; log-normal with this sigma, 0: constant */
    double sigma;
    size_t lane;
    uint32_t client; /* 0: each request is of another */
    sv_priority priority;
    uint64_t batch_class;
    bool retries; /* once more after Retry-After, until told three times */
} sim_source;

typedef struct sim_config {
    size_t n_servers, n_permits, n_lanes;
    uint32_t max_batch_units;
    double batch_fixed; /* share of a work's time that a batch pays once */
    double seconds;
    sim_balancer balancer;
    uint64_t seed;
    const sim_source *sources;
    size_t n_sources;
} sim_config;

/* Of one source. */
typedef struct sim_result {
    size_t n_sent, n_good, n_late, n_left, n_refused[3];
    size_t good_in[SIM_MAX_SECONDS]; /* by second of the answer */
    double first_good_s;             /* answered, of those sent from `from_s` on */
    double longest_s, sum_s;         /* of good answers, from sending to the end */
    int64_t longest_retry_s;
} sim_result;

/* One result for each source. */
void sim_run(const sim_config *config, sim_result *ret_results);

/* Good answers within [from, to) seconds. */
size_t sim_count_good(const sim_result *result, size_t from, size_t to);
size_t sim_count_refused(const sim_result *result);

#endif
