/* layout.c: sizes and offsets of members, from the types of schema.h. Whether a row says the same:
 * field.c. */
#include "json/layout.h"

/* Alone, and inside the SV_OPT of nullable members. */
typedef struct layout {
    size_t size, optional_size, optional_offset;
} layout;

#define LAYOUT(T, OPT) {sizeof(T), sizeof(OPT), offsetof(OPT, value)}

static const layout layouts[] = {
    [SV_KIND_STR] = LAYOUT(sv_str, sv_opt_str),
    [SV_KIND_INT] = LAYOUT(int64_t, sv_opt_int),
    [SV_KIND_DOUBLE] = LAYOUT(double, sv_opt_double),
    [SV_KIND_BOOL] = LAYOUT(bool, sv_opt_bool),
    [SV_KIND_ENUM] = LAYOUT(int, sv_opt_enum),
    [SV_KIND_LIST] = LAYOUT(sv_strs, sv_opt_strs),
    [SV_KIND_MAP] = LAYOUT(sv_strs, sv_opt_strs),
    [SV_KIND_DATETIME] = LAYOUT(sv_datetime, sv_opt_datetime),
    [SV_KIND_DATE] = LAYOUT(sv_date, sv_opt_date),
    [SV_KIND_TIME] = LAYOUT(sv_time, sv_opt_time),
    [SV_KIND_DURATION] = LAYOUT(sv_duration, sv_opt_duration),
    [SV_KIND_UUID] = LAYOUT(sv_uuid, sv_opt_uuid),
    [SV_KIND_BYTES] = LAYOUT(sv_bytes, sv_opt_bytes),
    [SV_KIND_DECIMAL] = LAYOUT(sv_decimal, sv_opt_decimal),
    [SV_KIND_JSON] = LAYOUT(sv_json, sv_opt_json),
    [SV_KIND_FILE] = LAYOUT(sv_file, sv_opt_file),
    [SV_KIND_EXTRAS] = {sizeof(sv_extras), 0, 0},
};

size_t sv_layout_value_offset(const sv_field *row)
{
    if (!row->nullable || row->kind == SV_KIND_OBJECT)
        return row->offset;
    return row->offset +
           (row->value_offset ? row->value_offset : layouts[row->kind].optional_offset);
}

size_t sv_layout_size(const sv_field *row)
{
    if (row->kind == SV_KIND_OBJECT)
        return row->nullable ? sizeof(void *) : row->schema->size;
    if (row->kind == SV_KIND_ARRAY)
        return 0;
    return row->nullable ? layouts[row->kind].optional_size : layouts[row->kind].size;
}

size_t sv_layout_item_size(const sv_field *row)
{
    const layout *of = &layouts[row->item_size ? SV_KIND_NONE : row->item_kind];
    sv_field value = {.size = row->item_nullable ? of->optional_size : of->size};
    if (row->item_size)
        return row->item_size;
    if (row->item_kind == SV_KIND_OBJECT)
        value.size = row->schema->size;
    return row->kind == SV_KIND_MAP ? sv_layout_entry_size(&value) : value.size;
}

size_t sv_layout_entry_size(const sv_field *item)
{
    size_t aligned = (item->size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    return SV_LAYOUT_MAP_VALUE + aligned;
}

const sv_field *sv_layout_item_row(const sv_field *row, sv_field *storage)
{
    if (row->item)
        return row->item;
    *storage = (sv_field){.name = "item",
                          .kind = row->item_kind,
                          .nullable = row->item_nullable,
                          .schema = row->schema,
                          .enumeration = row->enumeration,
                          .max_len = row->max_item_len,
                          .ge = row->ge,
                          .gt = row->gt,
                          .le = row->le,
                          .lt = row->lt,
                          .multiple_of = row->multiple_of,
                          .check_str = row->check_item_str,
                          .check_int = row->check_int,
                          .check_double = row->check_double};
    storage->size = sv_layout_size(storage);
    return storage;
}
