/* model.yaml: every key, mistakes with file and line, and what `--set` lays over it. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "failing_malloc.h"
#include "model/manifest.h"

static sv_arena *arena;
static sv_buf problems;
static const struct manifest *manifest;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    sv_buf_init(&problems, 65536);
    manifest = NULL;
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    return 0;
}

/* `text` NULL: there is no file. `sets`, separated by '|', are those of the command line. */
static sv_status read_manifest(const char *text, const char *sets)
{
    sv_str items[128], rest = sv_str_from(sets);
    sv_strs list = {.items = items};
    while (rest.len && sv_str_split(&rest, '|', &items[list.len]))
        list.len++;
    sv_manifest_source source = {
        .path = text ? folder_write("model.yaml", text) : NULL, .name = SV_STR("m"), .sets = &list};
    sv_buf_clear(&problems);
    return sv_manifest_read(arena, &source, &problems, &manifest);
}

static void check_versions(const struct manifest_versions *versions)
{
    assert_int_equal(versions->serve.which, SV_MANIFEST_SERVE_LISTED);
    assert_int_equal(versions->serve.names.len, 3);
    assert_true(sv_str_eq(versions->serve.names.items[2], SV_STR("3")));
    assert_int_equal(versions->weights.len, 2);
    assert_true(sv_str_eq(versions->weights.items[0].key, SV_STR("1")));
    assert_int_equal(versions->weights.items[1].value, 10);
    assert_int_equal(versions->sticky.by, SV_MANIFEST_STICKY_COOKIE);
    assert_true(sv_str_eq(versions->sticky.name, SV_STR("sid")));
    assert_true(sv_str_eq(versions->shadow.value, SV_STR("3")));
    assert_true(versions->fallback->max_error_rate.value == 0.2);
    assert_int_equal(versions->fallback->max_latency.ns, 250 * SV_NS_PER_MS);
    assert_int_equal(versions->fallback->min_requests.value, 50);
}

static void test_every_key(void **state)
{
    (void)state;
    static const char text[] =
        "task: image-classification\n"
        "versions: {default: \"2\", serve: [1, 2, 3], weights: {1: 90, 2: 10}, "
        "sticky: cookie:sid, shadow: 3, fallback: {max_error_rate: 0.2, "
        "max_latency: 250ms, min_requests: 50}}\n"
        "preprocess:\n"
        "  mode: squash\n"
        "  crop_fraction: 0.875\n"
        "  resize: 256\n"
        "  crop: 224\n"
        "  interpolation: bicubic\n"
        "  scale: 0.5\n"
        "  mean: [0.1, 0.2, 0.3]\n"
        "  std: [1, 2, 3]\n"
        "  dtype: float16\n"
        "  layout: NHWC\n"
        "  channels: BGR\n"
        "  orientation: ignore\n"
        "postprocess: {softmax: false, labels: names.txt, top_k: 3}\n"
        "batching: {max_size: 8, max_delay: 2ms}\n"
        "load: pinned\n"
        "engine: {threads: 4, concurrency: 2}\n"
        "warm_up: {budget: 10s}\n"
        "base_url: https://api.example.com/v1\n"
        "model: small\n"
        "api_key: env:OPENAI_API_KEY\n";
    assert_int_equal(read_manifest(text, ""), SV_OK);
    assert_int_equal(problems.len, 0);
    assert_int_equal(manifest->task, SV_TASK_IMAGE_CLASSIFICATION);
    assert_true(sv_str_eq(manifest->versions->default_version.value, SV_STR("2")));
    check_versions(manifest->versions);
    const struct manifest_preprocess *how = manifest->preprocess;
    assert_int_equal(how->mode, SV_MANIFEST_SQUASH);
    assert_true(how->crop_fraction.set && how->crop_fraction.value == 0.875);
    assert_int_equal(how->resize.value, 256);
    assert_int_equal(how->crop.value, 224);
    assert_int_equal(how->interpolation, SV_MANIFEST_BICUBIC);
    assert_true(how->scale.value == 0.5);
    assert_int_equal(how->mean.len, 3);
    assert_true(how->mean.items[2] == 0.3);
    assert_true(how->std.items[1] == 2);
    assert_int_equal(how->dtype, SV_MANIFEST_FLOAT16);
    assert_int_equal(how->layout, SV_MANIFEST_NHWC);
    assert_int_equal(how->channels, SV_MANIFEST_BGR);
    assert_int_equal(how->orientation, SV_MANIFEST_IGNORE);
    const struct manifest_postprocess *post = manifest->postprocess;
    assert_true(post->softmax.set && !post->softmax.value);
    assert_true(sv_str_eq(post->labels.value, SV_STR("names.txt")));
    assert_int_equal(post->top_k.value, 3);
    assert_int_equal(manifest->engine->threads.value, 4);
    assert_int_equal(manifest->engine->concurrency.value, 2);
    assert_int_equal(manifest->batching->max_size.value, 8);
    assert_int_equal(manifest->batching->max_delay.ns, 2 * SV_NS_PER_MS);
    assert_int_equal(manifest->load, SV_MANIFEST_PINNED);
    assert_int_equal(sv_manifest_warm_up_ns(manifest), 10 * SV_NS_PER_S);
    assert_true(sv_str_eq(manifest->model.value, SV_STR("small")));
    assert_true(sv_str_eq(manifest->api_key.value, SV_STR("env:OPENAI_API_KEY")));
}

