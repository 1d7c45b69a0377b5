/* test_oip_infer.c: inference over models/digits, as the server wires it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "http/coding.h"
#include "server_lab.h"

enum { PIXELS = 28 * 28 };
static server_lab lab;
static float image[PIXELS];

#define INFER "/v2/models/digits/infer"

static sv_reply infer(const char *headers, sv_str body)
{
    return sv_test_request(lab.client, "POST", INFER, headers, body);
}

/* A request for one picture: JSON with the numbers, or with `more` instead. */
static void write_request(sv_buf *out, const char *more, const char *options)
{
    sv_buf_init(out, 1 << 20);
    sv_buf_printf(out,
                  "{%s\"inputs\":[{\"name\":\"image\",\"shape\":[1,1,28,28],\"datatype\":"
                  "\"FP32\",",
                  options);
    if (more) {
        sv_buf_printf(out, "%s}]}", more);
        return;
    }
    sv_buf_printf(out, "\"data\":[");
    for (int i = 0; i < PIXELS; i++)
        sv_buf_printf(out, "%s0.%d", i ? "," : "", i % 10);
    sv_buf_printf(out, "]}]}");
    assert_int_equal(sv_buf_status(out), SV_OK);
}

static void assert_json_answer(sv_reply reply)
{
    if (reply.status != 200)
        fail_msg("%.*s", SV_STR_ARG(reply.body));
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "model_name"), SV_STR("digits")));
    assert_true(sv_str_eq(server_lab_text(&lab, &reply, "id"), SV_STR("r1")));
    assert_true(sv_str_starts_with(sv_reply_header_value(&reply, "content-type"),
                                   SV_STR("application/json")));
}

static void test_json(void **state)
{
    (void)state;
    sv_buf body, coded, plain;
    write_request(&body, NULL, "\"id\":\"r1\",");
    assert_json_answer(infer("", sv_buf_str(&body)));
    assert_json_answer(infer("Content-Type: text/plain\r\n", sv_buf_str(&body)));
    sv_buf_init(&coded, 1 << 20);
    sv_buf_init(&plain, 1 << 20);
    assert_int_equal(sv_coding_encode(SV_CODING_GZIP, sv_buf_str(&body), &coded), SV_OK);
    assert_json_answer(infer("Content-Encoding: gzip\r\n", sv_buf_str(&coded)));
    sv_reply reply = infer("Accept-Encoding: deflate\r\n", sv_buf_str(&body));
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "content-encoding"), SV_STR("deflate")));
    assert_int_equal(sv_coding_decode(SV_CODING_DEFLATE, reply.body, &plain), SV_OK);
    assert_true(sv_str_starts_with(sv_buf_str(&plain), SV_STR("{\"id\":\"r1\"")));
    assert_int_equal(infer("Content-Encoding: gzip\r\n", sv_buf_str(&body)).status, 400);
    assert_int_equal(infer("Content-Encoding: br\r\n", sv_buf_str(&body)).status, 415);
    sv_buf_deinit(&body);
    sv_buf_deinit(&coded);
    sv_buf_deinit(&plain);
}

static void assert_binary_answer(sv_reply reply, size_t n_bytes)
{
    uint64_t json_bytes = 0;
    if (reply.status != 200)
        fail_msg("%.*s", SV_STR_ARG(reply.body));
    assert_true(sv_str_to_u64(sv_reply_header_value(&reply, "Inference-Header-Content-Length"),
                              &json_bytes));
    assert_int_equal(reply.body.len - json_bytes, n_bytes);
}

static void test_binary(void **state)
{
    (void)state;
    char header[64];
    sv_buf body;
    write_request(&body, "\"parameters\":{\"binary_data_size\":3136}",
                  "\"parameters\":{\"binary_data_output\":true},");
    snprintf(header, sizeof header, "Inference-Header-Content-Length: %zu\r\n", body.len);
    sv_buf_append(&body, image, sizeof image);
    assert_binary_answer(infer(header, sv_buf_str(&body)), 10 * sizeof(float));
    assert_int_equal(infer("", sv_buf_str(&body)).status, 400); /* not JSON as a whole */
    char twice[128];
    snprintf(twice, sizeof twice, "%s%s", header, header);
    assert_int_equal(infer(twice, sv_buf_str(&body)).status, 400);
    sv_buf_deinit(&body);
    assert_binary_answer(infer("Inference-Header-Content-Length: 0\r\n",
                               (sv_str){(const char *)image, sizeof image}),
                         10 * sizeof(float));
    assert_int_equal(infer("Inference-Header-Content-Length: 0\r\n", SV_STR("odd")).status, 400);
}

/* What an inference did is told by the version's statistics. */
static void test_statistics(void **state)
{
    (void)state;
    sv_buf body;
    sv_model *model = sv_registry_find(lab.runtime.registry, SV_STR("digits"));
    sv_version_stats *stats = &sv_registry_find_version(model, SV_STR(""))->stats;
    unsigned long long before = atomic_load(&stats->stats[SV_VERSION_SUCCESS].count);
    write_request(&body, NULL, "\"id\":\"r1\",\"parameters\":{\"timeout\":60000000},");
    assert_json_answer(infer("", sv_buf_str(&body)));
    assert_int_equal(atomic_load(&stats->stats[SV_VERSION_SUCCESS].count), before + 1);
    assert_int_equal(atomic_load(&stats->stats[SV_VERSION_INFER].count), before + 1);
    assert_true(atomic_load(&stats->stats[SV_VERSION_INFER].ns) > 0);
    sv_buf_deinit(&body);
}

static void test_classes(void **state)
{
    (void)state;
    sv_buf body;
    write_request(&body, NULL,
                  "\"id\":\"r1\",\"outputs\":[{\"name\":\"logits\",\"parameters\":{"
                  "\"classification\":2}}],");
    sv_reply reply = infer("", sv_buf_str(&body));
    assert_json_answer(reply);
    assert_true(sv_str_eq(sv_reply_str(reply, "outputs.0.datatype"), SV_STR("BYTES")));
    sv_str best = sv_reply_str(reply, "outputs.0.data.0");
    assert_true(sv_str_find(best, ':') < best.len);
    sv_buf_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_classes),
    };
    server_lab_open(&lab, NULL);
    (void)sv_runtime_load_models(&lab.runtime);
    const sv_model *model = sv_registry_find(lab.runtime.registry, SV_STR("digits"));
    int failed = 0;
    if (sv_registry_state(model->versions[0]) == SV_VERSION_READY)
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    else
        print_message("skipped: %s\n", model->versions[0]->reason);
    server_lab_close(&lab);
    return failed;
}
