/* manifest_check.h: what a manifest says of versions, against those that are there. Pure. */
#ifndef SERVAL_MODEL_MANIFEST_CHECK_H
#define SERVAL_MODEL_MANIFEST_CHECK_H

#include "model/manifest.h"

/* Checks versions.default, serve, weights and shadow. `names`: the `n` versions that there are
 * ("2" and "v2" are the same), each ending in a zero; `path`: of the model.yaml, NULL when there is
 * none. Every mistake is a line of `problems`, with the line of the file or, of what the command
 * line said, "--set". SV_INVALID: there were some. */
sv_status sv_manifest_check_versions(const struct manifest *manifest, const sv_str *names, size_t n,
                                     const char *path, sv_buf *problems) SV_MUST_USE;

/* The place of the version that `versions.serve: latest` means, and that is the default one when
 * nothing is said: the highest number, else the last name. `names` in their order
 * (sv_repository_compare_versions), at least one. */
size_t sv_manifest_check_latest(const sv_str *names, size_t n);

#endif