static void test_nothing_is_said(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL, "", "# nothing\n", "{}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_manifest(texts[i], ""), SV_OK);
        assert_int_equal(manifest->task, SV_TASK_UNSET);
        assert_null(manifest->preprocess);
        assert_null(manifest->versions);
    }
}

static void test_enum_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int mode, interpolation, dtype, layout, channels, orientation;
    } cases[] = {
        {"{mode: crop, interpolation: nearest, dtype: float32, layout: NCHW, channels: RGB, "
         "orientation: exif}",
         SV_MANIFEST_CROP, SV_MANIFEST_NEAREST, SV_MANIFEST_FLOAT32, SV_MANIFEST_NCHW,
         SV_MANIFEST_RGB, SV_MANIFEST_EXIF},
        {"{interpolation: bilinear, dtype: uint8, channels: GREY}", 0, SV_MANIFEST_BILINEAR,
         SV_MANIFEST_UINT8, 0, SV_MANIFEST_GREY, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "task: tensor\npreprocess: %s\n", cases[i].text);
        assert_int_equal(read_manifest(text, ""), SV_OK);
        assert_int_equal(manifest->task, SV_TASK_TENSOR);
        assert_int_equal(manifest->preprocess->mode, cases[i].mode);
        assert_int_equal(manifest->preprocess->interpolation, cases[i].interpolation);
        assert_int_equal(manifest->preprocess->dtype, cases[i].dtype);
        assert_int_equal(manifest->preprocess->layout, cases[i].layout);
        assert_int_equal(manifest->preprocess->channels, cases[i].channels);
        assert_int_equal(manifest->preprocess->orientation, cases[i].orientation);
    }
    assert_string_equal(sv_manifest_task_name(SV_TASK_IMAGE_CLASSIFICATION),
                        "image-classification");
    assert_string_equal(sv_manifest_task_name(SV_TASK_TENSOR), "tensor");
    assert_string_equal(sv_manifest_task_name(SV_TASK_UNSET), "unset");
}

