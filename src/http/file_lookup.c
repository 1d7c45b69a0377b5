/* file_lookup.c: from a path to an open file.
 *
 * DESIGN. What a client chose is walked segment by segment, each opened in the folder that the last
 * step opened, without following links: no text is ever resolved by the system as a whole, so
 * nothing can lead out, not even when folders are moved meanwhile. */
#include "http/file_lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/mime.h"

/* O_NONBLOCK: a pipe must not wait for its other end. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK };

static const char index_name[] = "index.html";

/* What a failed open means. Those who may not read a file need not know that it is there. */
static sv_status explain_open(int code, sv_error *error)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EMLINK: /* ELOOP of other systems */
    case ENAMETOOLONG:
    case ENXIO: /* a socket */
    case EACCES:
        return SV_NOT_FOUND;
    default:
        return sv_error_set(error, SV_IO, NULL, "cannot open the file: %s", strerror(code));
    }
}

/* The file behind `fd` if it is a regular one; else `fd` is closed. */
static sv_status describe_file(int fd, sv_str name, sv_found_file *ret_file)
{
    struct stat is;
    if (fstat(fd, &is) == 0 && S_ISREG(is.st_mode)) {
        *ret_file = (sv_found_file){
            .fd = fd,
            .size_bytes = (uint64_t)is.st_size,
            .modified_ns = is.st_mtim.tv_sec * SV_NS_PER_S + is.st_mtim.tv_nsec,
            .media_type = sv_mime_of(name),
        };
        return SV_OK;
    }
    close(fd);
    return SV_NOT_FOUND;
}

sv_status sv_file_lookup(const char *path, sv_error *error, sv_found_file *ret_file)
{
    int fd = open(path, OPEN_FLAGS);
    if (fd < 0)
        return explain_open(errno, error);
    return describe_file(fd, sv_str_from(path), ret_file);
}

static bool is_folder(int fd)
{
    struct stat is;
    return fstat(fd, &is) == 0 && S_ISDIR(is.st_mode);
}

/* Opens `name` in the folder `*fd`, which is closed, and puts the new one in its place. */
static sv_status step_into(int *fd, sv_str name, sv_error *error)
{
    char text[NAME_MAX + 1];
    bool is_name = name.len > 0 && name.len <= NAME_MAX && name.ptr[0] != '.' &&
                   sv_str_find(name, '\0') == name.len;
    if (!is_name) {
        close(*fd);
        return SV_NOT_FOUND;
    }
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    int next = openat(*fd, text, OPEN_FLAGS | O_NOFOLLOW);
    int code = errno;
    close(*fd);
    if (next < 0)
        return explain_open(code, error);
    *fd = next;
    return SV_OK;
}

sv_status sv_file_lookup_below(const char *folder, sv_str path, sv_error *error,
                               sv_found_file *ret_file)
{
    sv_str segment = {0};
    int fd = open(folder, OPEN_FLAGS | O_DIRECTORY);
    if (fd < 0)
        return explain_open(errno, error);
    while (path.len && sv_str_split(&path, '/', &segment)) {
        sv_status status = step_into(&fd, segment, error);
        if (status)
            return status;
    }
    bool ends_in_slash = path.ptr != NULL; /* something was cut off, and nothing left */
    if (is_folder(fd)) {
        segment = sv_str_from(index_name);
        sv_status status = step_into(&fd, segment, error);
        if (status)
            return status;
    } else if (ends_in_slash) {
        close(fd);
        return SV_NOT_FOUND;
    }
    return describe_file(fd, segment, ret_file);
}
