/* manifest_set.h: `--set MODEL.KEY.KEY=VALUE`: the overrides of one model, and a manifest with them
 * laid over it. Knows no keys: the schema tells which there are. */
#ifndef SERVAL_MODEL_MANIFEST_SET_H
#define SERVAL_MODEL_MANIFEST_SET_H

#include <serval/schema.h>

#include "base/arena.h"
#include "base/buf.h"
#include "json/value.h"

enum { SV_MANIFEST_SET_MAX = 64, SV_MANIFEST_SET_MAX_KEYS = 8 };

/* One `--set` of this model: the keys that are left, and the value. */
typedef struct sv_manifest_set {
    sv_str keys;
    const sv_value *value;
} sv_manifest_set;

typedef struct sv_manifest_sets {
    sv_manifest_set items[SV_MANIFEST_SET_MAX];
    size_t len;
} sv_manifest_sets;

/* Those of model `name`; values are YAML, so that `[0.5]`, `true` and text all work. Mistakes are
 * lines of `problems`; SV_INVALID: there were some, and the list has the rest. */
sv_status sv_manifest_set_collect(sv_arena *arena, const sv_strs *sets, sv_str name,
                                  sv_buf *problems, sv_manifest_sets *ret_sets) SV_MUST_USE;
/* `base` (NULL: nothing) with the overrides laid over it, one after another. In the arena. */
sv_status sv_manifest_set_merge(sv_arena *arena, const sv_value *base, const sv_manifest_sets *sets,
                                const sv_value **ret_merged) SV_MUST_USE;
/* Overrides of models that are not among the `n` of `names`: a line of `problems` each, with the
 * name that was meant. SV_INVALID: there were some. */
sv_status sv_manifest_set_check_models(const sv_strs *sets, const char *const *names, size_t n,
                                       sv_buf *problems) SV_MUST_USE;

#endif
