/* dependency.h: what handlers depend on, typed: state of the whole application (opened at start,
 * closed at stop), dependencies of one call (opened when first asked for, closed after the handler:
 * FastAPI's `Depends` with `yield`), and slots (plain memory of one call).
 *
 *   struct models { ... };
 *   SV_STATE(models, struct models, models_open, models_close);
 *   static sv_status models_open(sv_application *application, struct models *ret, sv_error *error);
 *   static void models_close(struct models *models);
 *
 * gives `models_of(call)` and `models_in(application)`; the row `&models_state` goes into the
 * application's `.states`. In a program of several files the header says SV_STATE_DECLARE(models,
 * struct models) and one file SV_STATE_DEFINE(models, struct models, models_open, models_close).
 */
#ifndef SERVAL_DEPENDENCY_H
#define SERVAL_DEPENDENCY_H

#include <serval/attr.h>
#include <serval/call.h>
#include <serval/schema.h>
#include <serval/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One value for the whole application. Handlers of all threads use it at once: what it guards and
 * how is its own affair. */
typedef struct sv_state {
    const char *name;
    size_t size; /* bytes */
    /* Fills the zeroed value at start; may use the states before it. A failure stops the start:
     * `error` is printed, what was opened is closed in reverse. */
    sv_status (*open)(sv_application *application, void *ret_value, sv_error *error);
    void (*close)(void *value); /* at stop, in reverse */
} sv_state;

/* One value for one call, opened at most once. */
typedef struct sv_dependency {
    const char *name;
    size_t size;             /* bytes */
    const sv_schema *params; /* path, query, header and cookie parameters of its own; NULL: none */
    /* Fills the zeroed value, on the thread that runs the call; may use other dependencies, which
     * are then closed after this one. Anything but SV_OK ends the call: SV_FAILED after sv_fail. */
    sv_status (*open)(sv_call *call, const void *params, void *ret_value);
    /* After the handler, before the answer leaves (of a stream: after its last piece), in reverse
     * order of opening; sv_has_failed tells how it ended, and sv_fail can still turn the answer
     * into an error. NULL: nothing to do. */
    void (*close)(sv_call *call, void *value);
} sv_dependency;

/* A place in one call, zeroed when first asked for; never closed. */
typedef struct sv_slot {
    const char *name;
    size_t size; /* bytes */
} sv_slot;

/* The value of a state; NULL (and a report) when the application does not list it. Any thread. */
SV_API void *sv_state_get_(const sv_application *application, const sv_state *state);
/* The value of a dependency, opened now if it was not; NULL when that failed, it needs itself or
 * was closed before (both are reported), with the failure in the call: `return SV_FAILED`. What
 * middleware opens is closed on the event loop when no handler runs. */
SV_API void *sv_dependency_get_(sv_call *call, const sv_dependency *dependency);
/* The memory of a slot; NULL when out of memory. */
SV_API void *sv_slot_get_(sv_call *call, const sv_slot *slot);

