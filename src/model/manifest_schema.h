/* manifest_schema.h: the schema table of model.yaml. What it decodes into: manifest.h. */
#ifndef SERVAL_MODEL_MANIFEST_SCHEMA_H
#define SERVAL_MODEL_MANIFEST_SCHEMA_H

#include <serval/schema.h>

/* Of struct manifest. */
extern const sv_schema *const sv_manifest_schema;
/* The names of sv_model_task. */
extern const sv_enum *const sv_manifest_schema_tasks;

#endif
