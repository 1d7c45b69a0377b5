/* Mailboxes: everything arrives, in each sender's order, with one wake-up per batch. */
#include "io_fixture.h"

#include <pthread.h>

#include "io/mailbox.h"

enum { N_SENDERS = 4, N_MESSAGES = 20000 };

typedef struct letter {
    sv_message message;
    int sender, number;
} letter;

typedef struct sender {
    sv_mailbox *mailbox;
    letter *letters;
    int n_wakes;
} sender;

static void test_oldest_first(void **state)
{
    (void)state;
    sv_mailbox mailbox = {0};
    sv_message a = {0}, b = {0}, c = {0};
    assert_null(sv_mailbox_take_all(&mailbox));
    assert_true(sv_mailbox_put(&mailbox, &a));
    assert_false(sv_mailbox_put(&mailbox, &b));
    assert_false(sv_mailbox_put(&mailbox, &c));
    sv_message *taken = sv_mailbox_take_all(&mailbox);
    assert_ptr_equal(taken, &a);
    assert_ptr_equal(taken->next, &b);
    assert_ptr_equal(taken->next->next, &c);
    assert_null(c.next);
    assert_null(sv_mailbox_take_all(&mailbox));
    assert_true(sv_mailbox_put(&mailbox, &a)); /* a new batch */
}

static void *send_all(void *arg)
{
    sender *self = arg;
    for (int i = 0; i < N_MESSAGES; i++)
        self->n_wakes += sv_mailbox_put(self->mailbox, &self->letters[i].message);
    return NULL;
}

static void test_many_senders(void **state)
{
    (void)state;
    static letter letters[N_SENDERS][N_MESSAGES];
    sv_mailbox mailbox = {0};
    sender senders[N_SENDERS] = {0};
    pthread_t threads[N_SENDERS];
    int next[N_SENDERS] = {0}, n_taken = 0, n_batches = 0, n_wakes = 0;
    for (int i = 0; i < N_SENDERS; i++) {
        senders[i] = (sender){&mailbox, letters[i], 0};
        for (int j = 0; j < N_MESSAGES; j++)
            letters[i][j] = (letter){.sender = i, .number = j};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    while (n_taken < N_SENDERS * N_MESSAGES) {
        sv_message *message = sv_mailbox_take_all(&mailbox);
        n_batches += message != NULL;
        for (; message; message = message->next, n_taken++) {
            letter *it = (letter *)message;
            assert_int_equal(it->number, next[it->sender]++);
        }
    }
    for (int i = 0; i < N_SENDERS; i++) {
        pthread_join(threads[i], NULL);
        n_wakes += senders[i].n_wakes;
    }
    assert_int_equal(n_wakes, n_batches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oldest_first),
        cmocka_unit_test(test_many_senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
