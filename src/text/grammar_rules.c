/* grammar_rules.c: the lines of a grammar, and its limits. */
#include "text/grammar_rules.h"

#include "base/writer.h"

static const struct {
    const char *name, *body;
    uint32_t others;
} builtins[] = {
#define B(id) (UINT32_C(1) << SV_GRAMMAR_##id)
#define BUILTIN_ROW(id, name, others, body) {name, body, others},
    SV_GRAMMAR_BUILTIN_MAP(BUILTIN_ROW)
#undef BUILTIN_ROW
#undef B
};

void sv_grammar_rules_init(sv_grammar_rules *rules, sv_buf *out)
{
    *rules = (sv_grammar_rules){.out = out, .start = out->len};
}

static void note_problem(sv_grammar_rules *rules, const char *problem)
{
    if (!rules->problem)
        rules->problem = problem;
}

static void add(sv_grammar_rules *rules, const char *name, sv_str body)
{
    if (rules->out->len - rules->start + body.len + 64 > SV_GRAMMAR_MAX_BYTES)
        note_problem(rules, "the grammar of the schema passes 256 KiB");
    if (++rules->n_rules > SV_GRAMMAR_MAX_RULES)
        note_problem(rules, "the schema needs more than 8000 rules");
    if (rules->problem)
        return;
    sv_buf_printf(rules->out, "%s ::= ", name);
    sv_buf_append_str(rules->out, body);
    sv_buf_append_byte(rules->out, '\n');
}

void sv_grammar_rules_add(sv_grammar_rules *rules, const char *name, const sv_buf *body)
{
    add(rules, name, sv_buf_str(body));
}

const char *sv_grammar_rules_use(sv_grammar_rules *rules, sv_grammar_builtin builtin)
{
    rules->used |= UINT32_C(1) << builtin;
    return builtins[builtin].name;
}

void sv_grammar_rules_repeat(sv_grammar_rules *rules, sv_buf *line, size_t min, size_t max)
{
    size_t n = max == SIZE_MAX ? min : max;
    if (n > SV_GRAMMAR_MAX_REPEAT) {
        note_problem(rules, "a length or a repetition passes 2000");
        return;
    }
    rules->n_repeats += n;
    if (rules->n_repeats > SV_GRAMMAR_MAX_ALL_REPEATS)
        note_problem(rules, "the lengths and repetitions of the schema pass 16384 together");
    if (min == 0 && max == 1)
        sv_buf_append_byte(line, '?');
    else if (min <= 1 && max == SIZE_MAX)
        sv_buf_append_byte(line, min ? '+' : '*');
    else if (max == SIZE_MAX)
        sv_buf_printf(line, "{%zu,}", min);
    else
        sv_buf_printf(line, "{%zu,%zu}", min, max);
}

void sv_grammar_rules_finish(sv_grammar_rules *rules)
{
    uint32_t written = 0;
    while (written != rules->used)
        for (size_t i = 0; i < SV_GRAMMAR_N_BUILTINS; i++) {
            if (!(rules->used & ~written & UINT32_C(1) << i))
                continue;
            add(rules, builtins[i].name, sv_str_from(builtins[i].body));
            rules->used |= builtins[i].others;
            written |= UINT32_C(1) << i;
        }
}

sv_status sv_grammar_rules_check(const sv_grammar_rules *rules, sv_error *error)
{
    if (rules->problem)
        return sv_error_set(error, SV_INVALID, NULL, "%s", rules->problem);
    return sv_buf_status(rules->out);
}

void sv_grammar_rules_write_text(sv_buf *line, sv_str text)
{
    sv_buf_append_byte(line, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte == 0x7f)
            sv_buf_printf(line, "\\x%02X", byte);
        else if (byte == '"' || byte == '\\')
            sv_buf_printf(line, "\\%c", byte);
        else
            sv_buf_append_byte(line, text.ptr[i]);
    }
    sv_buf_append_byte(line, '"');
}

static sv_status write_json(sv_buf *line, sv_buf *json)
{
    sv_status status = sv_buf_status(json);
    if (!status)
        sv_grammar_rules_write_text(line, sv_buf_str(json));
    sv_buf_deinit(json);
    return status;
}

sv_status sv_grammar_rules_write_value(sv_buf *line, const sv_value *value)
{
    sv_buf json;
    sv_writer writer;
    sv_buf_init(&json, SV_GRAMMAR_MAX_BYTES);
    sv_writer_init(&writer, &json);
    sv_value_write(value, &writer, 0);
    return write_json(line, &json);
}

sv_status sv_grammar_rules_write_json_text(sv_buf *line, sv_str text)
{
    sv_buf json;
    sv_writer writer;
    sv_buf_init(&json, SV_GRAMMAR_MAX_BYTES);
    sv_writer_init(&writer, &json);
    sv_writer_str(&writer, text);
    return write_json(line, &json);
}
