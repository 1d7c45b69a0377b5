/* A service is put together and taken apart, whatever fails on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "guide_app.h"
#include "web/service.h"
#include "web/test_client.h"

static sv_service_config make_config(const sv_operation *const *tables)
{
    return (sv_service_config){.application = {.tables = tables, .n_tables = 1, .pages = true},
                               .limits = sv_http_limits_default};
}

static void test_parts(void **state)
{
    (void)state;
    const sv_operation *tables[] = {guide_app.operations};
    sv_service_config config = make_config(tables);
    sv_service *service = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 65536);
    assert_int_equal(sv_service_new(&config, &problems, &service), SV_OK);
    assert_non_null(sv_service_server(service));
    assert_ptr_equal(sv_application_pool(sv_service_application(service)),
                     sv_service_pool(service));
    sv_service_free(service);
    sv_service_free(NULL);
    sv_buf_deinit(&problems);
}

static void test_wrong_tables_are_told(void **state)
{
    (void)state;
    static const sv_operation wrong[] = {{"GET", "/a", NULL}, {0}};
    const sv_operation *tables[] = {wrong};
    sv_service_config config = make_config(tables);
    sv_service *service = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 65536);
    assert_int_equal(sv_service_new(&config, &problems, &service), SV_INVALID);
    assert_null(service);
    assert_true(sv_str_starts_with(sv_buf_str(&problems), SV_STR("GET /a: ")));
    sv_buf_deinit(&problems);
}

static void test_only_allowed_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *hosts[2];
        int status;
    } cases[] = {{{"localhost", NULL}, 200}, {{"example.com", NULL}, 400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_operation *tables[] = {guide_app.operations};
        sv_service_config config = make_config(tables);
        sv_service *service = NULL;
        sv_buf problems;
        sv_buf_init(&problems, 65536);
        config.allowed_hosts = cases[i].hosts;
        assert_int_equal(sv_service_new(&config, &problems, &service), SV_OK);
        sv_client *client = sv_test_client_of(service); /* says Host: localhost */
        assert_int_equal(sv_test_get(client, "/items/1").status, cases[i].status);
        sv_test_free(client);
        sv_service_free(service);
        sv_buf_deinit(&problems);
    }
}

static bool make_service(void *arg)
{
    sv_service *service = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 65536);
    sv_status status = sv_service_new(arg, &problems, &service);
    if (status)
        assert_null(service);
    sv_service_free(service);
    sv_buf_deinit(&problems);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    const sv_operation *tables[] = {guide_app.operations};
    sv_service_config config = make_config(tables);
    assert_true(failing_malloc_try_each(make_service, &config) >= 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_wrong_tables_are_told),
        cmocka_unit_test(test_only_allowed_hosts),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
