/* Messages without the place in the source that they came from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/onnx_message.h"

static const struct {
    const char *text, *before, *after;
} cases[] = {
    {"", "", ""},
    {"It failed. \n", "It failed.", ""},
    {"Load model from /m/1/model.onnx failed:Protobuf parsing failed.",
     "Load model from /m/1/model.onnx failed:Protobuf parsing failed.", ""},
    {"Load failed:/src/core/model.cc:177 a::Model::Model(a::Proto&&, const a::B<c, d>&) No "
     "graph.\n",
     "Load failed:", "No graph."},
    {"Status Message: /src/x/reshape_helper.h:47 R::R(const S&, bool) size was false. {6} (2)",
     "Status Message:", "size was false. {6} (2)"},
    {"/src/a.cc:1 void f(std::function<void(int)>) const It is so.", "", "It is so."},
    {"/src/a.cc:1 void f(int) [with T = int[3]] It is so.", "", "It is so."},
    {"/src/a.cc:1 auto a::operator()(int) It is so.", "", "It is so."},
    {"/src/a.cc:12 no function at all", "", "no function at all"},
    {"/src/a.cc:12 never(closed", "", "never(closed"},
    {"/src/a.cc:1 f(int) [with never closed", "", "[with never closed"},
    {"/src/a.cc:12", "/src/a.cc:12", ""},
    {"/src/a.cc:x y(z) w", "/src/a.cc:x y(z) w", ""},
    {"no /file.c:1 f(x) y", "no /file.c:1 f(x) y", ""},
    {"/.cc:1 f()", "", ""},
    {".cc:1 f() x", ".cc:1 f() x", ""},
};

static void assert_part(sv_str part, const char *wanted)
{
    if (!sv_str_eq(part, sv_str_from(wanted)))
        fail_msg("\"%.*s\", not \"%s\"", SV_STR_ARG(part), wanted);
}

static void leaves_out_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_onnx_message got = sv_onnx_message_split(cases[i].text);
        assert_part(got.before, cases[i].before);
        assert_part(got.after, cases[i].after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(leaves_out_the_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
