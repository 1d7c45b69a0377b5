/* gather.c: collects a request's parameters once per call, then decodes them for whoever asks. What
 * they mean: json/params.c. */
#include "web/gather.h"

#include "http/message.h"
#include "web/application.h"

enum { MAX_PARAMS = 1000 };

/* Path and query as name-value pairs, percent-decoded. */
static sv_status collect(sv_call *call)
{
    const sv_bound_operation *operation = call->operation;
    size_t max = operation->n_path_params + sv_message_count_pairs(call->request.query);
    if (max > MAX_PARAMS)
        return sv_fail(call, &sv_kind_bad_request,
                       "Too many query parameters: at most %d are allowed", MAX_PARAMS);
    sv_param *items = sv_arena_alloc_array(call->arena, max, sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    size_t n = 0;
    for (; n < operation->n_path_params; n++)
        items[n] = (sv_param){SV_IN_PATH, operation->path_params[n], call->request.path_params[n]};
    sv_str rest = call->request.query, name, value;
    while (n < max && sv_message_next_pair(&rest, call->arena, &name, &value))
        items[n++] = (sv_param){SV_IN_QUERY, name, value};
    call->given = (sv_params){items, n};
    call->has_given = true;
    return SV_OK;
}

sv_status sv_gather_params(sv_call *call, const sv_plan *plan, sv_errors *errors,
                           const void **ret_params)
{
    sv_status status = call->has_given ? SV_OK : collect(call);
    void *decoded = NULL;
    if (!status)
        status = sv_params_decode(call->arena, plan, &call->given, errors, &decoded);
    if (!status)
        *ret_params = decoded;
    return status;
}
