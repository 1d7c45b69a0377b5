/* Lists: order, removal from any place, a node in no list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

typedef struct item {
    int value;
    sv_list_node node;
} item;

static void assert_values(const sv_list_node *head, const int *values, size_t n)
{
    const sv_list_node *at = head->next;
    for (size_t i = 0; i < n; i++, at = at->next) {
        assert_ptr_not_equal(at, head);
        assert_int_equal(SV_CONTAINER_OF(at, item, node)->value, values[i]);
        assert_ptr_equal(at->next->prev, at);
    }
    assert_ptr_equal(at, head);
    assert_int_equal(sv_list_is_empty(head), n == 0);
}

static void test_append_and_remove(void **state)
{
    (void)state;
    sv_list_node head;
    item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};
    sv_list_init(&head);
    assert_values(&head, NULL, 0);
    sv_list_append(&head, &a.node);
    sv_list_append(&head, &b.node);
    sv_list_append(&head, &c.node);
    assert_values(&head, (int[]){1, 2, 3}, 3);
    sv_list_remove(&b.node);
    sv_list_remove(&b.node); /* in no list: nothing happens */
    assert_values(&head, (int[]){1, 3}, 2);
    sv_list_append(&head, &b.node);
    sv_list_remove(&a.node);
    assert_values(&head, (int[]){3, 2}, 2);
    sv_list_remove(&b.node);
    sv_list_remove(&c.node);
    assert_values(&head, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
