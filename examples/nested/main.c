/* nested: bodies of structs in structs and lists of them, values that may be null or absent, checks
 * of one's own, and no members but the known ones.
 *
 *   $ build/examples/nested
 *   $ curl -s localhost:8000/orders -H 'Content-Type: application/json' -d '
 *     {"customer": " Ada ", "lines": [{"sku": "pen", "count": 2}], "note": null}'
 *   {"customer":"Ada","items":2,"city":null}
 *   $ curl -s localhost:8000/orders -H 'Content-Type: application/json' -d '
 *     {"customer": "Ada", "lines": [{"sku": "pen"}], "ship_to": {"city": "Paris", "floor": 1}}'
 *   {"customer":"Ada","items":1,"city":"Paris"}
 *   $ curl -s localhost:8000/orders -H 'Content-Type: application/json' -d '
 *     {"customer": " ", "lines": [{"sku": "Pen", "count": 0}], "coupon": 1}' |
 *     jq -c '.detail[] | [.loc, .msg]'
 *   [["body","customer"],"Value error, a customer has a name"]
 *   [["body","lines",0,"sku"],"String should match pattern '^[a-z]+$'"]
 *   [["body","lines",0,"count"],"Input should be greater than or equal to 1"]
 *   [["body","coupon"],"Extra inputs are not permitted"] */
#include <serval/serval.h>

static sv_status has_name(sv_check *check, sv_str *value)
{
    *value = sv_str_trim(*value);
    return value->len ? SV_OK : sv_reject(check, "a customer has a name");
}

struct line {
    sv_str sku;
    int64_t count;
};
SV_SCHEMA(line, SV_FIELD(line, sku, .pattern = "^[a-z]+$"),
          SV_FIELD(line, count, SV_GE(1), .default_json = "1"));

struct address {
    sv_str city;
    int64_t floor;
};
SV_SCHEMA(address, SV_FIELD(address, city), SV_FIELD(address, floor, .default_json = "0"));

struct order {
    sv_str customer;
    SV_LIST(struct line) lines;
    struct address *ship_to; /* a pointer: may be null */
    sv_opt_str note;
};
SV_SCHEMA_WITH(order, (.extra = SV_EXTRA_FORBID), SV_FIELD(order, customer, .check_str = has_name),
               SV_FIELD_LIST(order, lines, line, .min_items = 1, .max_items = 20),
               SV_FIELD_OBJECT(order, ship_to, address, .default_json = "null"),
               SV_FIELD(order, note, .max_len = 200, .default_json = "null"));

struct receipt {
    sv_str customer;
    int64_t items;
    sv_opt_str city;
};
SV_SCHEMA(receipt, SV_FIELD(receipt, customer), SV_FIELD(receipt, items), SV_FIELD(receipt, city));

SV_HANDLER(take_order, order, receipt);
static sv_status take_order(sv_call *call, const struct order *in, struct receipt *out)
{
    (void)call;
    out->customer = in->customer;
    for (size_t i = 0; i < in->lines.len; i++)
        out->items += in->lines.items[i].count;
    if (in->ship_to)
        out->city = (sv_opt_str){true, in->ship_to->city};
    return SV_OK;
}

static const sv_operation operations[] = {{"POST", "/orders", &take_order_handler, .status = 200},
                                          {0}};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "Orders", .operations = operations});
}
