/* testing: an application and its tests in one file. The in-process client sends requests through
 * the whole server, without a socket; in a test, a dependency can be another one.
 *
 *   $ build/examples/testing --test
 *   0 failures
 *   $ build/examples/testing
 *   $ curl -s localhost:8000/greeting
 *   {"text":"Good …"} */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <serval/serval.h>

struct moment {
    int64_t hour;
};
SV_DEPENDENCY(now, struct moment, now_open, now_close);
static sv_status now_open(sv_call *call, struct moment *ret)
{
    (void)call;
    ret->hour = time(NULL) / 3600 % 24;
    return SV_OK;
}
static void now_close(sv_call *call, struct moment *now)
{
    (void)call, (void)now;
}

struct greeting {
    sv_str text;
};
SV_SCHEMA(greeting, SV_FIELD(greeting, text));
SV_HANDLER(greet, sv_none, greeting);
static sv_status greet(sv_call *call, const struct sv_none *in, struct greeting *out)
{
    (void)in;
    const struct moment *now = now_of(call);
    if (!now)
        return SV_FAILED;
    out->text = now->hour < 12 ? SV_STR("Good morning") : SV_STR("Good day");
    return SV_OK;
}

static const sv_operation operations[] = {{"GET", "/greeting", &greet_handler}, {0}};

/* Stands in for `now` in tests. */
SV_DEPENDENCY(dawn, struct moment, dawn_open, now_close);
static sv_status dawn_open(sv_call *call, struct moment *ret)
{
    (void)call;
    ret->hour = 6;
    return SV_OK;
}

static int run_tests(void)
{
    static const sv_override overrides[] = {{&now_dependency, &dawn_dependency}, {0}};
    sv_client *client = sv_test_client(&(sv_app){.operations = operations, .overrides = overrides});
    sv_reply reply = sv_test_get(client, "/greeting");
    sv_test_expect(client, reply, 200);
    sv_test_expect_json(client, reply, "", "{\"text\": \"Good morning\"}");
    sv_test_expect(client, sv_test_post(client, "/greeting", "{}"), 405);
    size_t n_failures = sv_test_failures(client); /* each is told on stderr */
    sv_test_free(client);
    printf("%zu failures\n", n_failures);
    return n_failures != 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--test") == 0)
        return run_tests();
    return sv_main(argc, argv, &(sv_app){.title = "Greetings", .operations = operations});
}
