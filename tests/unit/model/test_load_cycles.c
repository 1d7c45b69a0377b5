/* Loading and unloading again and again takes no more memory in the end than at first. */
#include <stdio.h>
#include <string.h>

#include "folder.h"
#include "loader_lab.h"

enum { N_WARM = 20, N_CYCLES = 200, MAX_GROWTH_PERCENT = 5 };

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { HAS_SANITIZER = 1 };
#else
enum { HAS_SANITIZER = 0 };
#endif

/* Anonymous memory in KiB. */
static long read_rss(void)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %ld kB", &kib) == 1)
            break;
    fclose(file);
    assert_true(kib > 0);
    return kib;
}

static void wait_settled(const char *model)
{
    lab_waiter one = {0};
    lab_wait_for(&one, model, NULL, NULL);
    assert_int_equal(lab_hear_from(&one), SV_OK);
}

static void run_cycle(const char *model)
{
    sv_loader_load(lab_find(model), NULL);
    wait_settled(model);
    assert_int_equal(lab_state_of(model, "1"), SV_VERSION_READY);
    sv_loader_unload(lab_find(model), NULL);
    wait_settled(model);
    assert_int_equal(lab_state_of(model, "1"), SV_VERSION_ABSENT);
}

static void test_cycles(void **state)
{
    (void)state;
    long warm = 0;
    if (HAS_SANITIZER)
        skip();
    folder_copy("r/probe/1/model.onnx", SV_SOURCE_DIR "/models/digits/1/model.onnx");
    folder_copy("r/digits/1/model.onnx", SV_SOURCE_DIR "/models/digits/2/model.onnx");
    folder_copy("r/embedder/1/model.onnx", SV_SOURCE_DIR "/models/embedder/1/model.onnx");
    folder_copy("r/embedder/model.yaml", SV_SOURCE_DIR "/models/embedder/model.yaml");
    folder_write("r/digits/model.yaml", "load: lazy");
    lab_start(2, 100, 0);
    lab_skip_without_engine();
    for (int i = 1; i <= N_CYCLES; i++) {
        run_cycle("digits");
        run_cycle("embedder");
        if (i == N_WARM)
            warm = read_rss();
    }
    long last = read_rss();
    if (last > warm + warm * MAX_GROWTH_PERCENT / 100)
        fail_msg("%ld KiB after %d cycles, %ld after %d", last, N_CYCLES, warm, N_WARM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cycles, lab_set_up, lab_tear_down),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
