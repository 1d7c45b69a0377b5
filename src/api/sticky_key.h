/* sticky_key.h: who a request comes from, by what the manifest says (`versions.sticky`): the same
 * text for all requests of one user. */
#ifndef SERVAL_API_STICKY_KEY_H
#define SERVAL_API_STICKY_KEY_H

#include "model/manifest.h"
#include "web/call.h"

/* The value of the header, cookie or query parameter (the first one, decoded), or the address of
 * the client. Empty: the request does not say. For sv_wish: `arg` is a sv_call. */
sv_str sv_sticky_key_find(void *arg, const struct manifest_sticky *sticky);

#endif
