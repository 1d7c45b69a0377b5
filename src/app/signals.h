/* signals.h: which signals end the server. To be used by the main thread, before others are
 * started. */
#ifndef SERVAL_APP_SIGNALS_H
#define SERVAL_APP_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Blocks SIGINT, SIGTERM and SIGHUP for this thread and all it starts, ignores SIGPIPE. */
void sv_signals_block(void);
/* Waits for SIGINT or SIGTERM, at most `timeout_ms`: false then. Once one has come, a second one
 * ends the process at once. */
bool sv_signals_wait_within(int64_t timeout_ms);

#endif
