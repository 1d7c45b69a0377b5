/* What servers under too much load still do, in a made-up time: the scheduler's policies with
 * simulated clients. Capacity is what the permits can do: permits / mean service time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "simulation.h"

enum { BURST_S = 20 };

/* Clients leave after 1 s without having said so; when the burst is over others still come. */
typedef struct burst {
    double load, service_s, sigma;
    size_t n_permits;
    double first_good_s; /* at most, after the burst */
} burst;

static void assert_at_least(double is, double bound, const char *what, const burst *in)
{
    if (is < bound)
        fail_msg("%s: %.3f < %.3f (load %g, service %g s, sigma %g, %zu permits)", what, is, bound,
                 in->load, in->service_s, in->sigma, in->n_permits);
}

static void run_burst(const burst *in, uint64_t seed)
{
    double capacity = (double)in->n_permits / in->service_s, after = capacity / 2;
    const sim_source sources[] = {
        {.per_s = in->load * capacity,
         .to_s = BURST_S,
         .patience_s = 1,
         .service_s = in->service_s,
         .sigma = in->sigma},
        {.per_s = after > 50 ? 50 : after,
         .from_s = BURST_S,
         .to_s = BURST_S + 5,
         .patience_s = 1,
         .service_s = in->service_s,
         .sigma = in->sigma},
    };
    sim_result results[2];
    sim_run(&(sim_config){.n_servers = 1,
                          .n_permits = in->n_permits,
                          .n_lanes = 1,
                          .seconds = BURST_S + 6,
                          .seed = seed,
                          .sources = sources,
                          .n_sources = 2},
            results);
    double learned = (double)sim_count_good(&results[0], 3, BURST_S) / (capacity * (BURST_S - 3));
    double all = (double)sim_count_good(&results[0], 0, BURST_S) / (capacity * BURST_S);
    assert_at_least(learned, 0.95, "goodput once learned", in);
    assert_at_least(all, 0.90, "goodput", in);
    assert_true(results[1].first_good_s > BURST_S);
    assert_at_least(in->first_good_s, results[1].first_good_s - BURST_S, "first good", in);
    assert_int_equal(results[0].n_refused[SV_REFUSED_SHARE], 0);
}

static void test_clients_leave_after_a_second(void **state)
{
    (void)state;
    static const burst bursts[] = {
        {2, 0.005, 0, 1, 0.1}, {5, 0.005, 0.8, 1, 0.1}, {2, 0.02, 0, 4, 0.1},
        {5, 0.02, 0, 4, 0.1},  {2, 0.02, 0.8, 4, 0.15}, {5, 0.02, 0.8, 4, 0.15},
        {2, 0.02, 0, 2, 0.15}, {5, 0.02, 0, 2, 0.15},   {2, 0.05, 0, 1, 0.4},
        {5, 0.05, 0, 1, 0.4},  {1.2, 0.02, 0, 2, 0.6},  {10, 0.01, 0, 2, 0.1},
    };
    for (size_t i = 0; i < sizeof bursts / sizeof *bursts; i++)
        for (uint64_t seed = 1; seed <= 2; seed++)
            run_burst(&bursts[i], seed);
}

static void test_without_overload_nothing_is_refused(void **state)
{
    (void)state;
    static const double loads[] = {0.3, 0.6, 0.8};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        sim_source source = {
            .per_s = loads[i] * 100, .to_s = 60, .patience_s = 1, .service_s = 0.02, .sigma = 0.8};
        sim_result result;
        sim_run(&(sim_config){.n_servers = 1,
                              .n_permits = 2,
                              .n_lanes = 1,
                              .seconds = 62,
                              .seed = i,
                              .sources = &source,
                              .n_sources = 1},
                &result);
        assert_int_equal(sim_count_refused(&result), 0);
        assert_true(result.n_good + result.n_left + result.n_late == result.n_sent);
        assert_true((double)result.n_good >= 0.999 * (double)result.n_sent);
    }
}

