/* The twin: one application, written here with Serval and in twin.py with FastAPI.
 *
 * Both must tell the same in OpenAPI (tests/e2e/test_openapi.py) and on the wire. A section here
 * has the section of the same name there, operations in the same order under the same names. */
#include <serval/serval.h>

/* What most handlers answer: what they were given. */
struct shown {
    sv_str text;
};
SV_SCHEMA_WITH(shown, (.component = "Params"), SV_FIELD(shown, text));

/* Text or "None", as Python prints it. */
static sv_str or_none(sv_opt_str text)
{
    return text.set ? text.value : SV_STR("None");
}

/* Section: models. Scalars, bounds, defaults, null, enums, lists, nested models. */

enum color { RED, GREEN };
SV_ENUM(Color, {"red", RED}, {"green", GREEN});

struct size {
    int64_t width, height;
};
SV_SCHEMA_WITH(size, (.component = "Size"), SV_FIELD(size, width, SV_GT(0)),
               SV_FIELD(size, height, SV_GT(0), SV_LT(10000)));

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

struct strict {
    int64_t x;
};
SV_SCHEMA_WITH(strict, (.component = "Strict", .extra = SV_EXTRA_FORBID), SV_FIELD(strict, x));

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

/* Section: routers, tags, statuses, methods, descriptions. */

SV_HANDLER(thing, sv_none, shown);
static sv_status thing(sv_call *call, const struct sv_none *in, struct shown *out)
{
    (void)call, (void)in;
    out->text = SV_STR("thing");
    return SV_OK;
}

SV_HANDLER(delete_thing, sv_none, sv_none);
static sv_status delete_thing(sv_call *call, const struct sv_none *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_OK;
}

struct thing_params {
    sv_str thing_id;
};
SV_SCHEMA(thing_params, SV_FIELD(thing_params, thing_id));

SV_HANDLER_PARAMS(change_thing_v2, thing_params, sv_none, shown);
static sv_status change_thing_v2(sv_call *call, const struct thing_params *params,
                                 const struct sv_none *in, struct shown *out)
{
    (void)call, (void)in;
    out->text = params->thing_id;
    return SV_OK;
}

SV_HANDLER_RAW(hidden_thing);
static sv_status hidden_thing(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", SV_STR("{}"));
}

static const sv_operation things[] = {
    {"GET", "/thing", &thing_handler, .tags = "own", .summary = "One thing",
     .description = "With *Markdown*."},
    {"DELETE", "/thing", &delete_thing_handler, .status = 204},
    {"PATCH", "/thing/{thing_id}/v2.0", &change_thing_v2_handler, .deprecated = true},
    {"GET", "/hidden", &hidden_thing_handler, .hidden = true},
    {0},
};

/* Section: security. */

static const sv_security bearer = {"HTTPBearer", SV_SECURITY_BEARER, NULL, "The token"};
static const sv_security basic = {"HTTPBasic", SV_SECURITY_BASIC, NULL, NULL};
static const sv_security header_key = {"APIKeyHeader", SV_SECURITY_API_KEY_HEADER, "X-API-Key",
                                       NULL};
static const sv_security query_key = {"APIKeyQuery", SV_SECURITY_API_KEY_QUERY, "api_key", NULL};
static const sv_security cookie_key = {"APIKeyCookie", SV_SECURITY_API_KEY_COOKIE, "key", NULL};
static const sv_security password = {"OAuth2PasswordBearer", SV_SECURITY_OAUTH2_PASSWORD, "token",
                                     NULL};
static const sv_error_kind unauthenticated = {"NOT_AUTHENTICATED", 401, "Not authenticated", NULL};

SV_HANDLER(read_bearer, sv_none, shown);
static sv_status read_bearer(sv_call *call, const struct sv_none *in, struct shown *out)
{
    (void)in;
    sv_str given = sv_request_header(call, "authorization");
    if (given.len <= 7 || !sv_str_eq_nocase(sv_str_slice(given, 0, 7), SV_STR("bearer ")))
        return sv_fail(call, &unauthenticated, "Not authenticated");
    out->text = sv_str_slice(given, 7, given.len);
    return SV_OK;
}

