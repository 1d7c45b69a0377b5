/* engine_table.h: which engines there are. A new engine is a row of engine_table.c. */
#ifndef SERVAL_ENGINE_ENGINE_TABLE_H
#define SERVAL_ENGINE_ENGINE_TABLE_H

#include "engine/engine.h"

/* All engines; static. */
const sv_engine *const *sv_engine_table(size_t *ret_count);
/* By the extension of a path ("/models/digits/1/model.onnx"), without regard to case; NULL when
 * there is none. */
const sv_engine *sv_engine_table_find(sv_str path);

#endif
