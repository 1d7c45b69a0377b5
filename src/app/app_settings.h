/* app_settings.h: the settings that an application adds to those of the server. */
#ifndef SERVAL_APP_APP_SETTINGS_H
#define SERVAL_APP_APP_SETTINGS_H

#include "app/settings.h"
#include "json/plan.h"

/* One row for each field; what was given is kept as text until all sources are read. */
typedef struct sv_app_settings {
    const sv_plan *plan;
    sv_setting *rows;
    const char **texts, **origins; /* by row; NULL: not given */
    size_t n;
} sv_app_settings;

/* In the arena. SV_INVALID: mistakes of the schema are lines of `problems`. */
sv_status sv_app_settings_new(sv_arena *arena, const sv_schema *schema, sv_buf *problems,
                              sv_app_settings **ret_settings) SV_MUST_USE;
/* By name, with '_' or '-', in any case; NULL when there is none, or no settings. */
const sv_setting *sv_app_settings_find(const sv_app_settings *settings, sv_str name);
/* Keeps a text for the field of this name, if there is one; both live as long as the settings. */
void sv_app_settings_note(sv_app_settings *settings, const char *name, const char *text,
                          const char *origin);
/* The struct, in the arena. SV_INVALID: each value that does not fit is a line of `problems`, with
 * where it came from. */
sv_status sv_app_settings_decode(const sv_app_settings *settings, sv_arena *arena, sv_buf *problems,
                                 const void **ret_struct) SV_MUST_USE;

#endif