SV_HANDLER(read_any, sv_none, shown);
static sv_status read_any(sv_call *call, const struct sv_none *in, struct shown *out)
{
    (void)call, (void)in;
    out->text = SV_STR("any");
    return SV_OK;
}

static const sv_security *const with_bearer[] = {&bearer, NULL};
static const sv_security *const with_any[] = {&basic,      &header_key, &query_key,
                                              &cookie_key, &password,   NULL};
static const sv_error_kind *const bearer_errors[] = {&unauthenticated, NULL};
static const sv_operation secured[] = {
    {"GET", "/secure/bearer", &read_bearer_handler, .security = with_bearer,
     .errors = bearer_errors},
    {"GET", "/secure/any", &read_any_handler, .security = with_any},
    {0},
};

/* Section: kinds. Every other type that a field may have. */

enum level { LOW = 1, HIGH = 2 };
SV_ENUM_INT(Level, {"low", LOW}, {"high", HIGH});
SV_LITERAL(mode, {"fast", 0}, {"exact", 1});
SV_LITERAL(only, {"one", 0});

struct kinds {
    sv_extras rest;
    sv_datetime moment;
    sv_date day;
    sv_opt_time hour;
    sv_duration span;
    sv_uuid id;
    sv_opt_uuid version4;
    sv_bytes raw, packed;
    sv_str mail, site;
    enum level level;
    int mode, only;
    sv_str code;
    int64_t even;
    SV_MAP(int64_t) numbers;
    SV_MAP(struct size) sizes;
    sv_doubles point;
    sv_strs words;
    SV_LIST(sv_ints) grid;
    SV_LIST(enum color) colors;
    sv_str alias;
    int64_t titled;
};
SV_SCHEMA_WITH(kinds, (.component = "Kinds", .extra = SV_EXTRA_ALLOW), SV_FIELD(kinds, moment),
               SV_FIELD(kinds, day), SV_FIELD(kinds, hour, .default_json = "null"),
               SV_FIELD(kinds, span), SV_FIELD(kinds, id),
               SV_FIELD(kinds, version4, .default_json = "null"),
               SV_FIELD(kinds, raw, .min_len = 1, .max_len = 8),
               SV_FIELD(kinds, packed, .format = SV_FORMAT_BASE64),
               SV_FIELD(kinds, mail, .format = SV_FORMAT_EMAIL),
               SV_FIELD(kinds, site, .format = SV_FORMAT_HTTP_URL),
               SV_FIELD_ENUM(kinds, level, Level, .default_json = "1"),
               SV_FIELD_ENUM(kinds, mode, mode),
               SV_FIELD_ENUM(kinds, only, only, .default_json = "\"one\""),
               SV_FIELD(kinds, code, .pattern = "^[a-z]+$"),
               SV_FIELD(kinds, even, SV_MULTIPLE_OF(2)),
               SV_FIELD_MAP(kinds, numbers, .default_json = "{}"),
               SV_FIELD_MAP_OBJECT(kinds, sizes, size, .default_json = "{}", .max_items = 4),
               SV_FIELD(kinds, point, .min_items = 2, .max_items = 2),
               SV_FIELD(kinds, words, .unique = true, .max_items = 3, .default_json = "[]"),
               SV_FIELD_LIST_OF(kinds, grid, .item = SV_EACH(sv_ints), .default_json = "[]"),
               SV_FIELD_ENUMS(kinds, colors, Color, .default_json = "[]"),
               SV_FIELD(kinds, alias, .alias = "otherName"),
               SV_FIELD(kinds, titled, .default_json = "3", .title = "A title", .example_json = "4",
                        .deprecated = true),
               SV_FIELD_EXTRAS(kinds, rest));

SV_HANDLER(echo_kinds, kinds, kinds);
static sv_status echo_kinds(sv_call *call, const struct kinds *in, struct kinds *out)
{
    (void)call;
    *out = *in;
    return SV_OK;
}

