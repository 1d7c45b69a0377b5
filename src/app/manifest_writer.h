/* manifest_writer.h: a loaded model -> the model.yaml that says what Serval does with it. */
#ifndef SERVAL_APP_MANIFEST_WRITER_H
#define SERVAL_APP_MANIFEST_WRITER_H

#include "base/buf.h"
#include "model/registry.h"

/* Appends the manifest that, as model.yaml in the model's folder, gives the same behaviour, line by
 * line; of what was guessed only what holds for every version that is ready. Nothing when none is.
 * SV_NO_MEMORY. */
sv_status sv_manifest_writer_write(sv_model *model, sv_buf *text) SV_MUST_USE;

#endif