/* 64 clients in a row with a model that needs 0.4 s: the last waits for 25 s, as it may. */
static void test_patient_clients_are_never_refused(void **state)
{
    (void)state;
    sim_source source = {.n_clients = 64, .to_s = 60, .deadline_s = 30, .service_s = 0.4};
    sim_result result;
    sim_run(&(sim_config){.n_servers = 1,
                          .n_permits = 1,
                          .n_lanes = 1,
                          .seconds = 60,
                          .seed = 1,
                          .sources = &source,
                          .n_sources = 1},
            &result);
    assert_int_equal(sim_count_refused(&result), 0);
    assert_true(result.n_good >= 149);
    assert_true(result.longest_s < 26);
}

/* Deadlines that are known need no learning. */
static void test_known_deadlines_are_kept(void **state)
{
    (void)state;
    sim_source source = {.per_s = 300, .to_s = 20, .deadline_s = 0.5, .service_s = 0.02};
    sim_result result;
    sim_run(&(sim_config){.n_servers = 1,
                          .n_permits = 2,
                          .n_lanes = 1,
                          .seconds = 30,
                          .seed = 1,
                          .sources = &source,
                          .n_sources = 1},
            &result);
    assert_true(result.n_good >= 1990);
    assert_true(result.longest_s <= 0.5);
    assert_int_equal(result.n_refused[SV_REFUSED_DEADLINE], sim_count_refused(&result));
}

static void run_ten(sim_balancer balancer, double load, sim_result *ret_result)
{
    sim_source source = {.per_s = load * 1000,
                         .to_s = BURST_S,
                         .patience_s = 1,
                         .service_s = 0.02,
                         .sigma = 0.8,
                         .retries = true};
    sim_run(&(sim_config){.n_servers = 10,
                          .n_permits = 2,
                          .n_lanes = 1,
                          .seconds = 60,
                          .balancer = balancer,
                          .seed = 7,
                          .sources = &source,
                          .n_sources = 1},
            ret_result);
}

static void test_ten_servers_behind_a_balancer(void **state)
{
    (void)state;
    static const sim_balancer balancers[] = {SIM_ROUND_ROBIN, SIM_RANDOM};
    for (size_t i = 0; i < 2; i++) {
        sim_result result;
        run_ten(balancers[i], 0.7, &result);
        assert_int_equal(sim_count_refused(&result), 0);
        assert_true((double)result.n_good >= 0.995 * (double)result.n_sent);
        run_ten(balancers[i], 2, &result);
        double share = (double)sim_count_good(&result, 3, BURST_S) / (1000.0 * (BURST_S - 3));
        assert_true(share >= 0.95);
        assert_true(result.longest_retry_s >= 1 && result.longest_retry_s <= 30);
    }
}

static void run_one_server(const sim_source *sources, size_t n_sources, sim_result *ret_results)
{
    sim_run(&(sim_config){.n_servers = 1,
                          .n_permits = 2,
                          .n_lanes = 2,
                          .seconds = BURST_S + 5,
                          .seed = 11,
                          .sources = sources,
                          .n_sources = n_sources},
            ret_results);
}

static double good_share(const sim_result *result)
{
    return (double)result->n_good / (double)result->n_sent;
}

static void test_high_goes_first_and_shadows_last(void **state)
{
    (void)state;
    static const sim_source sources[] = {
        {.per_s = 30,
         .to_s = BURST_S,
         .patience_s = 1,
         .service_s = 0.02,
         .priority = SV_PRIORITY_HIGH},
        {.per_s = 170, .to_s = BURST_S, .patience_s = 1, .service_s = 0.02},
        {.per_s = 30,
         .to_s = BURST_S,
         .patience_s = 1,
         .service_s = 0.02,
         .priority = SV_PRIORITY_LOW},
        {.per_s = 30, .to_s = BURST_S, .service_s = 0.02, .priority = SV_PRIORITY_SHADOW},
    };
    sim_result results[4];
    run_one_server(sources, 4, results);
    assert_true(good_share(&results[0]) > 0.99);
    assert_true(results[0].sum_s / (double)results[0].n_good < 0.05);
    assert_true(good_share(&results[2]) < 0.2);
    assert_true(sim_count_good(&results[3], 0, BURST_S) < 10);
    assert_true(sim_count_good(&results[0], 3, BURST_S) + sim_count_good(&results[1], 3, BURST_S) +
                    sim_count_good(&results[2], 3, BURST_S) >=
                (size_t)(0.95 * 100 * (BURST_S - 3)));
}