struct amount {
    sv_decimal amount;
};
SV_SCHEMA_WITH(amount, (.component = "Amount"), SV_FIELD(amount, amount));

SV_HANDLER(echo_amount, amount, amount);
static sv_status echo_amount(sv_call *call, const struct amount *in, struct amount *out)
{
    (void)call;
    *out = *in;
    return SV_OK;
}

struct node {
    int64_t value;
    struct node *next;
    SV_LIST(struct node) children;
};
SV_SCHEMA_DECLARE(node);
SV_SCHEMA_WITH(node, (.component = "Node"), SV_FIELD(node, value),
               SV_FIELD_OBJECT(node, next, node, .default_json = "null"),
               SV_FIELD_LIST(node, children, node, .default_json = "[]"));

SV_HANDLER(echo_node, node, node);
static sv_status echo_node(sv_call *call, const struct node *in, struct node *out)
{
    (void)call;
    *out = *in;
    return SV_OK;
}

static const sv_operation kinds[] = {
    {"POST", "/kinds", &echo_kinds_handler},
    {"POST", "/amount", &echo_amount_handler},
    {"POST", "/node", &echo_node_handler},
    {0},
};

/* Section: unions. */

SV_LITERAL(cat_kind, {"cat", 0});
SV_LITERAL(dog_kind, {"dog", 0});
struct cat {
    int kind;
    int64_t lives;
};
SV_SCHEMA_WITH(cat, (.component = "Cat"), SV_FIELD_ENUM(cat, kind, cat_kind), SV_FIELD(cat, lives));
struct dog {
    int kind;
    sv_str name;
};
SV_SCHEMA_WITH(dog, (.component = "Dog"), SV_FIELD_ENUM(dog, kind, dog_kind), SV_FIELD(dog, name));

enum pet_kind { PET_CAT, PET_DOG };
struct pet {
    enum pet_kind kind;
    union {
        struct cat cat;
        struct dog dog;
    } as;
};
SV_UNION(pet, kind, (.discriminator = "kind"), SV_VARIANT_OBJECT(pet, as.cat, PET_CAT, cat),
         SV_VARIANT_OBJECT(pet, as.dog, PET_DOG, dog));
struct number_or_text {
    int kind;
    union {
        int64_t number;
        sv_str text;
    } as;
};
SV_UNION(number_or_text, kind, (.help = NULL), SV_VARIANT(number_or_text, as.number, 0),
         SV_VARIANT(number_or_text, as.text, 1));
struct owner {
    struct pet pet;
    struct number_or_text id;
};
SV_SCHEMA_WITH(owner, (.component = "Owner"), SV_FIELD_OBJECT(owner, pet, pet),
               SV_FIELD_OBJECT(owner, id, number_or_text));

SV_HANDLER(echo_owner, owner, owner);
static sv_status echo_owner(sv_call *call, const struct owner *in, struct owner *out)
{
    (void)call;
    *out = *in;
    return SV_OK;
}

static const sv_operation unions[] = {
    {"POST", "/owner", &echo_owner_handler},
    {0},
};

/* Section: bodies. A list, several parameters in one, forms that may be empty. */

struct sizes {
    SV_LIST(struct size) list;
};
SV_SCHEMA_WITH(sizes, (.component = "Sizes", .shape = SV_SHAPE_ROOT),
               SV_FIELD_LIST(sizes, list, size));

SV_HANDLER(echo_sizes, sizes, sizes);
static sv_status echo_sizes(sv_call *call, const struct sizes *in, struct sizes *out)
{
    (void)call;
    *out = *in;
    return SV_OK;
}

struct several {
    struct size one;
    struct strict other;
    int64_t times;
};
SV_SCHEMA_WITH(several, (.embed = true), SV_FIELD_OBJECT(several, one, size),
               SV_FIELD_OBJECT(several, other, strict),
               SV_FIELD(several, times, SV_GT(0), .default_json = "1"));

