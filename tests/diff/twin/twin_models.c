/* twin_models.c: the twin's sections of models, parameters, forms. */
#include "twin.h"

/* Section: models. Scalars, bounds, defaults, null, enums, lists, nested models. */

struct item {
    sv_str name;
    double price;
    int64_t count;
    bool on_sale;
    sv_opt_str note, owner;
    enum color color;
    struct size size, *spare;
    SV_LIST(struct size) sizes;
    sv_strs labels;
    sv_opt_doubles ratios;
};
SV_SCHEMA_WITH(item, (.component = "Item"),
               SV_FIELD(item, name, .min_len = 1, .max_len = 20, .help = "As printed on the label"),
               SV_FIELD(item, price, SV_GE(0), SV_LE(1000000)),
               SV_FIELD(item, count, SV_GE(1), SV_LE(100), .default_json = "1"),
               SV_FIELD(item, on_sale, .default_json = "false"),
               SV_FIELD(item, note, .default_json = "null"), SV_FIELD(item, owner, .max_len = 30),
               SV_FIELD_ENUM(item, color, Color, .default_json = "\"red\""),
               SV_FIELD_OBJECT(item, size, size),
               SV_FIELD_OBJECT(item, spare, size, .default_json = "null"),
               SV_FIELD_LIST(item, sizes, size, .min_items = 1, .max_items = 3),
               SV_FIELD(item, labels, .default_json = "[]"),
               SV_FIELD(item, ratios, .default_json = "null"));

struct receipt {
    int64_t id;
    double total;
    struct item item;
};
SV_SCHEMA_WITH(receipt, (.component = "Receipt"), SV_FIELD(receipt, id), SV_FIELD(receipt, total),
               SV_FIELD_OBJECT(receipt, item, item));

SV_HANDLER(create_item, item, receipt);
static sv_status create_item(sv_call *call, const struct item *in, struct receipt *out)
{
    (void)call;
    *out = (struct receipt){1, in->price * (double)in->count, *in};
    return SV_OK;
}

SV_HANDLER(echo_strict, strict, strict);
static sv_status echo_strict(sv_call *call, const struct strict *in, struct strict *out)
{
    (void)call;
    *out = *in;
    return SV_OK;
}

SV_HANDLER(optional_size, size, size);
static sv_status optional_size(sv_call *call, const struct size *in, struct size *out)
{
    (void)call;
    *out = in ? *in : (struct size){1, 1};
    return SV_OK;
}

static const sv_operation models[] = {
    {"POST", "/items", &create_item_handler, .status = 201},
    {"PUT", "/strict", &echo_strict_handler},
    {"PUT", "/optional", &optional_size_handler, .optional_body = true},
    {0},
};
const sv_api_router models_router = {.operations = models};

/* Section: parameters. Path, query, header, cookie; hidden, deprecated, in dependencies. */

struct item_params {
    int64_t item_id, limit;
    double ratio;
    sv_opt_str q;
    sv_strs tags;
    enum color color;
    bool old, secret;
    sv_str x_token;
    sv_opt_str session;
};
SV_SCHEMA(item_params, SV_FIELD(item_params, item_id, SV_GE(1), .help = "Which one"),
          SV_FIELD(item_params, limit, SV_GE(1), SV_LE(100), .default_json = "10"),
          SV_FIELD(item_params, ratio, SV_GT(0), SV_LT(1), .default_json = "0.5"),
          SV_FIELD(item_params, q, .max_len = 5, .optional = true),
          SV_FIELD(item_params, tags, .default_json = "[]"),
          SV_FIELD_ENUM(item_params, color, Color, .default_json = "\"green\""),
          SV_FIELD(item_params, old, .default_json = "false", .deprecated = true),
          SV_FIELD(item_params, secret, .default_json = "false", .hidden = true),
          SV_FIELD(item_params, x_token, .min_len = 2, .default_json = "\"none\"",
                   .in = SV_IN_HEADER),
          SV_FIELD(item_params, session, .default_json = "null", .in = SV_IN_COOKIE));

/* As Python prints a list of plain texts. */
static sv_str print_list(sv_call *call, const sv_strs *list)
{
    sv_str text = SV_STR("[");
    for (size_t i = 0; i < list->len; i++)
        text = sv_format(call, "%.*s%s'%.*s'", SV_STR_ARG(text), i ? ", " : "",
                         SV_STR_ARG(list->items[i]));
    return sv_format(call, "%.*s]", SV_STR_ARG(text));
}

