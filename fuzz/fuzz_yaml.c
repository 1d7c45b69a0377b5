/* fuzz_yaml.c: hostile settings files. Whatever the bytes are: they become values with lines that
 * the text has, or an error with a message. */
#include <stdlib.h>

#include "json/yaml.h"

enum { LARGEST_OUTPUT = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static uint32_t count_lines(sv_str text)
{
    uint32_t n = 1;
    for (size_t i = 0; i < text.len; i++) /* every byte that YAML may end a line with */
        n += text.ptr[i] == '\n' || text.ptr[i] == '\r' || (unsigned char)text.ptr[i] >= 0x80;
    return n;
}

static void check_lines(const sv_yaml *yaml, const sv_value *value, uint32_t n_lines)
{
    uint32_t line = sv_yaml_line(yaml, value);
    require(line >= 1 && line <= n_lines + 1); /* an empty value may stand behind the end */
    sv_value_type type = sv_value_get_type(value);
    if (type != SV_VALUE_ARRAY && type != SV_VALUE_OBJECT)
        return;
    sv_value_cursor cursor = sv_value_walk(value);
    const sv_value *inner;
    sv_str name;
    while (type == SV_VALUE_ARRAY ? sv_value_next_item(&cursor, &inner)
                                  : sv_value_next_member(&cursor, &name, &inner))
        check_lines(yaml, inner, n_lines);
}

static void check_writes(sv_arena *arena, const sv_value *value)
{
    sv_buf buf;
    sv_writer writer;
    sv_value_error error;
    const sv_value *again;
    sv_buf_init(&buf, LARGEST_OUTPUT);
    sv_writer_init(&writer, &buf);
    sv_value_write(value, &writer, 0);
    require(sv_value_parse(arena, sv_buf_str(&buf), NULL, &error, &again) == SV_OK);
    sv_buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str text = {(const char *)data, size};
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_yaml yaml;
    require(arena != NULL);
    sv_status status = sv_yaml_parse(arena, text, &error, &yaml);
    if (status == SV_OK) {
        check_lines(&yaml, yaml.root, count_lines(text));
        check_writes(arena, yaml.root);
    } else {
        require(status == SV_NO_MEMORY || error.message[0] != '\0');
    }
    sv_arena_free(arena);
    return 0;
}
