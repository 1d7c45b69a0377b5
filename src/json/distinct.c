/* distinct.c: what comes twice in sets and maps.
 *
 * DESIGN. Pointers to the items are sorted by value, then by address, so that those which are the
 * same stand together in their order; the ones to drop are marked, and the rest moves up. No hash:
 * nobody can choose items that make it slow. */
#include "json/distinct.h"

#include <stdlib.h>
#include <string.h>

#include "json/moment.h"

typedef int (*compare_function)(const void *a, const void *b);

static int compare_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int order = len ? memcmp(a, b, len) : 0;
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_str(const void *a, const void *b)
{
    const sv_str *x = a, *y = b;
    return compare_bytes(x->ptr, x->len, y->ptr, y->len);
}

static int compare_int(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int compare_double(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int compare_bool(const void *a, const void *b)
{
    const bool *x = a, *y = b;
    return *x - *y;
}

static int compare_enum(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int compare_uuid(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(sv_uuid));
}

static int compare_datetime(const void *a, const void *b)
{
    const sv_datetime *x = a, *y = b;
    int kinds = x->time.has_offset - y->time.has_offset;
    return kinds ? kinds : sv_moment_compare_datetime(x, y);
}

static int compare_date(const void *a, const void *b)
{
    const sv_date *x = a, *y = b;
    return sv_moment_compare_date(*x, *y);
}

static int compare_time(const void *a, const void *b)
{
    const sv_time *x = a, *y = b;
    int kinds = x->has_offset - y->has_offset;
    return kinds ? kinds : sv_moment_compare_time(x, y);
}

static int compare_duration(const void *a, const void *b)
{
    const sv_duration *x = a, *y = b;
    return sv_moment_compare_duration(*x, *y);
}

/* sv_bytes, sv_decimal and sv_json are laid out like a text. */
static const compare_function functions[] = {
    [SV_KIND_STR] = compare_str,           [SV_KIND_INT] = compare_int,
    [SV_KIND_DOUBLE] = compare_double,     [SV_KIND_BOOL] = compare_bool,
    [SV_KIND_ENUM] = compare_enum,         [SV_KIND_UUID] = compare_uuid,
    [SV_KIND_DATETIME] = compare_datetime, [SV_KIND_DATE] = compare_date,
    [SV_KIND_TIME] = compare_time,         [SV_KIND_DURATION] = compare_duration,
    [SV_KIND_BYTES] = compare_str,         [SV_KIND_DECIMAL] = compare_str,
    [SV_KIND_JSON] = compare_str,          [SV_KIND_EXTRAS] = NULL,
};

bool sv_distinct_knows(sv_kind kind)
{
    return functions[kind] != NULL;
}

/* Merges two sorted runs of pointers; of equals the left one comes first. */
static void merge(char **from, size_t n_left, size_t n, compare_function compare, char **to)
{
    size_t left = 0, right = n_left;
    for (size_t i = 0; i < n; i++) {
        bool takes_left = right == n || (left < n_left && compare(from[left], from[right]) <= 0);
        to[i] = from[takes_left ? left++ : right++];
    }
}

/* Sorts `n` pointers, keeping the order of equals; `spare` has room for as many. The sorted ones
 * are returned: one of the two. */
static char **sort(char **pointers, char **spare, size_t n, compare_function compare)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t at = 0; at < n; at += 2 * width) {
            size_t len = n - at < 2 * width ? n - at : 2 * width;
            merge(pointers + at, width < len ? width : len, len, compare, spare + at);
        }
        char **sorted = spare;
        spare = pointers;
        pointers = sorted;
    }
    return pointers;
}

/* Marks all of a group but its first; with `keeps_last`, after the last was copied there. */
static void mark_group(char **group, size_t n, size_t item_size, bool keeps_last)
{
    if (keeps_last && n > 1)
        memcpy(group[0], group[n - 1], item_size);
    for (size_t i = 1; i < n; i++)
        group[i] = NULL;
}

static size_t group_len(char **sorted, size_t n, compare_function compare)
{
    size_t len = 1;
    while (len < n && compare(sorted[0], sorted[len]) == 0)
        len++;
    return len;
}

static int compare_address(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return (*x > *y) - (*x < *y);
}

/* Moves the items that are still pointed to up, in their order. */
static size_t compact(char **pointers, size_t n, size_t item_size, char *items)
{
    qsort(pointers, n, sizeof *pointers, compare_address);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (pointers[i])
            memmove(items + kept++ * item_size, pointers[i], item_size);
    return kept;
}

static sv_status drop_repeated(sv_arena *arena, size_t item_size, compare_function compare,
                               bool keeps_last, sv_layout_list *list)
{
    if (list->len < 2)
        return SV_OK;
    char **pointers = sv_arena_alloc_array(arena, list->len, 2 * sizeof *pointers);
    if (!pointers)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < list->len; i++)
        pointers[i] = list->items + i * item_size;
    char **sorted = sort(pointers, pointers + list->len, list->len, compare);
    for (size_t at = 0, len; at < list->len; at += len) {
        len = group_len(sorted + at, list->len - at, compare);
        mark_group(sorted + at, len, item_size, keeps_last);
    }
    list->len = compact(sorted, list->len, item_size, list->items);
    return SV_OK;
}

sv_status sv_distinct_items(sv_arena *arena, const sv_plan_field *field, sv_layout_list *set)
{
    compare_function compare = functions[field->item->kind];
    return drop_repeated(arena, field->item_size, compare, false, set);
}

sv_status sv_distinct_entries(sv_arena *arena, size_t entry_size, sv_layout_list *map)
{
    return drop_repeated(arena, entry_size, compare_str, true, map);
}