/* Each problem is one line that begins with the file and the line. */
static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *what;
    } cases[] = {
        {"task: dance\n", ":1: task: ",
         "'image-classification', 'text-embedding', 'text-classification', 'tabular', "
         "'text-generation' or 'tensor'"},
        {"task: tensor\ntsak: x\n", ":2: tsak: ", "not permitted; did you mean 'task'?"},
        {"preprocess:\n  resize: 0\n", ":2: preprocess.resize: ", "greater than or equal to 1"},
        {"preprocess:\n  crop: 9000\n", ":2: preprocess.crop: ", "less than or equal to 8192"},
        {"preprocess:\n  resize: big\n", ":2: preprocess.resize: ", "valid integer"},
        {"preprocess:\n  crop_fraction: 0\n", ":2: preprocess.crop_fraction: ", "greater than 0"},
        {"preprocess:\n  crop_fraction: 1.5\n",
         ":2: preprocess.crop_fraction: ", "less than or equal to 1"},
        {"preprocess:\n  mean: [1, 2, 3, 4]\n", ":2: preprocess.mean: ", "at most 3 items"},
        {"preprocess:\n  std: [1, 0]\n", ":2: preprocess.std.1: ", "greater than 0"},
        {"preprocess:\n  mode: stretch\n", ":2: preprocess.mode: ", "'crop' or 'squash'"},
        {"\npreprocess: 7\n", ":2: preprocess: ", "object"},
        {"postprocess:\n  softmax: maybe\n", ":2: postprocess.softmax: ", "boolean"},
        {"postprocess:\n  top_k: 1001\n", ":2: postprocess.top_k: ", "less than or equal to 1000"},
        {"postprocess:\n  labels: ''\n", ":2: postprocess.labels: ", "at least 1 character"},
        {"engine:\n  threads: 0\n",
         ":2: engine.threads: ", " Input should be a number from 1 to 256, or auto"},
        {"engine:\n  gpus: 1\n", ":2: engine.gpus: ", "not permitted\n"},
        {"engine:\n  theads: 1\n", ":2: engine.theads: ", "did you mean 'threads'?"},
        {"versions: {default: ''}\n", ":1: versions.default: ", "the name of a version"},
        {"versions:\n  weights: {1: -1}\n",
         ":2: versions.weights.1: ", "greater than or equal to 0"},
        {"versions:\n  weights: [1]\n", ":2: versions.weights: ", "valid dictionary"},
        {"versions: {fallback: {max_errors: 1}}\n",
         ":1: versions.fallback.max_errors: ", "did you mean 'max_error_rate'?"},
        {"batching:\n  max_size: 0\n", ":2: batching.max_size: ", "greater than or equal to 1"},
        {"load: later\n", ":1: load: ", "'eager', 'lazy' or 'pinned'"},
        {"base_url: nowhere\n", ":1: base_url: ", "valid URL"},
        {"- task\n", ":1: ", "object"},
        {"task: [\n", ":2: ", "expected node content"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char wanted[256];
        assert_int_equal(read_manifest(cases[i].text, ""), SV_INVALID);
        snprintf(wanted, sizeof wanted, "%s%s", folder_path("model.yaml"), cases[i].where);
        sv_str line = sv_buf_str(&problems);
        bool good = sv_str_starts_with(line, sv_str_from(wanted)) &&
                    memmem(line.ptr, line.len, cases[i].what, strlen(cases[i].what)) &&
                    sv_str_find(line, '\n') == line.len - 1;
        if (!good)
            fail_msg("%s%s: %.*s", cases[i].where, cases[i].what, SV_STR_ARG(line));
    }
}

static void test_every_mistake_is_told(void **state)
{
    (void)state;
    assert_int_equal(read_manifest("task: dance\npreprocess:\n  crop: 0\n  mode: x\n", ""),
                     SV_INVALID);
    size_t n_lines = 0;
    for (size_t i = 0; i < problems.len; i++)
        n_lines += problems.ptr[i] == '\n';
    assert_int_equal(n_lines, 3);
    assert_int_equal(read_manifest("task: dance\n", "m.load=later|m.task"), SV_INVALID);
    assert_true(sv_str_starts_with(sv_buf_str(&problems), sv_str_from(folder_path("model.yaml"))));
    assert_true(memmem(problems.ptr, problems.len, "\n--set m.task: ", 14));
    assert_true(memmem(problems.ptr, problems.len, "\n--set: load: ", 14));
}

static void test_sets_lie_over_the_file(void **state)
{
    (void)state;
    static const char text[] = "preprocess: {mode: crop, resize: 100, mean: [0.1]}\n";
    static const char sets[] = "m.preprocess.resize=200|m.preprocess.mean=[0.5, 0.25]|"
                               "m.task=tensor|other.task=dance|m.postprocess.softmax=false|"
                               "m.versions.default='7'|m.preprocess.crop=1|m.preprocess.crop=2";
    assert_int_equal(read_manifest(text, sets), SV_OK);
    assert_int_equal(manifest->task, SV_TASK_TENSOR);
    assert_int_equal(manifest->preprocess->mode, SV_MANIFEST_CROP);
    assert_int_equal(manifest->preprocess->resize.value, 200);
    assert_int_equal(manifest->preprocess->crop.value, 2); /* the last one counts */
    assert_int_equal(manifest->preprocess->mean.len, 2);
    assert_true(manifest->preprocess->mean.items[1] == 0.25);
    assert_true(manifest->postprocess->softmax.set && !manifest->postprocess->softmax.value);
    assert_true(sv_str_eq(manifest->versions->default_version.value, SV_STR("7")));
}

