/* relay_engine.h: the engine of models that another server has: it loads nothing and runs nothing.
 * Their only file is the manifest. */
#ifndef SERVAL_ENGINE_RELAY_ENGINE_H
#define SERVAL_ENGINE_RELAY_ENGINE_H

#include "engine/engine.h"

extern const sv_engine sv_relay_engine;

#endif
