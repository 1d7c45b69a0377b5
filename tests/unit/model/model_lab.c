/* model_lab.c: see model_lab.h. */
#include "model_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MAX_PICTURE = 1 << 20 };

sv_status model_lab_open(model_lab *lab, const char *path, const sv_registry_config *base)
{
    sv_error error = {0};
    sv_engine_config engines = {0};
    *lab = (model_lab){.arena = sv_arena_new(0)};
    assert_non_null(lab->arena);
    sv_buf_init(&lab->problems, 65536);
    if (sv_repository_scan(lab->arena, &path, 1, &error, &lab->repository))
        fail_msg("%s: %s", path, error.message);
    assert_int_equal(sv_engine_host_new(&engines, &lab->engines), SV_OK);
    sv_registry_config config = base ? *base : (sv_registry_config){0};
    config.repository = &lab->repository;
    config.engines = lab->engines;
    config.n_scratches = 2;
    return sv_registry_new(&config, &lab->problems, &lab->registry);
}

void model_lab_close(model_lab *lab)
{
    sv_registry_free(lab->registry);
    sv_engine_host_free(lab->engines);
    sv_buf_deinit(&lab->problems);
    sv_arena_free(lab->arena);
    *lab = (model_lab){0};
}

sv_instance *model_lab_load(model_lab *lab, const char *model, const char *version)
{
    sv_error error = {0};
    sv_model *found = sv_registry_find(lab->registry, sv_str_from(model));
    assert_non_null(found);
    sv_model_version *one = sv_registry_find_version(found, sv_str_from(version));
    assert_non_null(one);
    sv_status status = sv_load_step_run(&(sv_load_step){.registry = lab->registry}, one, &error);
    if (status == SV_UNAVAILABLE) {
        print_message("skipped: %s\n", error.message);
        skip();
    }
    if (status)
        fail_msg("%s: %s", model, error.message);
    return one->current;
}

sv_str model_lab_picture(model_lab *lab, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/examples/pictures/%s", SV_SOURCE_DIR, name);
    FILE *file = fopen(path, "re");
    char *bytes = sv_arena_alloc(lab->arena, MAX_PICTURE);
    assert_true(file && bytes);
    size_t len = fread(bytes, 1, MAX_PICTURE, file);
    fclose(file);
    assert_true(len > 0 && len < MAX_PICTURE);
    return (sv_str){bytes, len};
}
