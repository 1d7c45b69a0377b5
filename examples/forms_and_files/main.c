/* forms_and_files: fields of a form beside uploaded files, and an answer that is a file of its own
 * type. Works with multipart/form-data and, without files, with URL-encoded forms.
 *
 *   $ build/examples/forms_and_files
 *   $ curl -s localhost:8000/upload -F title=Digits -F 'files=@examples/pictures/digit-7.png' \
 *     -F 'files=@examples/pictures/digit-8.png'
 *   {"title":"Digits","files":[{"name":"digit-7.png","media_type":"image/png","size":…},
 *   {"name":"digit-8.png","media_type":"image/png","size":…}]}
 *   $ curl -s localhost:8000/upload -d title=Digits | jq -c '.detail[0] | [.loc, .msg]'
 *   [["body","files"],"Field required"]
 *   $ curl -s localhost:8000/shout -F 'text=@-;filename=a.txt' <<< 'hello'
 *   HELLO */
#include <ctype.h>

#include <serval/serval.h>

struct upload {
    sv_str title;
    sv_files files;
};
SV_SCHEMA(upload, SV_FIELD(upload, title, .in = SV_IN_FORM, .min_len = 1, .max_len = 80),
          SV_FIELD(upload, files, .in = SV_IN_FORM, .min_items = 1, .max_items = 10));

struct info {
    sv_str name, media_type;
    int64_t size;
};
struct infos {
    sv_str title;
    SV_LIST(struct info) files;
};
SV_SCHEMA(info, SV_FIELD(info, name), SV_FIELD(info, media_type), SV_FIELD(info, size));
SV_SCHEMA(infos, SV_FIELD(infos, title), SV_FIELD_LIST(infos, files, info));

SV_HANDLER_PARAMS(take, upload, sv_none, infos);
static sv_status take(sv_call *call, const struct upload *params, const struct sv_none *in,
                      struct infos *out)
{
    (void)in;
    out->title = params->title;
    for (size_t i = 0; i < params->files.len; i++) {
        const sv_file *file = &params->files.items[i];
        struct info *info = sv_list_push(call, &out->files);
        if (!info)
            return SV_NO_MEMORY;
        *info = (struct info){file->filename, file->content_type, (int64_t)file->content.len};
    }
    return SV_OK;
}

struct text_form {
    sv_file text;
};
SV_SCHEMA(text_form, SV_FIELD(text_form, text, .in = SV_IN_FORM));

SV_HANDLER_PARAMS(shout, text_form, sv_none, sv_none);
static sv_status shout(sv_call *call, const struct text_form *params, const struct sv_none *in,
                       struct sv_none *out)
{
    (void)in, (void)out;
    sv_bytes content = params->text.content;
    char *loud = sv_alloc(call, content.len);
    if (!loud)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < content.len; i++)
        loud[i] = (char)toupper(content.ptr[i]);
    return sv_respond_bytes(call, "text/plain; charset=utf-8", (sv_str){loud, content.len});
}

static const sv_operation operations[] = {
    {"POST", "/upload", &take_handler, .max_body_bytes = 20 << 20},
    {"POST", "/shout", &shout_handler, .response_media = "text/plain"},
    {0}};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "Uploads", .operations = operations});
}
