/* signals.c: waiting for the signal that ends the server. No handlers: the main thread waits. */
#include "app/signals.h"

#include <signal.h>
#include <stddef.h>

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

void sv_signals_wait(void)
{
    sigset_t set = ending_signals();
    int number = 0;
    while (sigwait(&set, &number) != 0 || (number != SIGINT && number != SIGTERM))
        ;
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
