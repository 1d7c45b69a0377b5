/* chat.h: /chat and /chat/stream, as server-sent events. */
#ifndef CHAT_H
#define CHAT_H

#include <serval/serval.h>

extern const sv_api_router chat_router;

#endif
