/* What the application reports while it is tested. */
#include "client_lab.h"

#include <string.h>
#include <unistd.h>

#include "web/client_report.h"

static void test_lines_are_moved_out(void **state)
{
    (void)state;
    sv_client_report report;
    sv_arena *arena = sv_arena_new(0);
    sv_client_report_init(&report);
    assert_string_equal(sv_client_report_take(&report, arena), "");
    sv_client_report_add(&report, "one");
    sv_client_report_add(&report, "two");
    assert_string_equal(sv_client_report_take(&report, arena), "one\ntwo\n");
    assert_string_equal(sv_client_report_take(&report, arena), "");
    sv_client_report_deinit(&report);
    sv_arena_free(arena);
}

static void test_only_so_much_is_kept(void **state)
{
    (void)state;
    static char line[1000];
    sv_client_report report;
    sv_arena *arena = sv_arena_new(0);
    memset(line, 'x', sizeof line - 1);
    sv_client_report_init(&report);
    for (int i = 0; i < 100; i++)
        sv_client_report_add(&report, line);
    assert_int_equal(strlen(sv_client_report_take(&report, arena)), 65 * sizeof line);
    sv_client_report_add(&report, "again");
    assert_string_equal(sv_client_report_take(&report, arena), "again\n");
    sv_client_report_deinit(&report);
    sv_arena_free(arena);
}

SV_HANDLER_RAW(twice);
static sv_status twice(sv_call *call)
{
    sv_complete(call, SV_OK);
    return SV_OK; /* and not SV_DEFERRED */
}

static const sv_operation operations[] = {{"GET", "/twice", &twice_handler}, {0}};
static const sv_app app = {.operations = operations, .no_pages = true};

static void test_what_an_application_reports(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&app);
    sv_test_get(client, "/twice");
    const char *report = ""; /* comes when the handler, which has answered, returns */
    for (int i = 0; i < 10000 && !*report; i++, usleep(1000))
        report = sv_test_report(client);
    assert_non_null(strstr(report, "twice: the call was answered twice"));
    assert_string_equal(sv_test_report(client), "");
    assert_string_equal(sv_test_report(NULL), "");
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_moved_out),
        cmocka_unit_test(test_only_so_much_is_kept),
        cmocka_unit_test(test_what_an_application_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
