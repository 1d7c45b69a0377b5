/* What a log writes where, what it drops, and that it comes to an end. Lines are read from pipes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "observe/log.h"

/* Two pipes that a log writes into. */
typedef struct outputs {
    int access[2], other[2];
    char access_text[65536], other_text[65536];
} outputs;

static sv_log *open_log(outputs *out, sv_log_config config)
{
    sv_log *log = NULL;
    assert_int_equal(pipe(out->access), 0);
    assert_int_equal(pipe(out->other), 0);
    config.access_fd = out->access[1];
    config.other_fd = out->other[1];
    assert_int_equal(sv_log_new(&config, &log), SV_OK);
    return log;
}

static void read_all(int fd, char *text, size_t room)
{
    size_t len = 0;
    ssize_t n;
    while (len < room - 1 && (n = read(fd, text + len, room - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
}

/* Ends the log and reads what it has written. */
static void close_log(outputs *out, sv_log *log)
{
    sv_log_free(log);
    close(out->access[1]);
    close(out->other[1]);
    read_all(out->access[0], out->access_text, sizeof out->access_text);
    read_all(out->other[0], out->other_text, sizeof out->other_text);
}

static outputs out;
static const sv_access_entry entry = {.request_id = {"i", 1},
                                      .method = {"GET", 3},
                                      .path = {"/x", 2},
                                      .status = 200,
                                      .http_minor = 1};

static void test_lines_go_where_they_belong(void **state)
{
    (void)state;
    sv_log *log = open_log(&out, (sv_log_config){.level = SV_LOG_INFO});
    sv_log_write(log, SV_LOG_DEBUG, "not this");
    sv_log_write(log, SV_LOG_INFO, "port %d", 8000);
    sv_log_write(log, SV_LOG_WARNING, "two\nlines");
    sv_log_write(log, SV_LOG_ERROR, "red\x1B[31m \x7F\xC3\xBC");
    sv_log_write(log, SV_LOG_ERROR, "\xFF\xC3\xBC");
    sv_log_access(log, &entry);
    close_log(&out, log);
    assert_string_equal(out.other_text, "INFO:     port 8000\nWARNING:  two lines\n"
                                        "ERROR:    red [31m  \xC3\xBC\nERROR:       \n");
    assert_string_equal(out.access_text,
                        "INFO:     -:0 - \"GET /x HTTP/1.1\" 200 OK id=i 0.00ms\n");
}

static void test_json_lines(void **state)
{
    (void)state;
    sv_log *log = open_log(&out, (sv_log_config){.level = SV_LOG_DEBUG, .json = true});
    sv_log_write(log, SV_LOG_ERROR, "a \"quote\"\n");
    sv_log_access(log, &entry);
    close_log(&out, log);
    assert_non_null(
        strstr(out.other_text, "\"level\":\"error\",\"message\":\"a \\\"quote\\\"\\n\"}\n"));
    assert_memory_equal(out.access_text, "{\"timestamp\":\"", 14);
}

static void test_access_lines_are_of_level_info(void **state)
{
    (void)state;
    static const struct {
        sv_log_level level;
        bool has;
    } cases[] = {{SV_LOG_DEBUG, true},
                 {SV_LOG_INFO, true},
                 {SV_LOG_WARNING, false},
                 {SV_LOG_ERROR, false},
                 {SV_LOG_OFF, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_log *log = open_log(&out, (sv_log_config){.level = cases[i].level});
        assert_int_equal(sv_log_has_access(log), cases[i].has);
        sv_log_access(log, &entry);
        sv_log_write(log, SV_LOG_ERROR, "bad");
        close_log(&out, log);
        assert_int_equal(out.access_text[0] != '\0', cases[i].has);
        assert_int_equal(out.other_text[0] != '\0', cases[i].level != SV_LOG_OFF);
    }
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    static char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    for (int json = 0; json < 2; json++) {
        sv_log *log = open_log(&out, (sv_log_config){.json = json});
        sv_log_write(log, SV_LOG_INFO, "%s", longer);
        close_log(&out, log);
        size_t len = strlen(out.other_text);
        assert_true(len > 2000 && len < 2300);
        assert_ptr_equal(strchr(out.other_text, '\n'), out.other_text + len - 1);
    }
}

static void *read_others(void *arg)
{
    outputs *from = arg;
    read_all(from->other[0], from->other_text, sizeof from->other_text);
    return NULL;
}

/* Nobody reads: what finds no room is dropped and counted, and nobody waits. */
static void test_a_full_buffer_drops_lines(void **state)
{
    (void)state;
    enum { N_LINES = 200 };
    char text[200];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    sv_log *log = open_log(&out, (sv_log_config){.max_buffered_bytes = 1000});
    assert_true(fcntl(out.other[1], F_SETPIPE_SZ, 4096) > 0);
    for (int i = 0; i < N_LINES; i++)
        sv_log_write(log, SV_LOG_INFO, "%s", text);
    uint64_t dropped = sv_log_dropped(log);
    assert_true(dropped > 0);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_others, &out), 0);
    sv_log_free(log);
    close(out.other[1]);
    pthread_join(reader, NULL);
    close(out.access[0]);
    close(out.access[1]);
    size_t n_lines = 0;
    for (const char *at = out.other_text; (at = strchr(at, '\n')); at++)
        n_lines++;
    assert_int_equal(n_lines + dropped, N_LINES);
}

/* A pipe that says "not now" gets everything all the same. */
static void test_a_descriptor_that_does_not_block(void **state)
{
    (void)state;
    enum { N_LINES = 300 };
    sv_log *log = open_log(&out, (sv_log_config){.level = SV_LOG_INFO});
    assert_true(fcntl(out.other[1], F_SETPIPE_SZ, 4096) > 0);
    assert_int_equal(fcntl(out.other[1], F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < N_LINES; i++)
        sv_log_write(log, SV_LOG_INFO, "%0100d", i);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_others, &out), 0);
    sv_log_free(log);
    close(out.other[1]);
    pthread_join(reader, NULL);
    close(out.access[0]);
    close(out.access[1]);
    assert_int_equal(strlen(out.other_text), N_LINES * (10 + 100 + 1));
}

/* Nobody reads, or nobody can: the log ends, and so does the program. */
static void test_the_end_does_not_wait_for_readers(void **state)
{
    (void)state;
    static char text[2000];
    memset(text, 'z', sizeof text - 1);
    for (int closed = 0; closed < 2; closed++) {
        sv_log *log = open_log(&out, (sv_log_config){.level = SV_LOG_INFO});
        assert_true(fcntl(out.other[1], F_SETPIPE_SZ, 4096) > 0);
        if (closed)
            close(out.other[0]);
        for (int i = 0; i < 10; i++)
            sv_log_write(log, SV_LOG_INFO, "%s", text);
        sv_log_free(log);
        for (int i = 0; i < 2; i++) {
            close(out.access[i]);
            if (i || !closed)
                close(out.other[i]);
        }
    }
}

static void test_no_log_takes_everything(void **state)
{
    (void)state;
    sv_log_write(NULL, SV_LOG_ERROR, "nobody reads this");
    sv_log_access(NULL, &entry);
    assert_false(sv_log_has_access(NULL));
    assert_int_equal(sv_log_dropped(NULL), 0);
    sv_log_free(NULL);
}

static bool make_and_write(void *arg)
{
    const sv_log_config *config = arg;
    sv_log *log = NULL;
    sv_status status = sv_log_new(config, &log);
    if (status)
        assert_int_equal(status, SV_NO_MEMORY);
    sv_log_write(log, SV_LOG_INFO, "hello");
    sv_log_access(log, &entry);
    sv_log_free(log);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(nowhere >= 0);
    for (int json = 0; json < 2; json++) {
        sv_log_config config = {.json = json, .access_fd = nowhere, .other_fd = nowhere};
        assert_true(failing_malloc_try_each(make_and_write, &config) >= 2);
    }
    close(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_go_where_they_belong),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_access_lines_are_of_level_info),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_a_full_buffer_drops_lines),
        cmocka_unit_test(test_a_descriptor_that_does_not_block),
        cmocka_unit_test(test_the_end_does_not_wait_for_readers),
        cmocka_unit_test(test_no_log_takes_everything),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