#ifndef __cplusplus
#define SV_STATE_ACCESS_(S, TYPE)                                                                  \
    static inline TYPE *S##_in(const sv_application *application)                                  \
    {                                                                                              \
        return (TYPE *)sv_state_get_(application, &S##_state);                                     \
    }                                                                                              \
    static inline TYPE *S##_of(const sv_call *call)                                                \
    {                                                                                              \
        return S##_in(sv_call_application(call));                                                  \
    }                                                                                              \
    extern int sv_semicolon_
#define SV_STATE_ROW_(LINKAGE, S, TYPE, OPEN, CLOSE)                                               \
    static sv_status OPEN(sv_application *application, TYPE *ret, sv_error *error);                \
    static void CLOSE(TYPE *value);                                                                \
    static sv_status S##_open_thunk_(sv_application *application, void *ret, sv_error *error)      \
    {                                                                                              \
        return OPEN(application, (TYPE *)ret, error);                                              \
    }                                                                                              \
    static void S##_close_thunk_(void *value)                                                      \
    {                                                                                              \
        CLOSE((TYPE *)value);                                                                      \
    }                                                                                              \
    LINKAGE const sv_state S##_state = {#S, sizeof(TYPE), S##_open_thunk_, S##_close_thunk_}
#define SV_STATE(S, TYPE, OPEN, CLOSE)                                                             \
    SV_STATE_ROW_(static, S, TYPE, OPEN, CLOSE);                                                   \
    SV_STATE_ACCESS_(S, TYPE)
#define SV_STATE_DECLARE(S, TYPE)                                                                  \
    extern const sv_state S##_state;                                                               \
    SV_STATE_ACCESS_(S, TYPE)
#define SV_STATE_DEFINE(S, TYPE, OPEN, CLOSE) SV_STATE_ROW_(, S, TYPE, OPEN, CLOSE)

#define SV_DEPENDENCY_ACCESS_(D, TYPE)                                                             \
    static inline TYPE *D##_of(sv_call *call)                                                      \
    {                                                                                              \
        return (TYPE *)sv_dependency_get_(call, &D##_dependency);                                  \
    }                                                                                              \
    extern int sv_semicolon_
#define SV_DEPENDENCY_CLOSE_(D, TYPE, CLOSE)                                                       \
    static void CLOSE(sv_call *call, TYPE *value);                                                 \
    static void D##_close_thunk_(sv_call *call, void *value)                                       \
    {                                                                                              \
        CLOSE(call, (TYPE *)value);                                                                \
    }
#define SV_DEPENDENCY_ROW_(LINKAGE, D, TYPE, OPEN, CLOSE)                                          \
    static sv_status OPEN(sv_call *call, TYPE *ret);                                               \
    static sv_status D##_open_thunk_(sv_call *call, const void *params, void *ret)                 \
    {                                                                                              \
        (void)params;                                                                              \
        return OPEN(call, (TYPE *)ret);                                                            \
    }                                                                                              \
    SV_DEPENDENCY_CLOSE_(D, TYPE, CLOSE)                                                           \
    LINKAGE const sv_dependency D##_dependency = {#D, sizeof(TYPE), NULL, D##_open_thunk_,         \
                                                  D##_close_thunk_}
#define SV_DEPENDENCY_PARAMS_ROW_(LINKAGE, D, TYPE, PARAMS, OPEN, CLOSE)                           \
    static sv_status OPEN(sv_call *call, const struct PARAMS *params, TYPE *ret);                  \
    static sv_status D##_open_thunk_(sv_call *call, const void *params, void *ret)                 \
    {                                                                                              \
        return OPEN(call, (const struct PARAMS *)params, (TYPE *)ret);                             \
    }                                                                                              \
    SV_DEPENDENCY_CLOSE_(D, TYPE, CLOSE)                                                           \
    LINKAGE const sv_dependency D##_dependency = {#D, sizeof(TYPE), &PARAMS##_schema,              \
                                                  D##_open_thunk_, D##_close_thunk_}
/* SV_DEPENDENCY(session, struct session, session_open, session_close) declares
 *   static sv_status session_open(sv_call *call, struct session *ret);
 *   static void session_close(sv_call *call, struct session *session);
 * and gives session_of(call). With _PARAMS, `open` gets its parameters, validated with those of the
 * operation, as its second argument; the dependency must then stand in `.needs`. */
#define SV_DEPENDENCY(D, TYPE, OPEN, CLOSE)                                                        \
    SV_DEPENDENCY_ROW_(static, D, TYPE, OPEN, CLOSE);                                              \
    SV_DEPENDENCY_ACCESS_(D, TYPE)
#define SV_DEPENDENCY_PARAMS(D, TYPE, PARAMS, OPEN, CLOSE)                                         \
    SV_DEPENDENCY_PARAMS_ROW_(static, D, TYPE, PARAMS, OPEN, CLOSE);                               \
    SV_DEPENDENCY_ACCESS_(D, TYPE)
#define SV_DEPENDENCY_DECLARE(D, TYPE)                                                             \
    extern const sv_dependency D##_dependency;                                                     \
    SV_DEPENDENCY_ACCESS_(D, TYPE)
#define SV_DEPENDENCY_DEFINE(D, TYPE, OPEN, CLOSE) SV_DEPENDENCY_ROW_(, D, TYPE, OPEN, CLOSE)
#define SV_DEPENDENCY_PARAMS_DEFINE(D, TYPE, PARAMS, OPEN, CLOSE)                                  \
    SV_DEPENDENCY_PARAMS_ROW_(, D, TYPE, PARAMS, OPEN, CLOSE)

/* SV_SLOT(timing, struct timing) gives timing_of(call): what middlewares and handlers of one call
 * hand to each other. */
#define SV_SLOT_ACCESS_(S, TYPE)                                                                   \
    static inline TYPE *S##_of(sv_call *call)                                                      \
    {                                                                                              \
        return (TYPE *)sv_slot_get_(call, &S##_slot);                                              \
    }                                                                                              \
    extern int sv_semicolon_
#define SV_SLOT(S, TYPE)                                                                           \
    static const sv_slot S##_slot = {#S, sizeof(TYPE)};                                            \
    SV_SLOT_ACCESS_(S, TYPE)
#define SV_SLOT_DECLARE(S, TYPE)                                                                   \
    extern const sv_slot S##_slot;                                                                 \
    SV_SLOT_ACCESS_(S, TYPE)
#define SV_SLOT_DEFINE(S, TYPE) const sv_slot S##_slot = {#S, sizeof(TYPE)}
#endif

#ifdef __cplusplus
}
#endif

#endif
