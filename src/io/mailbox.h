/* mailbox.h: messages to a loop from any thread, without a lock. */
#ifndef SERVAL_IO_MAILBOX_H
#define SERVAL_IO_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

/* A message in the sender's storage, which is the receiver's from the post until `run` is called,
 * and may be gone when `run` returns. */
typedef struct sv_message {
    void (*run)(struct sv_message *message);
    struct sv_message *next;
    const void *kind; /* messages of one kind take about as long as each other; NULL: not known */
} sv_message;

/* Many senders, one receiver. Zeroed is empty. */
typedef struct sv_mailbox {
    _Atomic(sv_message *) newest;
} sv_mailbox;

/* Any thread. Does not wake the receiver. */
void sv_mailbox_put(sv_mailbox *mailbox, sv_message *message);
/* Any thread. */
bool sv_mailbox_is_empty(const sv_mailbox *mailbox);
/* The receiver's thread. Everything there was, oldest first, linked by `next`; NULL when empty. */
sv_message *sv_mailbox_take_all(sv_mailbox *mailbox);

#endif
