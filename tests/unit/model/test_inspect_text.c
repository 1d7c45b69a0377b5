/* What models over tokens are taken for, from made-up inputs and outputs. */
#include "folder.h"

#include <string.h>

#include "model/inspect.h"

#define SHAPE(...)                                                                                 \
    {                                                                                              \
        (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                                 \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define INPUT(text, type, ...)                                                                     \
    {.name = SV_STR_INIT(text), .dtype = type, .shape = SHAPE(__VA_ARGS__)}
#define IDS INPUT("input_ids", SV_DTYPE_INT64, -1, -1)
#define MASK INPUT("attention_mask", SV_DTYPE_INT64, -1, -1)
#define STATES INPUT("last_hidden_state", SV_DTYPE_FP32, -1, -1, 8)
#define POOLED INPUT("sentence_embedding", SV_DTYPE_FP32, -1, 8)
#define POOLER INPUT("pooler_output", SV_DTYPE_FP32, -1, 8)
#define LOGITS INPUT("logits", SV_DTYPE_FP32, -1, 2)

static sv_arena *arena;
static sv_buf reasons;
static sv_error error;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    sv_buf_init(&reasons, 65536);
    folder_write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&reasons);
    sv_arena_free(arena);
    return 0;
}

static sv_status inspect(const sv_tensor_spec *inputs, size_t n_inputs,
                         const sv_tensor_spec *outputs, sv_inspect_request request,
                         sv_inspection *ret_found)
{
    static const struct manifest nothing = {0};
    size_t n_outputs = outputs[1].name.len ? 2 : 1;
    sv_engine_info info = {inputs, outputs, n_inputs, n_outputs};
    request.info = &info;
    if (!request.manifest)
        request.manifest = &nothing;
    error = (sv_error){0};
    return sv_inspect_model(arena, &request, &reasons, &error, ret_found);
}

