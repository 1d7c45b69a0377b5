/* yaml.h: YAML -> the values of value.h, with the line of each. For settings and manifests, not for
 * requests.
 *
 * YAML 1.2 core schema: `yes` and `no` are text, `010` is ten. Refused, with a reason: anchors and
 * aliases, tags other than !!str, names that are not scalars or come twice in one mapping, more
 * than one document. */
#ifndef SERVAL_JSON_YAML_H
#define SERVAL_JSON_YAML_H

#include "base/arena.h"
#include "json/value.h"

enum { SV_YAML_MAX_SIZE = 1 << 20, SV_YAML_MAX_DEPTH = 100 }; /* bytes; levels */

typedef struct sv_yaml {
    const sv_value *root;  /* null for an empty file */
    const uint32_t *lines; /* by sv_value_index; from 1 */
} sv_yaml;

/* `text` may go afterwards. SV_INVALID: `error` (may be NULL) has a message, and "line N" as its
 * path; SV_TOO_LARGE; SV_NO_MEMORY. */
sv_status sv_yaml_parse(sv_arena *arena, sv_str text, sv_error *error,
                        sv_yaml *ret_yaml) SV_MUST_USE;
/* The line a value starts at. */
uint32_t sv_yaml_line(const sv_yaml *yaml, const sv_value *value);

#endif