/* Shadows of all requests, at a load that leaves room for half of them. */
static void test_shadows_delay_nobody(void **state)
{
    (void)state;
    const sim_source sources[] = {
        {.per_s = 65, .to_s = BURST_S, .service_s = 0.02},
        {.per_s = 65,
         .to_s = BURST_S,
         .service_s = 0.02,
         .priority = SV_PRIORITY_SHADOW,
         .lane = 1},
    };
    sim_result with[2], without;
    run_one_server(sources, 2, with);
    run_one_server(sources, 1, &without);
    assert_int_equal(sim_count_refused(&with[0]), 0);
    assert_true(with[0].n_good == with[0].n_sent);
    assert_true(with[1].n_good > 100);
    assert_true(with[0].sum_s / (double)with[0].n_good <
                without.sum_s / (double)without.n_good + 0.010);
}

/* One model gets ten times the load of the other, in works that take as long. */
static void test_models_do_not_starve_each_other(void **state)
{
    (void)state;
    static const sim_source sources[] = {
        {.per_s = 300, .to_s = BURST_S, .patience_s = 1, .service_s = 0.02, .sigma = 0.5},
        {.per_s = 30, .to_s = BURST_S, .patience_s = 1, .service_s = 0.02, .sigma = 0.5, .lane = 1},
    };
    sim_result results[2];
    run_one_server(sources, 2, results);
    assert_true(good_share(&results[1]) > 0.99);
    assert_true(results[1].sum_s / (double)results[1].n_good < 0.07);
    size_t both = sim_count_good(&results[0], 3, BURST_S) + sim_count_good(&results[1], 3, BURST_S);
    assert_true((double)both >= 0.95 * 100 * (BURST_S - 3));
}

/* One client asks for three times what there is; nine others for half of it together. */
static void test_a_greedy_client_among_nine(void **state)
{
    (void)state;
    sim_source sources[10];
    sim_result results[10];
    for (uint32_t i = 0; i < 10; i++)
        sources[i] = (sim_source){.per_s = i ? 5 : 300,
                                  .to_s = BURST_S,
                                  .patience_s = 1,
                                  .service_s = 0.02,
                                  .client = 1000 + i};
    run_one_server(sources, 10, results);
    for (size_t i = 1; i < 10; i++) {
        assert_true(good_share(&results[i]) > 0.97);
        assert_true(results[i].n_refused[SV_REFUSED_SHARE] <= 2); /* by chance it asked for three */
    }
    assert_true(results[0].n_refused[SV_REFUSED_SHARE] > 100);
    assert_true(results[0].n_good > 900);
}

/* Eight in a batch cost as much as 2.4 alone: under load the rate is what batches can do. */
static void test_batches_form_under_load_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sim_source source = {.per_s = i ? 400 : 20,
                             .to_s = BURST_S,
                             .patience_s = 1,
                             .service_s = 0.02,
                             .batch_class = 1};
        sim_result result;
        sim_run(&(sim_config){.n_servers = 1,
                              .n_permits = 1,
                              .n_lanes = 1,
                              .max_batch_units = 8,
                              .batch_fixed = 0.8,
                              .seconds = BURST_S + 5,
                              .seed = 3,
                              .sources = &source,
                              .n_sources = 1},
                &result);
        double mean_s = result.sum_s / (double)result.n_good;
        if (i)
            assert_true(sim_count_good(&result, 3, BURST_S) >= (size_t)(0.95 * 166 * 17));
        else
            assert_true(mean_s < 0.030 && sim_count_refused(&result) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients_leave_after_a_second),
        cmocka_unit_test(test_without_overload_nothing_is_refused),
        cmocka_unit_test(test_patient_clients_are_never_refused),
        cmocka_unit_test(test_known_deadlines_are_kept),
        cmocka_unit_test(test_ten_servers_behind_a_balancer),
        cmocka_unit_test(test_high_goes_first_and_shadows_last),
        cmocka_unit_test(test_shadows_delay_nobody),
        cmocka_unit_test(test_models_do_not_starve_each_other),
        cmocka_unit_test(test_a_greedy_client_among_nine),
        cmocka_unit_test(test_batches_form_under_load_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
