/* signals.h: which signals end the server. To be used by the main thread, before others are
 * started. */
#ifndef SERVAL_APP_SIGNALS_H
#define SERVAL_APP_SIGNALS_H

/* Blocks SIGINT, SIGTERM and SIGHUP for this thread and all it starts, ignores SIGPIPE. */
void sv_signals_block(void);
/* Waits for SIGINT or SIGTERM. From then on a second one ends the process at once. */
void sv_signals_wait(void);

#endif
