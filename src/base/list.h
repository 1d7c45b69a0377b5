/* list.h: intrusive, circular, doubly linked list. A node in no list is linked to itself. */
#ifndef SERVAL_BASE_LIST_H
#define SERVAL_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sv_list_node {
    struct sv_list_node *prev, *next;
} sv_list_node;

/* The struct that holds `node` as its member `member`. */
#define SV_CONTAINER_OF(node, type, member) ((type *)((char *)(node) - offsetof(type, member)))

static inline void sv_list_init(sv_list_node *node)
{
    node->prev = node->next = node;
}

static inline bool sv_list_is_empty(const sv_list_node *head)
{
    return head->next == head;
}

/* `node` must be in no list. */
static inline void sv_list_append(sv_list_node *head, sv_list_node *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* Fine for a node in no list. */
static inline void sv_list_remove(sv_list_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    sv_list_init(node);
}

#endif
