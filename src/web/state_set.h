/* state_set.h: the states of one application: opened in order, closed in reverse, and what is done
 * around serving. */
#ifndef SERVAL_WEB_STATE_SET_H
#define SERVAL_WEB_STATE_SET_H

#include <serval/app.h>

#include "base/buf.h"

typedef struct sv_state_set {
    const sv_app *app; /* NULL: an empty set */
    void **values;     /* in the order of `app->states` */
    size_t n_open;     /* of states */
    size_t n_started;  /* of lifecycle rows */
} sv_state_set;

/* A state that is listed twice would be opened twice and found once: SV_INVALID, with a line of
 * `problems` for each. `app` may be NULL. */
sv_status sv_state_set_check(const sv_app *app, sv_buf *problems) SV_MUST_USE;
/* Opens all states, then runs the lifecycle's starts; what fails is named in `error`, and
 * everything before it is undone. */
sv_status sv_state_set_open(sv_state_set *set, sv_application *application,
                            sv_error *error) SV_MUST_USE;
/* Fine for a zeroed set and for one that was closed. */
void sv_state_set_close(sv_state_set *set, sv_application *application);
/* NULL when the application does not list it, or it is not open yet. */
void *sv_state_set_find(const sv_state_set *set, const sv_state *state);

#endif
