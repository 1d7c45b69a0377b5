/* state_set.c: opening and closing the states of an application. What they are: the application's
 * affair. */
#include "web/state_set.h"

#include <stdlib.h>

static const sv_state *resolve(const sv_app *app, const sv_state *state)
{
    for (const sv_override *row = app->overrides; row && row->original; row++)
        if (row->original == state && row->instead)
            return row->instead;
    return state;
}

static size_t count_states(const sv_app *app)
{
    size_t n = 0;
    while (app && app->states && app->states[n])
        n++;
    return n;
}

/* "NAME: why", whatever the failing function said. */
static sv_status explain(sv_status status, const char *name, const sv_error *given, sv_error *error)
{
    return sv_error_set(error, status, given->kind, "%s cannot start: %s", name,
                        given->message[0] ? given->message : sv_status_text(status));
}

static sv_status open_state(sv_state_set *set, sv_application *application, sv_error *error)
{
    const sv_state *state = resolve(set->app, set->app->states[set->n_open]);
    sv_error given = {0};
    void *value = calloc(1, state->size ? state->size : 1);
    sv_status status =
        value && state->open ? state->open(application, value, &given) : SV_NO_MEMORY;
    if (value && !state->open)
        status = SV_OK;
    if (status) {
        free(value);
        return explain(status, state->name ? state->name : "a state", &given, error);
    }
    set->values[set->n_open++] = value;
    return SV_OK;
}

static sv_status start_row(sv_state_set *set, sv_application *application, sv_error *error)
{
    const sv_lifecycle *row = &set->app->lifecycle[set->n_started];
    sv_error given = {0};
    sv_status status = row->start ? row->start(application, &given) : SV_OK;
    if (status)
        return explain(status, row->name ? row->name : "the application", &given, error);
    set->n_started++;
    return SV_OK;
}

static bool has_more_rows(const sv_state_set *set)
{
    const sv_lifecycle *rows = set->app->lifecycle;
    return rows && (rows[set->n_started].start || rows[set->n_started].stop);
}

sv_status sv_state_set_check(const sv_app *app, sv_buf *problems)
{
    const sv_state *const *states = app ? app->states : NULL;
    sv_status status = SV_OK;
    for (size_t i = 0; states && states[i]; i++)
        for (size_t k = 0; k < i; k++)
            if (states[k] == states[i]) {
                sv_buf_printf(problems, "state %s is listed twice\n", states[i]->name);
                status = SV_INVALID;
            }
    return status;
}

sv_status sv_state_set_open(sv_state_set *set, sv_application *application, sv_error *error)
{
    if (!set->app)
        return SV_OK;
    size_t n = count_states(set->app);
    set->values = calloc(n + 1, sizeof *set->values);
    if (!set->values)
        return SV_NO_MEMORY;
    sv_status status = SV_OK;
    while (!status && set->n_open < n)
        status = open_state(set, application, error);
    while (!status && has_more_rows(set))
        status = start_row(set, application, error);
    if (status)
        sv_state_set_close(set, application);
    return status;
}

void sv_state_set_close(sv_state_set *set, sv_application *application)
{
    while (set->n_started) {
        const sv_lifecycle *row = &set->app->lifecycle[--set->n_started];
        if (row->stop)
            row->stop(application);
    }
    while (set->n_open) {
        const sv_state *state = resolve(set->app, set->app->states[--set->n_open]);
        if (state->close)
            state->close(set->values[set->n_open]);
        free(set->values[set->n_open]);
    }
    free(set->values);
    set->values = NULL;
}

void *sv_state_set_find(const sv_state_set *set, const sv_state *state)
{
    for (size_t i = 0; i < set->n_open; i++)
        if (set->app->states[i] == state)
            return set->values[i];
    return NULL;
}
