/* server_lab.c: see server_lab.h. */
#include "server_lab.h"

#include "model/load_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/serve.h"
#include "web/test_client.h"

enum { MAX_PICTURE = 1 << 20, MAX_ARGS = 12 };

static void must(sv_runtime *runtime, bool good, const char *what)
{
    if (!good)
        fail_msg("%s: %.*s", what, SV_STR_ARG(sv_buf_str(&runtime->problems)));
}

void server_lab_open(server_lab *lab, const char *const *options)
{
    const char *args[MAX_ARGS] = {SV_SOURCE_DIR "/models/digits", "--log-level=off"};
    int n_args = 2;
    for (; options && *options && n_args < MAX_ARGS; options++)
        args[n_args++] = *options;
    sv_runtime *runtime = &lab->runtime;
    size_t n;
    *lab = (server_lab){.runtime.cli.takes = SV_CLI_MODELS};
    must(runtime, sv_runtime_configure(runtime, NULL, n_args, (char *const *)(uintptr_t)args) == 0,
         "settings");
    must(runtime, sv_runtime_open_models(runtime) == SV_OK, "models");
    const sv_operation *const *tables = sv_serve_tables(&n);
    must(runtime, sv_runtime_build(runtime, NULL, tables, n, true) == SV_OK, "server");
    lab->client = sv_test_client_of(runtime->service);
    assert_non_null(lab->client);
}

void server_lab_close(server_lab *lab)
{
    sv_test_free(lab->client);
    sv_runtime_deinit(&lab->runtime);
    *lab = (server_lab){0};
}

static void skip_without_engine(server_lab *lab, sv_model_version *version)
{
    if (sv_registry_state(version) == SV_VERSION_READY)
        return;
    print_message("skipped: %s\n", version->reason);
    server_lab_close(lab);
    skip();
}

void server_lab_load(server_lab *lab)
{
    sv_model *model = sv_registry_find(lab->runtime.registry, SV_STR("digits"));
    (void)sv_runtime_load_models(&lab->runtime);
    skip_without_engine(lab, model->versions[0]);
}

void server_lab_load_version(server_lab *lab, const char *name)
{
    sv_error error = {0};
    sv_model *model = sv_registry_find(lab->runtime.registry, SV_STR("digits"));
    sv_model_version *version = sv_registry_find_version(model, sv_str_from(name));
    const sv_load_step step = {.registry = lab->runtime.registry};
    if (sv_load_step_run(&step, version, &error))
        print_message("%s\n", error.message);
    skip_without_engine(lab, version);
}

const sv_value *server_lab_json(server_lab *lab, const sv_reply *reply)
{
    const sv_value *value;
    sv_value_error error;
    if (sv_value_parse(lab->runtime.arena, reply->body, NULL, &error, &value))
        fail_msg("not JSON: %.*s", SV_STR_ARG(reply->body));
    return value;
}

sv_str server_lab_text(server_lab *lab, const sv_reply *reply, const char *name)
{
    const sv_value *value = sv_value_get(server_lab_json(lab, reply), sv_str_from(name));
    bool text = value && sv_value_get_type(value) == SV_VALUE_STR;
    return text ? sv_value_str(value) : SV_STR("");
}

sv_str server_lab_picture(server_lab *lab, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/examples/pictures/%s", SV_SOURCE_DIR, name);
    FILE *file = fopen(path, "re");
    char *bytes = sv_arena_alloc(lab->runtime.arena, MAX_PICTURE);
    assert_true(file && bytes);
    size_t len = fread(bytes, 1, MAX_PICTURE, file);
    fclose(file);
    assert_true(len > 0 && len < MAX_PICTURE);
    return (sv_str){bytes, len};
}

static void append_base64(sv_buf *buf, sv_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < bytes.len ? (unsigned char)bytes.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            sv_buf_append_byte(buf, i + k > bytes.len ? '=' : digits[three >> (18 - 6 * k) & 63]);
    }
}

const char *server_lab_body(server_lab *lab, const char *name)
{
    sv_buf buf;
    sv_buf_init(&buf, (size_t)MAX_PICTURE * 2);
    sv_buf_printf(&buf, "{\"image_url\":\"data:image/png;base64,");
    append_base64(&buf, server_lab_picture(lab, name));
    sv_buf_printf(&buf, "\"}");
    assert_int_equal(sv_buf_status(&buf), SV_OK);
    const char *body = sv_arena_copy(lab->runtime.arena, sv_buf_str(&buf)).ptr;
    sv_buf_deinit(&buf);
    return body;
}
