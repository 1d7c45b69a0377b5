/* twin_kinds.c: the twin's sections of kinds, unions, bodies. */
#include "twin.h"

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
const sv_api_router kinds_router = {.operations = kinds};

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
const sv_api_router unions_router = {.operations = unions};

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
const sv_api_router bodies_router = {.operations = bodies};
