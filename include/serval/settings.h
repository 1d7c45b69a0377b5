/* settings.h: an application's own settings: a struct with a schema, filled from `serval.yaml`, the
 * `.env` file, the environment and the command line, like those of the server.
 *
 *   struct config { sv_str default_version; int64_t max_items; };
 *   SV_SCHEMA(config, SV_FIELD(config, default_version, .default_json = "\"v2\""),
 *             SV_FIELD(config, max_items, .default_json = "10", .help = "Most items of a list"));
 *   SV_SETTINGS(config);
 *
 * gives `config_of(call)` and `config_in(application)`; `&config_schema` goes into the
 * application's
 * `.settings`. Fields are text, numbers, booleans, enums and lists of them; lists are separated by
 * commas. A field without a default is required. `max_items` is --max-items on the command line,
 * SERVAL_MAX_ITEMS in the environment, either name in `.env`, and max_items in serval.yaml. A field
 * that has the name of one of the server's own settings (`app_name`, `workers`) is told its value,
 * and its default is the server's default in this application. In tests every field has its
 * default. */
#ifndef SERVAL_SETTINGS_H
#define SERVAL_SETTINGS_H

#include <serval/attr.h>
#include <serval/call.h>
#include <serval/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The settings of the application; const from the start on, any thread. NULL (and a report) when
 * the application has none of this schema. */
SV_API const void *sv_settings_get_(const sv_application *application, const sv_schema *schema);

#ifndef __cplusplus
#define SV_SETTINGS(S)                                                                             \
    static inline const struct S *S##_in(const sv_application *application)                        \
    {                                                                                              \
        return (const struct S *)sv_settings_get_(application, &S##_schema);                       \
    }                                                                                              \
    static inline const struct S *S##_of(const sv_call *call)                                      \
    {                                                                                              \
        return S##_in(sv_call_application(call));                                                  \
    }                                                                                              \
    extern int sv_semicolon_
#endif

#ifdef __cplusplus
}
#endif

#endif
