/* manifest_value.h: checks of the rows of manifest_schema.c that also read: what people write as
 * 2ms or 0.002, as 2 or "2", as a word or a list. Each finds the struct around the member it is
 * handed (manifest.h) and keeps there what the value means. */
#ifndef SERVAL_MODEL_MANIFEST_VALUE_H
#define SERVAL_MODEL_MANIFEST_VALUE_H

#include <serval/schema.h>

/* `written` of a struct manifest_time: at most 1 s; more than 0 and at most 1 h; at most 10 min;
 * more than 0 and at most 1 min. */
sv_status sv_manifest_value_delay(sv_check *check, void *json);
sv_status sv_manifest_value_latency(sv_check *check, void *json);
sv_status sv_manifest_value_budget(sv_check *check, void *json);
sv_status sv_manifest_value_gap(sv_check *check, void *json);
/* `written` of a struct manifest_count: 1..256 or auto, 1..1024 or auto. */
sv_status sv_manifest_value_threads(sv_check *check, void *json);
sv_status sv_manifest_value_concurrency(sv_check *check, void *json);
/* Value of an sv_opt_str, by a row of kind JSON: the name of a version, a text or a whole number.
 * The name takes the place of the JSON text. */
sv_status sv_manifest_value_version(sv_check *check, void *json);
/* `written` of a struct manifest_serve. */
sv_status sv_manifest_value_serve(sv_check *check, void *json);
/* `written` of a struct manifest_sticky. */
sv_status sv_manifest_value_sticky(sv_check *check, sv_str *text);
/* A key as it is, or env:NAME with a name that a variable can have. */
sv_status sv_manifest_value_api_key(sv_check *check, sv_str *text);

#endif
