/* Applications served by a program that owns `main`: several at once, each with its own settings.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <serval/serval.h>

struct number {
    int64_t value;
};
SV_SCHEMA(number, SV_FIELD(number, value));
SV_STATE(count, struct number, count_open, count_close);
static int n_closed;
static sv_status count_open(sv_application *application, struct number *ret, sv_error *error)
{
    (void)application, (void)error;
    ret->value = 41;
    return SV_OK;
}
static void count_close(struct number *number)
{
    (void)number;
    n_closed++;
}
SV_HANDLER(show, sv_none, number);
static sv_status show(sv_call *call, const struct sv_none *in, struct number *out)
{
    (void)in;
    out->value = ++count_of(call)->value;
    return SV_OK;
}
static const sv_operation operations[] = {{"GET", "/", &show_handler}, {0}};
static const sv_app app = {.operations = operations,
                           .states = (const sv_state *const[]){&count_state, NULL}};

static const char *ask(int port)
{
    static char text[4096];
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
    return text;
}

static const char *const options[] = {"--port", "0", "--log-level", "off", NULL};

static void test_two_at_once(void **state)
{
    (void)state;
    sv_serving *first = NULL, *second = NULL;
    sv_error error = {0};
    assert_int_equal(sv_app_start(&app, options, &error, &first), SV_OK);
    assert_int_equal(sv_app_start(&app, options, &error, &second), SV_OK);
    assert_int_not_equal(sv_serving_port(first), sv_serving_port(second));
    assert_non_null(strstr(ask(sv_serving_port(first)), "{\"value\":42}"));
    assert_non_null(strstr(ask(sv_serving_port(first)), "{\"value\":43}"));
    assert_non_null(strstr(ask(sv_serving_port(second)), "{\"value\":42}"));
    assert_int_equal(count_in(sv_serving_application(second))->value, 42);
    n_closed = 0;
    sv_serving_stop(first);
    assert_int_equal(n_closed, 1);
    assert_non_null(strstr(ask(sv_serving_port(second)), "{\"value\":43}"));
    sv_serving_stop(second);
    assert_int_equal(n_closed, 2);
    sv_serving_stop(NULL);
}

typedef struct refused_case {
    const char *options[3], *reason;
} refused_case;

static void test_what_cannot_start(void **state)
{
    (void)state;
    static const refused_case cases[] = {
        {{"--prot", "1"}, "--port"},
        {{"--port", "many"}, "port"},
        {{"model.onnx"}, "unexpected argument 'model.onnx'"},
        {{"--host", "not.an.address.invalid"}, "not.an.address.invalid"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_serving *serving = NULL;
        sv_error error = {0};
        assert_int_not_equal(sv_app_start(&app, cases[i].options, &error, &serving), SV_OK);
        assert_null(serving);
        if (!strstr(error.message, cases[i].reason))
            fail_msg("%s not in: %s", cases[i].reason, error.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_what_cannot_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
