/* test_oip_models.c: models in the words of the protocol. Finding: test_oip.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/oip_models.h"
#include "server_lab.h"

static void expect(sv_reply reply, const char *body)
{
    if (reply.status != 200 || !sv_str_eq(reply.body, sv_str_from(body)))
        fail_msg("%d %.*s", reply.status, SV_STR_ARG(reply.body));
}

static void test_descriptions(void **state)
{
    (void)state;
    server_lab lab;
    server_lab_open(&lab, NULL);
    server_lab_load(&lab);
    expect(sv_test_get(lab.client, "/v2/models/digits"),
           "{\"name\":\"digits\",\"versions\":[\"1\",\"2\"],\"platform\":\"onnxruntime_onnx\","
           "\"inputs\":[{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[-1,1,28,28]}],"
           "\"outputs\":[{\"name\":\"logits\",\"datatype\":\"FP32\",\"shape\":[-1,10]}]}");
    sv_reply named = sv_test_get(lab.client, "/v2/models/digits/versions/1");
    assert_true(sv_str_eq(sv_reply_str(named, "versions.0"), SV_STR("1")));
    expect(sv_test_get(lab.client, "/v2/models/digits/config"),
           "{\"name\":\"digits\",\"platform\":\"onnxruntime_onnx\",\"backend\":\"onnxruntime\","
           "\"max_batch_size\":0,\"input\":[{\"name\":\"image\",\"data_type\":\"TYPE_FP32\","
           "\"dims\":[-1,1,28,28]}],\"output\":[{\"name\":\"logits\",\"data_type\":\"TYPE_FP32\","
           "\"dims\":[-1,10]}]}");
    server_lab_close(&lab);
}

/* In every state. */
static void test_entries_and_statistics(void **state)
{
    (void)state;
    static const struct {
        sv_version_state state;
        const char *entry;
    } rows[] = {
        {SV_VERSION_ABSENT, "{\"name\":\"m\"}"},
        {SV_VERSION_LOADING, "{\"name\":\"m\",\"version\":\"3\",\"state\":\"LOADING\"}"},
        {SV_VERSION_WARMING, "{\"name\":\"m\",\"version\":\"3\",\"state\":\"LOADING\"}"},
        {SV_VERSION_READY, "{\"name\":\"m\",\"version\":\"3\",\"state\":\"READY\"}"},
        {SV_VERSION_DRAINING, "{\"name\":\"m\",\"version\":\"3\",\"state\":\"UNLOADING\"}"},
        {SV_VERSION_FAILED,
         "{\"name\":\"m\",\"version\":\"3\",\"state\":\"UNAVAILABLE\",\"reason\":\"why\"}"},
    };
    sv_model_version version = {.name = SV_STR("3")};
    sv_model_status model = {.name = SV_STR("m")};
    sv_version_status told = {.name = SV_STR("3"), .version = &version};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_buf out;
        sv_writer writer;
        sv_buf_init(&out, 4096);
        sv_writer_init(&writer, &out);
        told.state = rows[i].state;
        told.reason = told.state == SV_VERSION_FAILED ? SV_STR("why") : (sv_str){0};
        sv_oip_models_write_entry(&model, &told, &writer);
        assert_true(sv_str_eq(sv_buf_str(&out), sv_str_from(rows[i].entry)));
        sv_buf_deinit(&out);
    }
    const sv_version_run run = {.total_ns = 5, .infer_ns = 3, .n_items = 4};
    sv_version_stats_add(&version.stats, &run);
    sv_version_stats_add_execution(&version.stats, &run, 4);
    sv_version_stats_add_execution(&version.stats, &run, 100);
    sv_buf out;
    sv_writer writer;
    sv_buf_init(&out, 4096);
    sv_writer_init(&writer, &out);
    atomic_store(&version.stats.last_ms, 7);
    sv_oip_models_write_stats(&model, &told, &writer);
    static const char expected[] =
        "{\"name\":\"m\",\"version\":\"3\",\"last_inference\":7,\"inference_count\":4,"
        "\"execution_count\":2,\"inference_stats\":{\"success\":{\"count\":1,\"ns\":5},"
        "\"fail\":{\"count\":0,\"ns\":0},\"queue\":{\"count\":1,\"ns\":0},"
        "\"compute_input\":{\"count\":1,\"ns\":0},\"compute_infer\":{\"count\":1,\"ns\":3},"
        "\"compute_output\":{\"count\":1,\"ns\":0},\"cache_hit\":{\"count\":0,\"ns\":0},"
        "\"cache_miss\":{\"count\":0,\"ns\":0}},\"response_stats\":{},"
        "\"batch_stats\":[{\"batch_size\":4,\"compute_input\":{\"count\":1,\"ns\":0},"
        "\"compute_infer\":{\"count\":1,\"ns\":3},\"compute_output\":{\"count\":1,\"ns\":0}},"
        "{\"batch_size\":33,\"compute_input\":{\"count\":1,\"ns\":0},"
        "\"compute_infer\":{\"count\":1,\"ns\":3},\"compute_output\":{\"count\":1,\"ns\":0}}],"
        "\"memory_usage\":[]}";
    if (!sv_str_eq(sv_buf_str(&out), sv_str_from(expected)))
        fail_msg("%.*s", SV_STR_ARG(sv_buf_str(&out)));
    sv_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions),
        cmocka_unit_test(test_entries_and_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
