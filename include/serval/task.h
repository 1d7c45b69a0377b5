/* task.h: work after the answer (FastAPI's BackgroundTasks).
 *
 *   SV_TASK(audit, entry);
 *   static sv_status audit(sv_call *call, const struct entry *in) { ... }
 *
 * gives `audit_later(call, &(struct entry){...})`, which copies its argument by the schema of
 * `struct entry`. Tasks of a call run in the order they were asked for, on a thread of the handler
 * pool, once the answer was handed over, and only if the handler succeeded. They get a call of
 * their own, without a request: states and dependencies work as in handlers, sv_fail is logged. A
 * task that fails stops nobody. At stop, tasks that were accepted still run. */
#ifndef SERVAL_TASK_H
#define SERVAL_TASK_H

#include <serval/attr.h>
#include <serval/call.h>
#include <serval/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sv_task {
    const char *name;
    const sv_schema *in;
    sv_status (*run)(sv_call *call, const void *in);
} sv_task;

/* SV_INVALID (with a report) when `in` breaks its schema; SV_TOO_LARGE above 64 tasks of one call
 * or 1 MiB of one argument; SV_NO_MEMORY. */
SV_API sv_status sv_task_later_(sv_call *call, const sv_task *task, const void *in);

#ifndef __cplusplus
#define SV_TASK(F, IN)                                                                             \
    static sv_status F(sv_call *call, const struct IN *in);                                        \
    static sv_status F##_task_thunk_(sv_call *call, const void *in)                                \
    {                                                                                              \
        return F(call, (const struct IN *)in);                                                     \
    }                                                                                              \
    static const sv_task F##_task = {#F, &IN##_schema, F##_task_thunk_};                           \
    static inline sv_status F##_later(sv_call *call, const struct IN *in)                          \
    {                                                                                              \
        return sv_task_later_(call, &F##_task, in);                                                \
    }                                                                                              \
    extern int sv_semicolon_
#endif

#ifdef __cplusplus
}
#endif

#endif
