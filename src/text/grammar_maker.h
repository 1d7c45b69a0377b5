/* grammar_maker.h: the work of grammar.c, shared with the files that write objects and arrays.
 * Internal. */
#ifndef SERVAL_TEXT_GRAMMAR_MAKER_H
#define SERVAL_TEXT_GRAMMAR_MAKER_H

#include "text/grammar_rules.h"
#include "text/grammar_view.h"

enum {
    SV_GRAMMAR_MAX_NODES = 2000, /* schemas within a schema */
    SV_GRAMMAR_MAX_LINKS = 4000, /* alternatives of all choices */
    SV_GRAMMAR_NO_NODE = SV_GRAMMAR_MAX_NODES,
};

/* A schema whose rule `r<index>` is written or will be. */
typedef struct sv_grammar_node {
    const sv_value *schema, *root;
    sv_str tool; /* whose parameters these are, or empty */
    size_t parent;
    sv_str keyword, name; /* how the parent leads here; without a parent, `name` is the path */
    size_t first_link, n_links;
    bool is_open, is_done; /* while loops of choices are looked for */
} sv_grammar_node;

typedef struct sv_grammar_maker {
    sv_grammar_rules rules;
    sv_arena *arena;
    sv_grammar_node *nodes;
    size_t n_nodes, n_written;
    size_t *links; /* nodes that are alternatives */
    size_t n_links;
    sv_error *error;
} sv_grammar_maker;

/* The node of what the node `parent` has under `keyword`, and there `name`. */
sv_status sv_grammar_maker_refer(sv_grammar_maker *maker, const sv_grammar_node *step,
                                 size_t *ret_node) SV_MUST_USE;
/* Append one alternative to the line of the node; more rules, `r<node>-...`, are written. */
sv_status sv_grammar_object_write(sv_grammar_maker *maker, size_t node, const sv_grammar_view *view,
                                  sv_buf *line) SV_MUST_USE;
sv_status sv_grammar_array_write(sv_grammar_maker *maker, size_t node, const sv_grammar_view *view,
                                 sv_buf *line) SV_MUST_USE;
/* A whole number under a keyword, 0..; `absent` when it is not said. */
sv_status sv_grammar_maker_get_size(sv_grammar_maker *maker, const sv_grammar_view *view,
                                    const char *keyword, size_t *ret_size) SV_MUST_USE;

#endif
