/* signals.c: waiting for the signal that ends the server. No handlers: the main thread waits. */
#include "app/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static sigset_t ending_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void sv_signals_block(void)
{
    sigset_t set = ending_signals();
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

sv_signal sv_signals_wait_within(int64_t timeout_ms)
{
    sigset_t ending = ending_signals(), set = ending;
    sigaddset(&set, SIGHUP);
    struct timespec timeout = {(time_t)(timeout_ms / 1000), (long)(timeout_ms % 1000) * 1000000};
    int number = sigtimedwait(&set, NULL, &timeout);
    if (number == SIGHUP)
        return SV_SIGNAL_RELOAD;
    if (number != SIGINT && number != SIGTERM)
        return SV_SIGNAL_NONE;
    pthread_sigmask(SIG_UNBLOCK, &ending, NULL);
    return SV_SIGNAL_END;
}
