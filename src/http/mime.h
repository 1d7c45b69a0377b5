/* mime.h: media types of files by their names. Pure; any thread. */
#ifndef SERVAL_HTTP_MIME_H
#define SERVAL_HTTP_MIME_H

#include <serval/str.h>

/* The media type for a file name or path by what follows its last dot, compared without case; text
 * with its charset. "application/octet-stream" when unknown. Static. */
sv_str sv_mime_of(sv_str filename);

#endif
