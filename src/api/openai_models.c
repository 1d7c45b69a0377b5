/* openai_models.c: GET /v1/models and /v1/models/{id}, and what an id means. */
#include "api/openai_models.h"

#include <string.h>

#include "api/services.h"
#include "base/writer.h"
#include "model/model_status.h"

enum { MAX_TEXT = 4 << 20 };

/* "name:version", when no model has that whole name. */
static sv_status find(sv_call *call, sv_str *name, sv_str *version, sv_model_status *ret_model)
{
    const sv_services *services = sv_call_state(call);
    sv_status status = sv_model_status_find(services->registry, *name, call->arena, ret_model);
    const char *colon = name->len ? memrchr(name->ptr, ':', name->len) : NULL;
    if (status != SV_NOT_FOUND || !colon)
        return status;
    size_t len = (size_t)(colon - name->ptr);
    sv_str before = sv_str_slice(*name, 0, len);
    status = sv_model_status_find(services->registry, before, call->arena, ret_model);
    if (status)
        return status;
    *version = sv_str_slice(*name, len + 1, name->len);
    *name = before;
    return SV_OK;
}

sv_status sv_openai_models_wish(sv_call *call, sv_str id, sv_wish *wish)
{
    sv_model_status model;
    wish->model = id;
    if (!id.len || !memchr(id.ptr, ':', id.len))
        return SV_OK;
    sv_status status = find(call, &wish->model, &wish->version, &model);
    return status == SV_NOT_FOUND ? SV_OK : status;
}

sv_status sv_openai_models_blame(sv_call *call, sv_status status)
{
    const sv_error_kind *kind = call->result.failure;
    if (status == SV_FAILED &&
        (kind == &sv_kind_model_not_found || kind == &sv_kind_model_version_not_found))
        return sv_call_blame(call, SV_STR("model"));
    return status;
}

static void write_model(sv_writer *writer, sv_str id, const sv_model_status *model,
                        const sv_version_status *version)
{
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "id", id);
    sv_writer_key_cstr(writer, "object", "model");
    sv_writer_key_int(writer, "created", sv_model_status_file_time(version));
    sv_writer_key_cstr(writer, "owned_by", "serval");
    sv_writer_key_cstr(writer, "task", sv_manifest_task_name(model->task));
    sv_writer_end_object(writer);
}

static sv_status respond(sv_call *call, sv_buf *buf)
{
    sv_status status = sv_buf_status(buf);
    if (!status)
        status = sv_call_respond_json(call, buf);
    sv_buf_deinit(buf);
    return status;
}

sv_status sv_openai_models_list(sv_call *call)
{
    const sv_services *services = sv_call_state(call);
    sv_model_statuses models;
    sv_status status = sv_model_status_list(services->registry, call->arena, &models);
    sv_buf buf;
    sv_writer writer;
    if (status)
        return status;
    sv_buf_init(&buf, MAX_TEXT);
    sv_writer_init(&writer, &buf);
    sv_writer_begin_object(&writer);
    sv_writer_key_cstr(&writer, "object", "list");
    sv_writer_key(&writer, SV_STR("data"));
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < models.len; i++) {
        const sv_model_status *model = &models.items[i];
        write_model(&writer, model->name, model, &model->versions[model->default_version]);
    }
    sv_writer_end_array(&writer);
    sv_writer_end_object(&writer);
    return respond(call, &buf);
}

/* The default one for an empty name; NULL: there is none. */
static const sv_version_status *find_version(const sv_model_status *model, sv_str name)
{
    if (!name.ptr)
        return &model->versions[model->default_version];
    for (size_t i = 0; i < model->n_versions; i++)
        if (sv_repository_is_same_version(model->versions[i].name, name))
            return &model->versions[i];
    return NULL;
}

sv_status sv_openai_models_get(sv_call *call)
{
    sv_str id = call->request.path_params[0], name = id, number = {0};
    sv_model_status model;
    sv_status status = find(call, &name, &number, &model);
    const sv_version_status *version = status ? NULL : find_version(&model, number);
    sv_buf buf;
    sv_writer writer;
    if (status && status != SV_NOT_FOUND)
        return status;
    if (!version) {
        (void)sv_fail(call, &sv_kind_model_not_found, "The model '%.*s' does not exist.",
                      SV_STR_ARG(id));
        return sv_call_blame(call, SV_STR("model"));
    }
    sv_buf_init(&buf, MAX_TEXT);
    sv_writer_init(&writer, &buf);
    write_model(&writer, id, &model, version);
    return respond(call, &buf);
}
