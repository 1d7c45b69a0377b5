/* engine_model.h: what a model of any engine is inside; for engine.c and text_engine.c only. */
#ifndef SERVAL_ENGINE_ENGINE_MODEL_H
#define SERVAL_ENGINE_ENGINE_MODEL_H

#include "engine/engine.h"

struct sv_engine_model {
    const sv_engine *engine;
    sv_engine_loaded loaded;
};

#endif