static void test_sets_without_a_file(void **state)
{
    (void)state;
    assert_int_equal(read_manifest(NULL, "m.preprocess={resize: 50}|m.preprocess.crop=40"), SV_OK);
    assert_int_equal(manifest->preprocess->resize.value, 50);
    assert_int_equal(manifest->preprocess->crop.value, 40);
    assert_int_equal(read_manifest(NULL, "m.preprocess.crop=40|m.preprocess={resize: 50}"), SV_OK);
    assert_int_equal(manifest->preprocess->resize.value, 50);
    assert_false(manifest->preprocess->crop.set); /* replaced as a whole */
}

static void test_wrong_sets(void **state)
{
    (void)state;
    static const struct {
        const char *set, *problem; /* its beginning */
    } cases[] = {
        {"m.preprocess.resize=0", "--set: preprocess.resize: "},
        {"m.nonsense=1", "--set: nonsense: "},
        {"m.task", "--set m.task: expected MODEL.KEY=VALUE"},
        {"m=1", "--set m=1: expected MODEL.KEY=VALUE"},
        {"m.task=[", "--set m.task=[: expected MODEL.KEY=VALUE"},
        {"m.a.b.c.d.e.f.g.h.i=1", "--set m.a.b.c.d.e.f.g.h.i=1: expected MODEL.KEY=VALUE"},
        {"m.preprocess..resize=1", "--set: preprocess."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_manifest(NULL, cases[i].set), SV_INVALID);
        if (!sv_str_starts_with(sv_buf_str(&problems), sv_str_from(cases[i].problem)))
            fail_msg("%s: %.*s", cases[i].set, SV_STR_ARG(sv_buf_str(&problems)));
    }
}

static void test_too_many_sets(void **state)
{
    (void)state;
    static const char set[] = "m.task=tensor|";
    char sets[sizeof set * 66] = "";
    for (int i = 0; i < 65; i++)
        memcpy(sets + strlen(sets), set, sizeof set);
    assert_int_equal(read_manifest(NULL, sets), SV_INVALID);
    assert_true(sv_str_starts_with(sv_buf_str(&problems), SV_STR("--set m.task=tensor: ")));
}

static void test_a_file_that_is_not_there(void **state)
{
    (void)state;
    sv_manifest_source source = {.path = "/nowhere/model.yaml", .name = SV_STR("m")};
    assert_int_equal(sv_manifest_read(arena, &source, &problems, &manifest), SV_IO);
    assert_true(sv_str_eq(sv_buf_str(&problems),
                          SV_STR("/nowhere/model.yaml: No such file or directory\n")));
}

/* Read, or refused for want of memory, never anything else. */
static bool attempt_reading(void *path)
{
    sv_str items[] = {SV_STR("m.versions.weights.1=3"), SV_STR("m.preprocess.mean=[0.5]")};
    const sv_strs sets = {items, 2};
    sv_manifest_source source = {.path = path, .name = SV_STR("m"), .sets = &sets};
    const struct manifest *read = NULL;
    sv_buf told;
    sv_arena *own = sv_arena_new(0);
    sv_buf_init(&told, 65536);
    sv_status status = own ? sv_manifest_read(own, &source, &told, &read) : SV_NO_MEMORY;
    assert_int_equal(status == SV_OK, read != NULL);
    assert_true(status == SV_OK || status == SV_NO_MEMORY || status == SV_IO);
    sv_buf_deinit(&told);
    sv_arena_free(own);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "task: tensor\n"
                               "versions: {default: 2, serve: [1, 2], sticky: client}\n"
                               "batching: {max_delay: 2ms}\n";
    char path[256];
    snprintf(path, sizeof path, "%s", folder_write("model.yaml", text));
    assert_true(failing_malloc_try_each(attempt_reading, path) > 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_key),
        TEST(test_nothing_is_said),
        TEST(test_enum_values),
        TEST(test_mistakes),
        TEST(test_every_mistake_is_told),
        TEST(test_sets_lie_over_the_file),
        TEST(test_sets_without_a_file),
        TEST(test_wrong_sets),
        TEST(test_too_many_sets),
        TEST(test_a_file_that_is_not_there),
        TEST(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
