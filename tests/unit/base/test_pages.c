/* What can be told of advice: it changes no byte, whatever block it is about. */
#include "base/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_any_block(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 4 << 20, (4 << 20) + 1, 9 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = malloc(sizes[i] + 1);
        assert_non_null(block);
        memset(block, 'a', sizes[i] / 2);
        sv_pages_advise_huge(block, sizes[i]);
        memset(block + sizes[i] / 2, 'a', sizes[i] - sizes[i] / 2);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_true(block[k] == 'a');
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_block)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