static void guesses_the_task(void **state)
{
    const struct {
        sv_tensor_spec inputs[2], outputs[2];
        bool no_tokenizer;
        sv_model_task task;
        sv_text_pooling pooling;
        size_t output;
    } cases[] = {
        {{IDS, MASK}, {STATES}, false, SV_TASK_TEXT_EMBEDDING, SV_TEXT_POOLING_MEAN, 0},
        {{IDS, MASK}, {POOLER, STATES}, false, SV_TASK_TEXT_EMBEDDING, SV_TEXT_POOLING_MEAN, 1},
        {{IDS, MASK}, {STATES, POOLED}, false, SV_TASK_TEXT_EMBEDDING, SV_TEXT_POOLING_NONE, 1},
        {{IDS, MASK}, {POOLER}, false, SV_TASK_TEXT_EMBEDDING, SV_TEXT_POOLING_NONE, 0},
        {{IDS, MASK},
         {INPUT("last_hidden_state", SV_DTYPE_FP16, -1, -1, 8)},
         false,
         SV_TASK_TEXT_EMBEDDING,
         SV_TEXT_POOLING_MEAN,
         0},
        {{IDS, MASK}, {LOGITS}, false, SV_TASK_TEXT_CLASSIFICATION, SV_TEXT_POOLING_NONE, 0},
        {{IDS, MASK}, {STATES}, true, SV_TASK_TENSOR, SV_TEXT_POOLING_NONE, 0},
        {{IDS, INPUT("position_ids", SV_DTYPE_INT64, -1, -1)},
         {STATES},
         false,
         SV_TASK_TENSOR,
         SV_TEXT_POOLING_NONE,
         0},
        {{INPUT("input_ids", SV_DTYPE_FP32, -1, -1), MASK},
         {STATES},
         false,
         SV_TASK_TENSOR,
         SV_TEXT_POOLING_NONE,
         0},
        {{IDS, MASK},
         {INPUT("x", SV_DTYPE_INT64, -1, -1)},
         false,
         SV_TASK_TENSOR,
         SV_TEXT_POOLING_NONE,
         0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_inspection found = {0};
        sv_inspect_request more = {.tokenizer_file =
                                       cases[i].no_tokenizer ? NULL : folder_path("vocab.txt")};
        assert_int_equal(inspect(cases[i].inputs, 2, cases[i].outputs, more, &found), SV_OK);
        assert_int_equal(found.task, cases[i].task);
        assert_int_equal(found.text.pooling, cases[i].pooling);
        assert_int_equal(found.text.output, cases[i].output);
        assert_true(reasons.len > 0);
        if (found.task == SV_TASK_TEXT_EMBEDDING) {
            assert_true(found.text.normalize);
            assert_int_equal(found.text.max_length, 256);
            assert_int_equal(found.text.inputs[SV_TEXT_INPUT_MASK], 2);
            assert_int_equal(found.text.inputs[SV_TEXT_INPUT_TYPES], 0);
        }
    }
}

static void follows_the_manifest(void **state)
{
    struct manifest_preprocess pre = {.max_length = {true, 64}};
    struct manifest_postprocess post = {.pooling = SV_MANIFEST_POOLING_CLS,
                                        .normalize = {true, false}};
    const struct manifest manifest = {
        .task = SV_TASK_TEXT_EMBEDDING, .preprocess = &pre, .postprocess = &post};
    const sv_tensor_spec inputs[] = {IDS, MASK}, outputs[2] = {STATES, POOLED};
    (void)state;
    sv_inspect_request more = {.manifest = &manifest, .tokenizer_file = folder_path("vocab.txt")};
    sv_inspection found = {0};
    assert_int_equal(inspect(inputs, 2, outputs, more, &found), SV_OK);
    assert_int_equal(found.text.pooling, SV_TEXT_POOLING_CLS);
    assert_int_equal(found.text.output, 0);
    assert_false(found.text.normalize);
    assert_int_equal(found.text.max_length, 64);
}

static void hashes_where_the_manifest_says_so(void **state)
{
    struct manifest_preprocess pre = {.tokenizer = {true, SV_STR_INIT("hashed-ngrams")}};
    const struct manifest manifest = {.task = SV_TASK_TEXT_EMBEDDING, .preprocess = &pre};
    const sv_tensor_spec inputs[] = {INPUT("counts", SV_DTYPE_FP32, -1, 2048)},
                         outputs[2] = {INPUT("embedding", SV_DTYPE_FP32, -1, 64)};
    (void)state;
    sv_inspect_request more = {.manifest = &manifest};
    sv_inspection found = {0};
    assert_int_equal(inspect(inputs, 1, outputs, more, &found), SV_OK);
    assert_null(found.text.tokenizer);
    assert_int_equal(found.text.n_buckets, 2048);
    assert_int_equal(found.text.inputs[SV_TEXT_INPUT_COUNTS], 1);
    assert_int_equal(found.text.pooling, SV_TEXT_POOLING_NONE);
}

static void tells_what_does_not_fit(void **state)
{
    struct manifest_preprocess too_long = {.max_length = {true, 64}};
    struct manifest_postprocess none = {.pooling = SV_MANIFEST_POOLING_NONE},
                                mean = {.pooling = SV_MANIFEST_POOLING_MEAN};
    const struct {
        struct manifest manifest;
        sv_tensor_spec inputs[2], outputs[2];
        const char *tokenizer, *message;
    } cases[] = {
        {{.task = SV_TASK_TEXT_EMBEDDING}, {IDS, MASK}, {STATES}, NULL, "no tokenizer.json"},
        {{.task = SV_TASK_TEXT_EMBEDDING}, {MASK, MASK}, {STATES}, "vocab.txt", "not input_ids"},
        {{.task = SV_TASK_TEXT_EMBEDDING}, {IDS, MASK}, {STATES}, "none.txt", "none.txt: "},
        {{.task = SV_TASK_TEXT_EMBEDDING, .postprocess = &none},
         {IDS, MASK},
         {STATES},
         "vocab.txt",
         "no output is [N,numbers]"},
        {{.task = SV_TASK_TEXT_EMBEDDING, .postprocess = &mean},
         {IDS, MASK},
         {POOLED},
         "vocab.txt",
         "no output is [N,tokens,numbers]"},
        {{.task = SV_TASK_TEXT_CLASSIFICATION},
         {IDS, MASK},
         {STATES},
         "vocab.txt",
         "no output is scores"},
        {{.task = SV_TASK_TEXT_EMBEDDING, .preprocess = &too_long},
         {INPUT("input_ids", SV_DTYPE_INT32, -1, 32), MASK},
         {STATES},
         "vocab.txt",
         "preprocess.max_length does not fit: the model takes 32"},
        {{.task = SV_TASK_TEXT_EMBEDDING},
         {INPUT("input_ids", SV_DTYPE_INT32, 4, 32), MASK},
         {STATES},
         "vocab.txt",
         "exactly 4 texts"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_inspection found = {0};
        sv_inspect_request more = {.manifest = &cases[i].manifest,
                                   .tokenizer_file =
                                       cases[i].tokenizer ? folder_path(cases[i].tokenizer) : NULL};
        assert_int_not_equal(inspect(cases[i].inputs, 2, cases[i].outputs, more, &found), SV_OK);
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s", error.message);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guesses_the_task),
        TEST(follows_the_manifest),
        TEST(hashes_where_the_manifest_says_so),
        TEST(tells_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
