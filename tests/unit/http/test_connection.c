/* test_connection.c: connections from byte to byte, over loopback. */
#include "http_fixture.h"

#include <string.h>

static void test_hello(void **state)
{
    (void)state;
    http_fixture fixture;
    http_init(&fixture);
    http_start(&fixture, true);
    sv_loopback *client = sv_loopback_new(fixture.server, fixture.loop);
    http_send(client, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    print_message("%s\n", http_text(client));
    http_send(client, "POST /x%20y/../z?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 ; a=\"b\"\r\nhello\r\n0\r\nT: x\r\n\r\nGET  / HTTP/1.1\r\n");
    print_message("%s\n", http_text(client));
    sv_loopback_free(client);
    http_stop(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hello)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
