/* mailbox.c: a lock-free stack of messages that the receiver takes as a whole and turns round.
 *
 * DESIGN. Senders push with one compare-and-swap. Nothing is ever popped alone, so there is no ABA
 * problem. The order within one sender is kept. A push and a look are sequentially consistent: when
 * the receiver says that it sleeps and then finds nothing, a sender that pushes afterwards sees
 * that it sleeps. */
#include "io/mailbox.h"

#include <stddef.h>

void sv_mailbox_put(sv_mailbox *mailbox, sv_message *message)
{
    sv_message *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        message->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, message,
                                                    memory_order_seq_cst, memory_order_relaxed));
}

bool sv_mailbox_is_empty(const sv_mailbox *mailbox)
{
    return atomic_load(&mailbox->newest) == NULL;
}

sv_message *sv_mailbox_take_all(sv_mailbox *mailbox)
{
    sv_message *at = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    sv_message *oldest = NULL;
    while (at) {
        sv_message *next = at->next;
        at->next = oldest;
        oldest = at;
        at = next;
    }
    return oldest;
}
