/* parameters: values from the path, the query, headers and cookies, as one struct: with limits,
 * lists, an enum and defaults. All mistakes of a request are listed in one answer.
 *
 *   $ build/examples/parameters
 *   $ curl -s 'localhost:8000/items/7?tag=new&tag=red' -H 'X-Token: secret' -b theme=dark
 *   {"item_id":7,"order":"price","limit":10,"tags":["new","red"],"token":"secret","theme":"dark"}
 *   $ curl -s 'localhost:8000/items/7?sort_by=name&limit=3'
 *   {"item_id":7,"order":"name","limit":3,"tags":[],"token":null,"theme":"light"}
 *   $ curl -s 'localhost:8000/items/0?sort_by=size&limit=few' | jq -c '.detail[] | [.loc, .msg]'
 *   [["path","item_id"],"Input should be greater than or equal to 1"]
 *   [["query","sort_by"],"Input should be 'name' or 'price'"]
 *   [["query","limit"],"Input should be a valid integer, unable to parse string as an integer"] */
#include <serval/serval.h>

enum order { ORDER_NAME, ORDER_PRICE };
SV_ENUM(order, {"name", ORDER_NAME}, {"price", ORDER_PRICE});

struct item_params {
    int64_t item_id;
    enum order order;
    int64_t limit;
    sv_strs tags;
    sv_opt_str x_token;
    sv_str theme;
};
SV_SCHEMA(item_params, SV_FIELD(item_params, item_id, SV_GE(1)),
          SV_FIELD_ENUM(item_params, order, order, .in = SV_IN_QUERY, .alias = "sort_by",
                        .default_json = "\"price\""),
          SV_FIELD(item_params, limit, SV_GE(1), SV_LE(100), .default_json = "10"),
          SV_FIELD(item_params, tags, .alias = "tag", .max_items = 5, .default_json = "[]"),
          SV_FIELD(item_params, x_token, .in = SV_IN_HEADER, .default_json = "null"),
          SV_FIELD(item_params, theme, .in = SV_IN_COOKIE, .default_json = "\"light\""));

struct item_view {
    int64_t item_id;
    enum order order;
    int64_t limit;
    sv_strs tags;
    sv_opt_str token;
    sv_str theme;
};
SV_SCHEMA(item_view, SV_FIELD(item_view, item_id), SV_FIELD_ENUM(item_view, order, order),
          SV_FIELD(item_view, limit), SV_FIELD(item_view, tags), SV_FIELD(item_view, token),
          SV_FIELD(item_view, theme));

SV_HANDLER_PARAMS(read_item, item_params, sv_none, item_view);
static sv_status read_item(sv_call *call, const struct item_params *params,
                           const struct sv_none *in, struct item_view *out)
{
    (void)call, (void)in;
    *out = (struct item_view){params->item_id, params->order,   params->limit,
                              params->tags,    params->x_token, params->theme};
    return SV_OK;
}

static const sv_operation operations[] = {
    {"GET", "/items/{item_id}", &read_item_handler, .run_inline = true}, {0}};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "Parameters", .operations = operations});
}
