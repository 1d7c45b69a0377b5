/* distinct.h: drops what comes twice in sets and maps. Takes n log n steps, whatever the items are.
 */
#ifndef SERVAL_JSON_DISTINCT_H
#define SERVAL_JSON_DISTINCT_H

#include "base/arena.h"
#include "json/layout.h"
#include "json/plan.h"

/* True when values of this kind can be told apart (scalars). */
bool sv_distinct_knows(sv_kind kind);
/* Of items that are the same the first stays; the order stays. SV_OK or SV_NO_MEMORY. */
sv_status sv_distinct_items(sv_arena *arena, const sv_plan_field *field,
                            sv_layout_list *set) SV_MUST_USE;
/* Of entries with the same key (a sv_str at the front) the last stays, at the place of the first.
 * `entry_size` in bytes. */
sv_status sv_distinct_entries(sv_arena *arena, size_t entry_size, sv_layout_list *map) SV_MUST_USE;

#endif
