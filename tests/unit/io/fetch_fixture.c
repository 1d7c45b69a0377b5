/* fetch_fixture.c: sets up and tears down what fetching needs. */
#include "fetch_fixture.h"

/* libcurl 7.88 may close a socket before it says so to watch_socket; the number is another thread's
 * then, and epoll finds it not to be in the set. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:watch_socket";
}

static void write_list(sv_buf *list, const char *text, int port)
{
    for (; *text; text++) {
        if (text[0] == '%' && text[1] == 'd') {
            sv_buf_printf(list, "%d", port);
            text++;
        } else {
            sv_buf_append_byte(list, *text);
        }
    }
    assert_int_equal(sv_buf_status(list), SV_OK);
}

void fetch_set_up(fetch_fixture *it, const origin_answer *answers, const char *allow,
                  const char *schemes, int64_t timeout_ms)
{
    sv_buf list, problems;
    *it = (fetch_fixture){.loop = io_new_loop(), .origin = origin_start(answers)};
    it->port = origin_port(it->origin);
    sv_buf_init(&list, 256);
    write_list(&list, allow ? allow : "127.0.0.1:%d", it->port);
    sv_buf_init(&problems, 1024);
    assert_int_equal(sv_address_guard_new(sv_buf_str(&list), SV_STR(""), &problems, &it->guard),
                     SV_OK);
    sv_buf_deinit(&list);
    sv_fetch_config config = {.guard = it->guard,
                              .max_bytes = FETCH_MAX_BYTES,
                              .timeout_ms = timeout_ms,
                              .schemes = schemes ? sv_str_from(schemes) : (sv_str){0}};
    assert_int_equal(sv_fetcher_new(it->loop, &config, NULL, &it->fetcher), SV_OK);
    assert_ptr_equal(sv_fetcher_loop(it->fetcher), it->loop);
}

void fetch_tear_down(fetch_fixture *it)
{
    sv_fetcher_free(it->fetcher);
    sv_loop_free(it->loop);
    sv_address_guard_free(it->guard);
    origin_stop(it->origin);
}
