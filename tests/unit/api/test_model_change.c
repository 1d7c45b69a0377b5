/* Calls that change models: who may make them, and what becomes of the models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

static int set_up(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

typedef struct row {
    const char *path, *name, *value, *body;
    int status;
} row;

static int ask(const row *it)
{
    char header[128] = "";
    if (it->name)
        snprintf(header, sizeof header, "%s: %s\r\n", it->name, it->value);
    return sv_test_request(lab.client, "POST", it->path, header, sv_str_from(it->body)).status;
}

/* An unknown model: whoever gets as far may change models. */
static void test_who_may(void **state)
{
    static const char native[] = "/api/v1/models/nobody/load";
    static const char oip[] = "/v2/repository/models/nobody/load";
    static const row rows[] = {
        {native, NULL, NULL, "", 404},
        {native, "Content-Type", "application/json", "", 404},
        {native, "Content-Type", "application/json; charset=utf-8", "{}", 404},
        {native, "Content-Type", "text/plain", "", 415},
        {native, "Content-Type", "application/octet-stream", "{}", 415},
        {native, "Content-Type", "application/x-www-form-urlencoded", "", 415},
        {native, "Origin", "http://evil.example", "", 415},
        {native, "Sec-Fetch-Site", "cross-site", "", 415},
        {native, NULL, NULL, "{}", 415},
        {oip, NULL, NULL, "{}", 404},
        {oip, "Content-Type", "application/octet-stream", "{}", 404},
        {oip, "Content-Type", "text/plain;charset=UTF-8", "{}", 415},
        {oip, "Content-Type", "multipart/form-data; boundary=x", "", 415},
        {oip, "Origin", "http://evil.example", "{}", 415},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (ask(&rows[i]) != rows[i].status)
            fail_msg("row %zu: %d, not %d", i, ask(&rows[i]), rows[i].status);
    lab.runtime.services.is_read_only = true;
    assert_int_equal(ask(&rows[0]), 403);
    assert_int_equal(ask(&rows[9]), 403);
}

static void test_without_a_loader(void **state)
{
    (void)state;
    assert_int_equal(ask(&(row){"/api/v1/models/digits/load", NULL, NULL, "", 0}), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_may, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_loader, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
