/* onnx_message.h: what ONNX Runtime says of a failure, without the place in its source. Pure. */
#ifndef SERVAL_ENGINE_ONNX_MESSAGE_H
#define SERVAL_ENGINE_ONNX_MESSAGE_H

#include <serval/str.h>

/* A message in two parts, within the text it was made of. */
typedef struct sv_onnx_message {
    sv_str before, after; /* the place; all is `before` where there is none */
} sv_onnx_message;

/* Leaves out the first "/a/path/file.cc:46 type function(types) const " and white space at the end,
 * so that the reason comes before a reader, or the room for it, is at an end. */
sv_onnx_message sv_onnx_message_split(const char *text);

#endif
