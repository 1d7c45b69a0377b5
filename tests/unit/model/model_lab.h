/* model_lab.h: a registry over model folders, for tests of this room. */
#ifndef SERVAL_TESTS_MODEL_LAB_H
#define SERVAL_TESTS_MODEL_LAB_H

#include "engine/engine_host.h"
#include "model/load_step.h"

/* What a registry stands on. */
typedef struct model_lab {
    sv_arena *arena;
    sv_buf problems;
    sv_repository repository;
    sv_engine_host *engines;
    sv_registry *registry; /* NULL: it could not be made, `problems` says why */
} model_lab;

/* Scans one path and makes a registry of what is there; `base` has what else the registry is told
 * (NULL: nothing). A path that cannot be scanned fails the test. Returns the registry's status. */
sv_status model_lab_open(model_lab *lab, const char *path, const sv_registry_config *base);
/* Accepts a closed one. */
void model_lab_close(model_lab *lab);
/* Loads one version and returns what it is; skips the test when the engine is not installed. */
sv_instance *model_lab_load(model_lab *lab, const char *model, const char *version);
/* A file of examples/pictures, in the lab's arena. */
sv_str model_lab_picture(model_lab *lab, const char *name);

#endif
