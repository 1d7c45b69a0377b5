/* encode.h: struct + plan -> JSON. What is not in the schema is not written; what breaks it is
 * refused. */
#ifndef SERVAL_JSON_ENCODE_H
#define SERVAL_JSON_ENCODE_H

#include "base/writer.h"
#include "json/plan.h"

/* What is left out besides. */
typedef enum sv_encode_flags {
    SV_ENCODE_ALL = 0,
    SV_ENCODE_WITHOUT_NULLS = 1,    /* members that are null */
    SV_ENCODE_WITHOUT_DEFAULTS = 2, /* members that are as their `default_json` says */
} sv_encode_flags;

/* Writes the struct in the order of its rows. A member that is not set is null, or left out when
 * its row says `.optional`. Limits, patterns, names of enums, kinds of unions and finiteness are
 * checked, and that text is UTF-8; custom checks are not run. SV_INVALID: the struct breaks its
 * schema: `error` (may be NULL) has the path ("predictions.0.confidence"), a message, and as kind
 * sv_kind_invalid_model_output for NaN and infinities, NULL (the handler's fault) else; what was
 * written must be thrown away. SV_NO_MEMORY, or the status of the writer's buffer. */
sv_status sv_encode(const sv_plan *plan, const void *value, sv_writer *writer,
                    sv_error *error) SV_MUST_USE;
/* The same with some members left out. */
sv_status sv_encode_some(const sv_plan *plan, const void *value, sv_encode_flags flags,
                         sv_writer *writer, sv_error *error) SV_MUST_USE;

#endif