SV_HANDLER_PARAMS(read_params, item_params, sv_none, shown);
static sv_status read_params(sv_call *call, const struct item_params *params,
                             const struct sv_none *in, struct shown *out)
{
    (void)in;
    out->text =
        sv_format(call, "%lld %lld %g %.*s %.*s %s %s %s %.*s %.*s", (long long)params->item_id,
                  (long long)params->limit, params->ratio, SV_STR_ARG(or_none(params->q)),
                  SV_STR_ARG(print_list(call, &params->tags)), Color_values_[params->color].name,
                  params->old ? "True" : "False", params->secret ? "True" : "False",
                  SV_STR_ARG(params->x_token), SV_STR_ARG(or_none(params->session)));
    return SV_OK;
}

struct rest_params {
    sv_str rest;
};
SV_SCHEMA(rest_params, SV_FIELD(rest_params, rest));

SV_HANDLER_PARAMS(read_rest, rest_params, sv_none, shown);
static sv_status read_rest(sv_call *call, const struct rest_params *params,
                           const struct sv_none *in, struct shown *out)
{
    (void)call, (void)in;
    out->text = params->rest;
    return SV_OK;
}

struct paging {
    int64_t limit, offset;
    sv_opt_str x_trace;
};
SV_SCHEMA(paging, SV_FIELD(paging, limit, SV_GE(1), SV_LE(50), .default_json = "10"),
          SV_FIELD(paging, offset, SV_GE(0), .default_json = "0"),
          SV_FIELD(paging, x_trace, .default_json = "null", .in = SV_IN_HEADER));
SV_DEPENDENCY_PARAMS(page, sv_str, paging, open_page, close_page);
static sv_status open_page(sv_call *call, const struct paging *params, sv_str *ret)
{
    *ret = sv_format(call, "%lld %lld %.*s", (long long)params->limit, (long long)params->offset,
                     SV_STR_ARG(or_none(params->x_trace)));
    return ret->ptr ? SV_OK : SV_NO_MEMORY;
}
static void close_page(sv_call *call, sv_str *page)
{
    (void)call, (void)page;
}

struct paged_params {
    int64_t limit;
    sv_str sort;
};
SV_SCHEMA(paged_params, SV_FIELD(paged_params, limit, SV_GE(1), SV_LE(50), .default_json = "10"),
          SV_FIELD(paged_params, sort, .default_json = "\"name\""));

SV_HANDLER_PARAMS(read_paged, paged_params, sv_none, shown);
static sv_status read_paged(sv_call *call, const struct paged_params *params,
                            const struct sv_none *in, struct shown *out)
{
    (void)in;
    const sv_str *page = page_of(call);
    if (!page)
        return SV_FAILED;
    out->text = sv_format(call, "%.*s %lld %.*s", SV_STR_ARG(*page), (long long)params->limit,
                          SV_STR_ARG(params->sort));
    return SV_OK;
}

static const sv_dependency *const needs_page[] = {&page_dependency, NULL};
static const sv_operation parameters[] = {
    {"GET", "/params/{item_id}", &read_params_handler},
    {"GET", "/files/{rest:path}", &read_rest_handler},
    {"GET", "/paged", &read_paged_handler, .needs = needs_page},
    {0},
};
const sv_api_router parameters_router = {.operations = parameters};

/* Section: forms and files. */

struct form {
    sv_str name;
    int64_t age;
    sv_opt_str nick;
};
SV_SCHEMA(form, SV_FIELD(form, name, .min_len = 1, .in = SV_IN_FORM),
          SV_FIELD(form, age, SV_GE(0), .default_json = "1", .in = SV_IN_FORM),
          SV_FIELD(form, nick, .default_json = "null", .in = SV_IN_FORM));

SV_HANDLER_PARAMS(send_form, form, sv_none, shown);
static sv_status send_form(sv_call *call, const struct form *params, const struct sv_none *in,
                           struct shown *out)
{
    (void)in;
    out->text = sv_format(call, "%.*s %lld %.*s", SV_STR_ARG(params->name), (long long)params->age,
                          SV_STR_ARG(or_none(params->nick)));
    return SV_OK;
}

struct upload {
    sv_file file;
    sv_files more;
    sv_str title;
};
SV_SCHEMA(upload, SV_FIELD(upload, file, .in = SV_IN_FORM),
          SV_FIELD(upload, more, .default_json = "[]", .in = SV_IN_FORM),
          SV_FIELD(upload, title, .default_json = "\"\"", .in = SV_IN_FORM));

SV_HANDLER_PARAMS(upload, upload, sv_none, shown);
static sv_status upload(sv_call *call, const struct upload *params, const struct sv_none *in,
                        struct shown *out)
{
    (void)in;
    out->text = sv_format(call, "%.*s %zu %.*s", SV_STR_ARG(params->file.filename),
                          params->more.len, SV_STR_ARG(params->title));
    return SV_OK;
}

static const sv_operation forms[] = {
    {"POST", "/form", &send_form_handler},
    {"POST", "/upload", &upload_handler},
    {0},
};
const sv_api_router forms_router = {.operations = forms};
