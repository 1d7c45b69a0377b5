/* signals.h: which signals end the server. To be used by the main thread, before others are
 * started. */
#ifndef SERVAL_APP_SIGNALS_H
#define SERVAL_APP_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Blocks SIGINT, SIGTERM and SIGHUP for this thread and all it starts, ignores SIGPIPE. */
void sv_signals_block(void);
typedef enum sv_signal {
    SV_SIGNAL_NONE,   /* the time was over */
    SV_SIGNAL_RELOAD, /* SIGHUP */
    SV_SIGNAL_END,    /* SIGINT or SIGTERM; a second one ends the process at once */
} sv_signal;

/* Waits for one, at most `timeout_ms`. */
sv_signal sv_signals_wait_within(int64_t timeout_ms);

#endif
