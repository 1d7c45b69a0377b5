/* layout.h: how the members of each kind lie in memory. Pure. */
#ifndef SERVAL_JSON_LAYOUT_H
#define SERVAL_JSON_LAYOUT_H

#include <serval/schema.h>

/* Every SV_LIST and SV_MAP, whatever it holds. */
typedef struct sv_layout_list {
    char *items;
    size_t len;
} sv_layout_list;

/* Where the value of an entry of an SV_MAP stands, behind its key. */
enum { SV_LAYOUT_MAP_VALUE = sizeof(sv_str) };

/* Where the value of a member stands in the struct: in an SV_OPT behind its `set`. */
size_t sv_layout_value_offset(const sv_field *row);
/* Bytes that the member of a row must have; 0: any. */
size_t sv_layout_size(const sv_field *row);
/* Bytes of one item of a list or array, of one entry of a map. */
size_t sv_layout_item_size(const sv_field *row);
/* The row of the items of a list, map or array: the one that was given, or `*storage`, which gets
 * what the row says about its items. */
const sv_field *sv_layout_item_row(const sv_field *row, sv_field *storage);
/* Bytes of an entry whose value is `item`. */
size_t sv_layout_entry_size(const sv_field *item);

#endif