SV_HANDLER(take_several, several, shown);
static sv_status take_several(sv_call *call, const struct several *in, struct shown *out)
{
    out->text = sv_format(call, "%lld %lld %lld", (long long)in->one.width, (long long)in->other.x,
                          (long long)in->times);
    return SV_OK;
}

struct few {
    struct size *one;
    int64_t times;
};
SV_SCHEMA_WITH(few, (.embed = true), SV_FIELD_OBJECT(few, one, size, .default_json = "null"),
               SV_FIELD(few, times, .default_json = "1"));

SV_HANDLER(take_few, few, shown);
static sv_status take_few(sv_call *call, const struct few *in, struct shown *out)
{
    out->text =
        sv_format(call, "%lld %lld", in->one ? (long long)in->one->width : 0, (long long)in->times);
    return SV_OK;
}

struct loose {
    sv_opt_str nick;
    int64_t age;
};
SV_SCHEMA(loose, SV_FIELD(loose, nick, .default_json = "null", .in = SV_IN_FORM),
          SV_FIELD(loose, age, .default_json = "1", .in = SV_IN_FORM));

SV_HANDLER_PARAMS(send_loose, loose, sv_none, shown);
static sv_status send_loose(sv_call *call, const struct loose *params, const struct sv_none *in,
                            struct shown *out)
{
    (void)in;
    out->text =
        sv_format(call, "%.*s %lld", SV_STR_ARG(or_none(params->nick)), (long long)params->age);
    return SV_OK;
}

static const sv_operation bodies[] = {
    {"POST", "/sizes", &echo_sizes_handler},
    {"POST", "/several", &take_several_handler},
    {"POST", "/few", &take_few_handler},
    {"POST", "/loose", &send_loose_handler},
    {0},
};

/* Section: streams. */

SV_STREAM(stream_sizes, strict, size);
static sv_status stream_sizes(sv_call *call, const struct strict *in, sv_events *events)
{
    (void)call;
    sv_status status = SV_OK;
    for (int64_t i = 0; i < in->x && !status; i++)
        status = stream_sizes_send(events, &(struct size){i + 1, 1});
    return status;
}

static const sv_operation streams[] = {
    {"POST", "/stream", &stream_sizes_handler},
    {0},
};

/* Section: answers that are no models. */

SV_HANDLER_RAW(raw);
static sv_status raw(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", SV_STR("{\"anything\":[1,2]}"));
}

SV_HANDLER_RAW(plain);
static sv_status plain(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain; charset=utf-8", SV_STR("plain"));
}

SV_HANDLER_RAW(away);
static sv_status away(sv_call *call)
{
    return sv_respond_redirect(call, 307, SV_STR("/raw"));
}

static const sv_operation answers[] = {
    {"GET", "/raw", &raw_handler},
    {"GET", "/text", &plain_handler, .response_media = "text/plain"},
    {"GET", "/away", &away_handler, .status = 307},
    {0},
};

/* The application: the sections in their order. */

static const sv_api_router models_router = {.operations = models};
static const sv_api_router parameters_router = {.operations = parameters};
static const sv_api_router forms_router = {.operations = forms};
static const sv_api_router things_router = {
    .prefix = "/api/v1", .tags = "first,second", .operations = things};
static const sv_api_router secured_router = {.operations = secured};
static const sv_api_router kinds_router = {.operations = kinds};
static const sv_api_router unions_router = {.operations = unions};
static const sv_api_router bodies_router = {.operations = bodies};
static const sv_api_router streams_router = {.operations = streams};
static const sv_api_router answers_router = {.operations = answers};
static const sv_api_router *const routers[] = {
    &models_router,  &parameters_router, &forms_router,  &things_router,
    &secured_router, &kinds_router,      &unions_router, &bodies_router,
    &streams_router, &answers_router,    NULL,
};

int main(int argc, char **argv)
{
    static const sv_app app = {.title = "Twin",
                               .version = "1.0.0",
                               .description = "The same application twice.",
                               .routers = routers};
    return sv_main(argc, argv, &app);
}
