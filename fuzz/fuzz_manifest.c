/* fuzz_manifest.c: hostile manifests: the input is a model.yaml and, behind a zero, `--set`s by
 * line. Whatever the bytes are: a manifest whose values keep their limits, or problems by line. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/manifest_check.h"

enum { LARGEST_OUTPUT = 64 << 20, MAX_SETS = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A file that this process alone sees. */
static const char *write_file(sv_arena *arena, sv_str text)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("model.yaml", 0);
    require(fd >= 0 && ftruncate(fd, 0) == 0);
    require(pwrite(fd, text.ptr, text.len, 0) == (ssize_t)text.len);
    return sv_arena_printf(arena, "/proc/self/fd/%d", fd).ptr;
}

static void check_time(const struct manifest_time *time, int64_t most_s)
{
    require(time->ns >= 0 && time->ns <= most_s * SV_NS_PER_S);
    require(time->written.set || time->ns == 0);
}

static void check_count(const struct manifest_count *count, int64_t most)
{
    require(!count->set || (count->value >= 1 && count->value <= most));
}

static void check_versions(const struct manifest_versions *versions)
{
    require(!versions->default_version.set || versions->default_version.value.len);
    require(!versions->shadow.set || versions->shadow.value.len);
    require(versions->serve.names.len <= SV_MANIFEST_MAX_VERSIONS);
    require((versions->serve.which == SV_MANIFEST_SERVE_LISTED) == (versions->serve.names.len > 0));
    require(versions->weights.len <= SV_MANIFEST_MAX_VERSIONS);
    for (size_t i = 0; i < versions->weights.len; i++)
        require(versions->weights.items[i].value >= 0);
    require(versions->sticky.written.set == (versions->sticky.by != SV_MANIFEST_STICKY_NONE));
    if (versions->fallback)
        check_time(&versions->fallback->max_latency, 3600);
}

static void check_generation(const struct manifest_generation *generation)
{
    const sv_opt_int *context = &generation->context, *sequences = &generation->sequences;
    require(!context->set || (context->value >= 16 && context->value <= 1 << 20));
    require(!sequences->set || (sequences->value >= 1 && sequences->value <= 64));
    check_time(&generation->max_gap, 60);
}

static void check_manifest(const struct manifest *manifest)
{
    require(manifest->task <= SV_TASK_TEXT_GENERATION && manifest->provider <= SV_MANIFEST_OPENAI);
    if (manifest->versions)
        check_versions(manifest->versions);
    if (manifest->batching)
        check_time(&manifest->batching->max_delay, 1);
    if (manifest->engine) {
        check_count(&manifest->engine->threads, 256);
        check_count(&manifest->engine->concurrency, 1024);
    }
    if (manifest->generation)
        check_generation(manifest->generation);
    int64_t warm_up_ns = sv_manifest_warm_up_ns(manifest);
    require(warm_up_ns >= 0 && warm_up_ns <= 600 * SV_NS_PER_S);
}

/* Whole lines, and some exactly when something was wrong. */
static void check_problems(sv_status status, const sv_buf *problems)
{
    require((status == SV_INVALID) == (problems->len > 0));
    require(!problems->len || problems->ptr[problems->len - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const sv_str names[] = {SV_STR_INIT("1"), SV_STR_INIT("v2"), SV_STR_INIT("beta")};
    sv_str text = {(const char *)data, size}, items[MAX_SETS];
    size_t zero = sv_str_find(text, '\0');
    sv_str rest = sv_str_slice(text, zero + 1, size);
    sv_strs sets = {.items = items};
    while (sets.len < MAX_SETS && rest.len && sv_str_split(&rest, '\n', &items[sets.len]))
        sets.len++;
    sv_arena *arena = sv_arena_new(0);
    sv_buf problems;
    const struct manifest *manifest;
    require(arena != NULL);
    sv_buf_init(&problems, LARGEST_OUTPUT);
    sv_manifest_source source = {
        .path = write_file(arena, sv_str_slice(text, 0, zero)), .name = SV_STR("m"), .sets = &sets};
    sv_status status = sv_manifest_read(arena, &source, &problems, &manifest);
    if (status == SV_OK) {
        check_manifest(manifest);
        status = sv_manifest_check_versions(manifest, names, 3, "model.yaml", &problems);
    }
    if (status != SV_TOO_LARGE)
        check_problems(status, &problems);
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    return 0;
}
