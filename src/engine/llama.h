/* llama.h: the engine for .gguf files: llama.cpp, behind an adapter that is loaded at run time. */
#ifndef SERVAL_ENGINE_LLAMA_H
#define SERVAL_ENGINE_LLAMA_H

#include "engine/engine.h"

extern const sv_engine sv_llama_engine;

#endif
