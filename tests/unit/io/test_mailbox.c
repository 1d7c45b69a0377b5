/* Mailboxes: everything arrives, in each sender's order. */
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
} sender;

static void test_oldest_first(void **state)
{
    (void)state;
    sv_mailbox mailbox = {0};
    sv_message a = {0}, b = {0}, c = {0};
    assert_null(sv_mailbox_take_all(&mailbox));
    assert_true(sv_mailbox_is_empty(&mailbox));
    sv_mailbox_put(&mailbox, &a);
    sv_mailbox_put(&mailbox, &b);
    sv_mailbox_put(&mailbox, &c);
    assert_false(sv_mailbox_is_empty(&mailbox));
    sv_message *taken = sv_mailbox_take_all(&mailbox);
    assert_ptr_equal(taken, &a);
    assert_ptr_equal(taken->next, &b);
    assert_ptr_equal(taken->next->next, &c);
    assert_null(c.next);
    assert_null(sv_mailbox_take_all(&mailbox));
    sv_mailbox_put(&mailbox, &a); /* a new batch */
    assert_ptr_equal(sv_mailbox_take_all(&mailbox), &a);
}

static void *send_all(void *arg)
{
    sender *self = arg;
    for (int i = 0; i < N_MESSAGES; i++)
        sv_mailbox_put(self->mailbox, &self->letters[i].message);
    return NULL;
}

static void test_many_senders(void **state)
{
    (void)state;
    static letter letters[N_SENDERS][N_MESSAGES];
    sv_mailbox mailbox = {0};
    sender senders[N_SENDERS] = {0};
    pthread_t threads[N_SENDERS];
    int next[N_SENDERS] = {0}, n_taken = 0;
    for (int i = 0; i < N_SENDERS; i++) {
        senders[i] = (sender){&mailbox, letters[i]};
        for (int j = 0; j < N_MESSAGES; j++)
            letters[i][j] = (letter){.sender = i, .number = j};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    while (n_taken < N_SENDERS * N_MESSAGES) {
        sv_message *message = sv_mailbox_take_all(&mailbox);
        for (; message; message = message->next, n_taken++) {
            letter *it = (letter *)message;
            assert_int_equal(it->number, next[it->sender]++);
        }
    }
    for (int i = 0; i < N_SENDERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oldest_first),
        cmocka_unit_test(test_many_senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
