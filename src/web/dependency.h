/* dependency.h: what one call has opened, and its slots. */
#ifndef SERVAL_WEB_DEPENDENCY_H
#define SERVAL_WEB_DEPENDENCY_H

#include <serval/dependency.h>

#include "web/call.h"
#include "json/errors.h"

/* One dependency of a call. */
typedef struct sv_open_dependency {
    struct sv_open_dependency *older;
    const sv_dependency *dependency;
    void *value;
    bool is_closed;
} sv_open_dependency;

/* One slot of a call. */
typedef struct sv_slot_value {
    struct sv_slot_value *next;
    const sv_slot *slot;
    void *value;
} sv_slot_value;

/* Opens what the call's operation needs, in order, each as soon as its own parameters are valid;
 * mistakes in them go to `errors`. Not SV_OK: the call ends with it. */
sv_status sv_dependency_open_all(sv_call *call, sv_errors *errors) SV_MUST_USE;
/* Closes what is open, newest first. Again is fine. */
void sv_dependency_close_all(sv_call *call);

#endif
