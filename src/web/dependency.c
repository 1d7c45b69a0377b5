/* dependency.c: opens dependencies of a call once, closes them in reverse, and keeps its slots.
 *
 * DESIGN. An entry is put on the list after its dependency was opened, so what a dependency asked
 * for while it opened is older, and closed later. Until then it stands among those being opened,
 * where one that needs itself is found. Closed ones stay listed: nothing is opened twice, so that
 * closing comes to an end. */
#include "web/dependency.h"

#include "web/application.h"
#include "web/gather.h"

static sv_open_dependency *find(sv_open_dependency *newest, const sv_dependency *dependency)
{
    sv_open_dependency *at = newest;
    while (at && at->dependency != dependency)
        at = at->older;
    return at;
}

static sv_status refuse(const sv_call *call, const sv_dependency *dependency, const char *why)
{
    sv_application_report(call->application, "%s: dependency %s %s", call->name, dependency->name,
                          why);
    return SV_UNSUPPORTED;
}

/* Opens a dependency that is not open yet; `params` are decoded. */
static sv_status open_one(sv_call *call, const sv_dependency *dependency, const void *params,
                          void **ret_value)
{
    sv_open_dependency *entry = sv_arena_alloc(call->arena, sizeof *entry);
    void *value = sv_arena_alloc(call->arena, dependency->size);
    if (!entry || !value)
        return SV_NO_MEMORY;
    if (find(call->opening, dependency))
        return refuse(call, dependency, "needs itself");
    *entry = (sv_open_dependency){call->opening, dependency, value, false};
    call->opening = entry;
    sv_status status = dependency->open(call, params, value);
    call->opening = entry->older;
    if (status)
        return status == SV_DEFERRED ? SV_UNSUPPORTED : status;
    entry->older = call->dependencies;
    call->dependencies = entry;
    *ret_value = value;
    return SV_OK;
}

static sv_status open_need(sv_call *call, size_t index, sv_errors *errors)
{
    const sv_bound_operation *operation = call->operation;
    const sv_dependency *dependency = operation->needs[index];
    const void *params = NULL;
    size_t before = errors->count;
    if (find(call->dependencies, dependency))
        return SV_OK;
    if (operation->need_params[index]) {
        sv_status status = sv_gather_params(call, operation->need_params[index], errors, &params);
        if (status == SV_INVALID || errors->count > before)
            return SV_OK; /* told with all other mistakes */
        if (status)
            return status;
    }
    void *value;
    return open_one(call, dependency, params, &value);
}

sv_status sv_dependency_open_all(sv_call *call, sv_errors *errors)
{
    const sv_dependency *const *needs = call->operation->needs;
    sv_status status = SV_OK;
    for (size_t i = 0; needs && needs[i] && !status; i++)
        status = open_need(call, i, errors);
    return status;
}

static sv_open_dependency *find_open(const sv_call *call)
{
    sv_open_dependency *at = call->dependencies;
    while (at && at->is_closed)
        at = at->older;
    return at;
}

void sv_dependency_close_all(sv_call *call)
{
    sv_open_dependency *newest;
    while ((newest = find_open(call))) {
        if (newest->dependency->close)
            newest->dependency->close(call, newest->value);
        newest->is_closed = true;
    }
}

void *sv_dependency_get_(sv_call *call, const sv_dependency *dependency)
{
    dependency = sv_application_resolve(call->application, dependency);
    sv_open_dependency *entry = find(call->dependencies, dependency);
    if (entry && !entry->is_closed)
        return entry->value;
    void *value = NULL;
    sv_status status;
    if (entry)
        status = refuse(call, dependency, "was closed already");
    else if (dependency->params)
        status = refuse(call, dependency, "has parameters and must stand in `.needs`");
    else
        status = open_one(call, dependency, NULL, &value);
    if (status)
        sv_call_fail_with(call, status, NULL);
    return value;
}

void *sv_slot_get_(sv_call *call, const sv_slot *slot)
{
    for (sv_slot_value *at = call->slots; at; at = at->next)
        if (at->slot == slot)
            return at->value;
    sv_slot_value *made = sv_arena_alloc(call->arena, sizeof *made);
    void *value = sv_arena_alloc(call->arena, slot->size);
    if (!made || !value)
        return NULL;
    *made = (sv_slot_value){call->slots, slot, value};
    call->slots = made;
    return value;
}
