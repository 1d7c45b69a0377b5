/* text.h: /embed and /generate. */
#ifndef TEXT_H
#define TEXT_H

#include <serval/serval.h>

extern const sv_api_router text_router;

#endif
