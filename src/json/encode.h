/* encode.h: struct + plan -> JSON. What is not in the schema is not written; what breaks it is
 * refused. */
#ifndef SERVAL_JSON_ENCODE_H
#define SERVAL_JSON_ENCODE_H

#include "base/writer.h"
#include "json/plan.h"

/* Writes the struct in the order of its rows. A member that is not set is null, or left out when
 * its row says `.optional`. Limits, names of enums and finiteness are checked; custom checks are
 * not run. SV_INVALID: the struct breaks its schema: `error` (may be NULL) has the path
 * ("predictions.0.confidence"), a message, and as kind sv_kind_invalid_model_output for NaN and
 * infinities, NULL (the handler's fault) else; what was written must be thrown away. Otherwise the
 * status of the writer's buffer. */
sv_status sv_encode(const sv_plan *plan, const void *value, sv_writer *writer,
                    sv_error *error) SV_MUST_USE;

#endif
