/* The engine of relays loads a manifest, whatever it says, and runs nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/engine_host.h"

static void test_it_runs_nothing(void **state)
{
    (void)state;
    sv_engine_host *host;
    sv_engine_model *model;
    sv_engine_result result;
    sv_error error = {0};
    assert_int_equal(sv_engine_host_new(&(sv_engine_config){0}, &host), SV_OK);
    assert_int_equal(sv_engine_host_load(host, "m/model.yaml", NULL, &error, &model), SV_OK);
    assert_string_equal(sv_engine_model_engine(model), "relay");
    assert_int_equal(sv_engine_model_info(model)->n_inputs, 0);
    assert_int_equal(sv_engine_run(model, &(sv_engine_request){0}, &error, &result),
                     SV_UNSUPPORTED);
    sv_engine_unload(model);
    sv_engine_host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_runs_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
