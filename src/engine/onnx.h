/* onnx.h: the engine for .onnx files: ONNX Runtime, loaded at run time. */
#ifndef SERVAL_ENGINE_ONNX_H
#define SERVAL_ENGINE_ONNX_H

#include "engine/engine.h"

extern const sv_engine sv_onnx_engine;

#endif
