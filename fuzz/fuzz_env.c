/* fuzz_env.c: hostile .env files. Whatever the bytes are: every entry has a line that the text has,
 * and a setting that takes its value stays within its bounds. */
#include <stdlib.h>

#include "app/env_file.h"
#include "app/settings.h"

enum { LARGEST_TEXT = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_bounds(const sv_settings *values)
{
    size_t n;
    const sv_setting *rows = sv_settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        const char *member = (const char *)values + rows[i].offset;
        if (rows[i].min == rows[i].max)
            continue;
        int64_t number = *(const int64_t *)(const void *)member;
        require(number >= rows[i].min && number <= rows[i].max);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_arena *arena = sv_arena_new(0);
    sv_env_file file = {.rest = {(const char *)data, size}};
    sv_env_entry entry;
    sv_settings_merge merge;
    sv_buf problems;
    size_t last = 0;
    require(arena != NULL);
    sv_buf_init(&problems, LARGEST_TEXT);
    sv_settings_begin(&merge, arena, &problems);
    require(!merge.failed);
    while (sv_env_file_next(arena, &file, &entry)) {
        require(entry.line > last && file.lines_read >= entry.line && file.lines_read <= size + 1);
        require(entry.problem || entry.value.ptr);
        last = file.lines_read;
        const sv_setting *setting = sv_settings_table_find(entry.name);
        if (setting && !entry.problem)
            sv_settings_set(&merge, setting, entry.value, "fuzz");
        else
            (void)sv_settings_table_nearest(entry.name);
    }
    check_bounds(&merge.values);
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    return 0;
}
