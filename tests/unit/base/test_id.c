/* Identifiers: the form of a UUID, no repetition within a thread or between threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/id.h"

enum { N_IDS = 2000, N_THREADS = 4 };
typedef char uuid[SV_ID_UUID_LEN + 1];

static void *make_ids(void *arg)
{
    uuid *ids = arg;
    for (int i = 0; i < N_IDS; i++)
        sv_id_uuid4(ids[i]);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_uuids_are_well_formed_and_different(void **state)
{
    (void)state;
    static uuid ids[N_THREADS * N_IDS];
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids + i * N_IDS), 0);
    for (int i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < N_THREADS * N_IDS; i++) {
        assert_int_equal(strlen(ids[i]), SV_ID_UUID_LEN);
        assert_int_equal(strspn(ids[i], "0123456789abcdef-"), SV_ID_UUID_LEN);
        for (int at = 8; at <= 23; at += 5)
            assert_int_equal(ids[i][at], '-');
        assert_int_equal(ids[i][14], '4');
        assert_non_null(strchr("89ab", ids[i][19]));
    }
    qsort(ids, N_THREADS * N_IDS, sizeof *ids, compare);
    for (int i = 1; i < N_THREADS * N_IDS; i++)
        assert_string_not_equal(ids[i - 1], ids[i]);
}

static void test_random_fills_every_byte_and_no_more(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 255, 256, 257, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char bytes[1001], seen[1001] = {0};
        for (int round = 0; round < 16; round++) { /* a byte stays 0 with 2^-128 */
            memset(bytes, 0, sizeof bytes);
            sv_id_random(bytes, sizes[i]);
            for (size_t k = 0; k < sizeof bytes; k++)
                seen[k] |= bytes[k];
        }
        for (size_t k = 0; k < sizeof bytes; k++)
            assert_int_equal(seen[k] != 0, k < sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuids_are_well_formed_and_different),
        cmocka_unit_test(test_random_fills_every_byte_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
