/* folder.c: answers the files of a mounted folder. Which file, and what of it: http/file_answer.c.
 */
#include "web/folder.h"

#include <sys/stat.h>

#include "web/application.h"
#include "web/call.h"

SV_HANDLER_RAW(static_file);
static sv_status static_file(sv_call *call)
{
    return sv_respond_file_below(call, call->operation->folder, call->request.path_params[0]);
}

SV_HANDLER_RAW(static_index);
static sv_status static_index(sv_call *call)
{
    return sv_respond_file_below(call, call->operation->folder, SV_STR(""));
}

const sv_operation *sv_folder_operations(void)
{
    static const sv_operation operations[] = {
        {"GET", "", &static_index_handler, .hidden = true},
        {"GET", "/{path:path}", &static_file_handler, .hidden = true},
        {0}};
    return operations;
}

bool sv_folder_exists(const char *path)
{
    struct stat is;
    return stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}
