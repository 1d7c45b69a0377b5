/* upstream_fixture.c: sets up and tears down, notes what exchanges are told. */
#include "upstream_fixture.h"

#include <stdio.h>

static void note_head(sv_upstream_exchange *exchange, const sv_upstream_head *head)
{
    upstream_talk *it = exchange->arg;
    assert_int_equal(it->n_ends + it->n_data, 0);
    it->n_heads++;
    it->http_status = head->status;
    it->retry_after_s = head->retry_after_s;
    snprintf(it->content_type, sizeof it->content_type, "%.*s", SV_STR_ARG(head->content_type));
}

static size_t note_data(sv_upstream_exchange *exchange, sv_str bytes)
{
    upstream_talk *it = exchange->arg;
    assert_int_equal(it->n_ends, 0);
    assert_int_equal(it->n_heads, 1);
    assert_true(bytes.len > 0);
    it->n_data++;
    if (it->stops)
        return SV_UPSTREAM_STOP;
    size_t taken = bytes.len < it->room ? bytes.len : it->room;
    for (size_t i = 0; i < taken && it->len + i < UPSTREAM_KEPT; i++)
        it->bytes[it->len + i] = bytes.ptr[i];
    it->len += taken;
    it->room -= taken;
    return taken;
}

static void note_end(sv_upstream_exchange *exchange, const sv_upstream_end *end)
{
    upstream_talk *it = exchange->arg;
    it->end = *end;
    if (it->n_again > 0 && it->again) {
        it->n_again--;
        sv_upstream_start(it->again, exchange);
        return;
    }
    it->n_ends++;
}

static const sv_upstream_port port = {note_head, note_data, note_end};

void upstream_set_up(upstream_fixture *on, const origin_answer *answers)
{
    const sv_upstream_config config = {.max_running = UPSTREAM_MAX_RUNNING};
    *on = (upstream_fixture){.loop = io_new_loop(), .origin = origin_start(answers)};
    on->port = origin_port(on->origin);
    assert_int_equal(sv_upstream_new(on->loop, &config, NULL, &on->upstream), SV_OK);
}

void upstream_tear_down(upstream_fixture *on)
{
    sv_upstream_free(on->upstream);
    sv_loop_free(on->loop);
    origin_stop(on->origin);
}

void upstream_prepare(const upstream_fixture *on, upstream_talk *it, const char *path)
{
    *it = (upstream_talk){
        .room = SIZE_MAX,
        .limits = {UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, UPSTREAM_LONG_MS, UPSTREAM_MAX_BODY}};
    if (path[0] == '/')
        snprintf(it->url, sizeof it->url, "http://127.0.0.1:%d%s", on->port, path);
    else
        snprintf(it->url, sizeof it->url, "%s", path);
    it->exchange = (sv_upstream_exchange){.url = sv_str_from(it->url),
                                          .limits = &it->limits,
                                          .deadline_ns = SV_NEVER,
                                          .port = &port,
                                          .arg = it};
}

void upstream_start(const upstream_fixture *on, upstream_talk *it)
{
    int n_ends = it->n_ends;
    sv_upstream_start(on->upstream, &it->exchange);
    assert_int_equal(it->n_ends, n_ends); /* never inside */
}

void upstream_run(const upstream_fixture *on, upstream_talk *it)
{
    upstream_start(on, it);
    io_run_until(on->loop, &it->n_ends, 1);
    sv_loop_step(on->loop, 0);
    assert_int_equal(it->n_ends, 1);
}

void upstream_expect(const upstream_talk *it, const char *what, sv_upstream_fault fault,
                     bool is_answered)
{
    if (it->end.fault != fault || it->end.is_answered != is_answered)
        fail_msg("%s: fault %d (%s), answered: %d", what, it->end.fault, it->end.message,
                 it->end.is_answered);
    assert_int_equal(it->end.status == SV_OK, fault == SV_UPSTREAM_NONE);
    assert_int_equal(it->end.message[0] == '\0', fault == SV_UPSTREAM_NONE);
}
