/* manifest_relay.h: what a manifest says of a relay, against the files there are and the
 * environment. Not the relay: relay.h. */
#ifndef SERVAL_MODEL_MANIFEST_RELAY_H
#define SERVAL_MODEL_MANIFEST_RELAY_H

#include "model/manifest.h"
#include "model/repository.h"

/* A relay has an address, a key that is there if it names one, and no model file; any other model
 * has a file. Every mistake is a line of `problems`, which never has the key. SV_INVALID. */
sv_status sv_manifest_relay_check(const struct manifest *manifest, const sv_model_source *source,
                                  sv_buf *problems) SV_MUST_USE;
/* The key itself, out of the environment if need be; false: the variable is not set. Empty: it
 * needs none. Borrowed from the manifest or the environment. */
bool sv_manifest_relay_key(const struct manifest *manifest, sv_str *ret_key);

#endif
