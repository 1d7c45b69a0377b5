/* folder.h: a mounted folder of files. */
#ifndef SERVAL_WEB_FOLDER_H
#define SERVAL_WEB_FOLDER_H

#include <serval/operation.h>

/* The rows that answer everything below a mount's prefix; end with {0}. Static. */
const sv_operation *sv_folder_operations(void);
/* Whether `path` is a folder now. */
bool sv_folder_exists(const char *path);

#endif
