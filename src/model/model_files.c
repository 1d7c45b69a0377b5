/* model_files.c: reads what the disk says about a model, and notices when it says something else.
 */
#include "model/model_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/manifest_check.h"
#include "model/manifest_relay.h"

enum { MAX_STAMPED = 1000 }; /* files of one folder that are looked at */

/* A step of FNV-1a, of a byte or a whole number: no two numbers give the same. */
static uint64_t mix(uint64_t hash, uint64_t number)
{
    return (hash ^ number) * UINT64_C(0x100000001b3);
}

/* 0: not a regular file. */
static uint64_t stamp_file(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *path; path++)
        hash = mix(hash, (unsigned char)*path);
    hash = mix(hash, (uint64_t)info.st_ino);
    hash = mix(hash, (uint64_t)info.st_size);
    hash = mix(hash, (uint64_t)info.st_mtim.tv_sec);
    return mix(hash, (uint64_t)info.st_mtim.tv_nsec);
}

static sv_status copy_version(sv_arena *arena, const sv_version_source *from, sv_version_source *to)
{
    to->name = sv_arena_copy(arena, from->name);
    to->file = sv_arena_copy(arena, sv_str_from(from->file)).ptr;
    to->dir = sv_arena_copy(arena, sv_str_from(from->dir)).ptr;
    return to->name.ptr && to->file && to->dir ? SV_OK : SV_NO_MEMORY;
}

static sv_status copy_source(sv_arena *arena, const sv_model_source *from, sv_model_source *to)
{
    to->name = sv_arena_copy(arena, from->name);
    to->dir = sv_arena_copy(arena, sv_str_from(from->dir)).ptr;
    to->manifest = from->manifest ? sv_arena_copy(arena, sv_str_from(from->manifest)).ptr : NULL;
    to->versions = sv_arena_alloc_array(arena, from->n_versions, sizeof *to->versions);
    to->n_versions = from->n_versions;
    sv_status status = to->name.ptr && to->dir && to->versions && !to->manifest == !from->manifest
                           ? SV_OK
                           : SV_NO_MEMORY;
    for (size_t i = 0; i < from->n_versions && !status; i++)
        status = copy_version(arena, &from->versions[i], &to->versions[i]);
    return status;
}

/* The highest number, else the last by name: numbers come first. */
static size_t find_latest(const sv_model_source *source)
{
    size_t latest = source->n_versions - 1;
    for (size_t i = 0; i < source->n_versions; i++)
        if (sv_repository_is_numbered(source->versions[i].name))
            latest = i;
    return latest;
}

bool sv_model_files_serves(const struct manifest *manifest, const sv_model_source *source,
                           size_t index)
{
    const struct manifest_versions *versions = manifest->versions;
    if (!versions || versions->serve.which == SV_MANIFEST_SERVE_ALL)
        return true;
    if (versions->serve.which == SV_MANIFEST_SERVE_LATEST)
        return index == find_latest(source);
    for (size_t i = 0; i < versions->serve.names.len; i++)
        if (sv_repository_is_same_version(versions->serve.names.items[i],
                                          source->versions[index].name))
            return true;
    return false;
}

static sv_status check_versions(sv_model_files *files, sv_buf *problems)
{
    const sv_model_source *source = &files->source;
    sv_str *names = sv_arena_alloc_array(files->arena, source->n_versions, sizeof *names);
    if (!names)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < source->n_versions; i++)
        names[i] = source->versions[i].name;
    return sv_manifest_check_versions(files->manifest, names, source->n_versions, source->manifest,
                                      problems);
}

static sv_status keep_served(sv_model_files *files, const sv_model_source *all, sv_buf *problems)
{
    sv_model_source *source = &files->source;
    size_t n = 0;
    for (size_t i = 0; i < all->n_versions; i++)
        if (sv_model_files_serves(files->manifest, all, i))
            source->versions[n++] = source->versions[i];
    source->n_versions = n;
    if (n)
        return SV_OK;
    sv_buf_printf(problems, "%s: versions.serve: none of these versions is there\n",
                  source->manifest ? source->manifest : "--set");
    return SV_INVALID;
}

sv_status sv_model_files_read(const sv_model_source *source, const sv_strs *sets, sv_buf *problems,
                              sv_model_files **ret_files)
{
    sv_model_files *files = calloc(1, sizeof *files);
    if (!files)
        return SV_NO_MEMORY;
    atomic_init(&files->holders, 1);
    /* Before it is read: what is written meanwhile is new then. */
    files->manifest_stamp = source->manifest ? stamp_file(source->manifest) : 0;
    files->arena = sv_arena_new(0);
    sv_status status =
        files->arena ? copy_source(files->arena, source, &files->source) : SV_NO_MEMORY;
    if (!status) {
        sv_manifest_source from = {
            .path = files->source.manifest, .name = files->source.name, .sets = sets};
        status = sv_manifest_read(files->arena, &from, problems, &files->manifest);
    }
    if (!status)
        status = sv_manifest_relay_check(files->manifest, &files->source, problems);
    if (!status)
        status = check_versions(files, problems);
    if (!status)
        status = keep_served(files, source, problems);
    if (status) {
        sv_model_files_release(files);
        return status;
    }
    *ret_files = files;
    return SV_OK;
}

sv_model_files *sv_model_files_hold(sv_model_files *files)
{
    atomic_fetch_add(&files->holders, 1);
    return files;
}

void sv_model_files_release(sv_model_files *files)
{
    if (!files || atomic_fetch_sub(&files->holders, 1) != 1)
        return;
    sv_arena_free(files->arena);
    free(files);
}

const sv_version_source *sv_model_files_find(const sv_model_files *files, sv_str version)
{
    for (size_t i = 0; i < files->source.n_versions; i++)
        if (sv_repository_is_same_version(files->source.versions[i].name, version))
            return &files->source.versions[i];
    return NULL;
}

/* A sum, since folders are not read in any order. */
static uint64_t stamp_folder(const char *dir)
{
    DIR *folder = opendir(dir);
    struct dirent *entry;
    uint64_t sum = 0;
    char path[4096];
    for (size_t n = 0; folder && n < MAX_STAMPED && (entry = readdir(folder)); n++)
        if (entry->d_name[0] != '.' &&
            (size_t)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) < sizeof path)
            sum += stamp_file(path);
    if (folder)
        closedir(folder);
    return sum;
}

/* A folder with model.onnx in it belongs to its model; other files may lie beside anything. */
static bool has_own_folder(const sv_version_source *version)
{
    const char *name = strrchr(version->file, '/');
    return name && strncmp(name, "/model.", sizeof "/model." - 1) == 0;
}

bool sv_model_files_has_new_manifest(const sv_model_files *files, const sv_model_source *source)
{
    return (source->manifest ? stamp_file(source->manifest) : 0) != files->manifest_stamp;
}

uint64_t sv_model_files_stamp(const sv_model_source *source, const sv_version_source *version)
{
    uint64_t file = stamp_file(version->file);
    if (!file)
        return 0;
    uint64_t sum = has_own_folder(version) ? stamp_folder(version->dir) : file;
    if (source->manifest)
        sum += stamp_file(source->manifest);
    if (has_own_folder(version) && strcmp(source->dir, version->dir) != 0)
        sum += stamp_folder(source->dir); /* labels and tokenizers of all versions */
    return sum ? sum : 1;
}
