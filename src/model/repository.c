/* repository.c: finds models and versions in files and folders. What a model is for: inspect.c and
 * manifest.c. */
#include "model/repository.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const model_files[] = {"model.onnx", "model.gguf"};
static const char manifest_name[] = "model.yaml";
static const char *const model_endings[] = {".onnx", ".gguf"};

/* Files that people have before they export: what to type. */
typedef struct export_hint {
    const char *ending, *line;
} export_hint;
static const export_hint export_hints[] = {
    {".pt", "python -c \"import torch; m = torch.load('%s', weights_only=False).eval(); "
            "torch.onnx.export(m, (torch.zeros(1, 3, 224, 224),), 'model.onnx', dynamo=True)\""},
    {".pth", "python -c \"import torch; m = torch.load('%s', weights_only=False).eval(); "
             "torch.onnx.export(m, (torch.zeros(1, 3, 224, 224),), 'model.onnx', dynamo=True)\""},
    {".h5", "python -m tf2onnx.convert --keras '%s' --output model.onnx"},
    {".pkl", "python -c \"import joblib, skl2onnx; m = joblib.load('%s'); "
             "open('model.onnx', 'wb').write(skl2onnx.to_onnx(m, "
             "initial_types=[('input', skl2onnx.common.data_types.FloatTensorType([None, "
             "m.n_features_in_]))]).SerializeToString())\""},
    {".safetensors", "optimum-cli export onnx --model \"$(dirname '%s')\" onnx/   (or "
                     "convert_hf_to_gguf.py for a language model)"},
};

typedef struct folder_scan {
    sv_arena *arena;
    sv_error *error;
    sv_model_source models[SV_REPOSITORY_MAX_MODELS];
    size_t n_models;
} folder_scan;

static bool is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static const char *join(sv_arena *arena, const char *dir, const char *name)
{
    return sv_arena_printf(arena, "%s/%s", dir, name).ptr;
}

/* DIR/model.onnx or DIR/model.gguf; NULL when neither is there. */
static const char *find_model_file(sv_arena *arena, const char *dir)
{
    for (size_t i = 0; i < sizeof model_files / sizeof *model_files; i++) {
        const char *path = join(arena, dir, model_files[i]);
        if (path && is_file(path))
            return path;
    }
    return NULL;
}

static sv_str version_number(sv_str name)
{
    if (name.len > 1 && name.ptr[0] == 'v')
        name = sv_str_slice(name, 1, name.len);
    return name;
}

bool sv_repository_is_same_version(sv_str a, sv_str b)
{
    uint64_t left, right;
    if (sv_str_eq(a, b))
        return true;
    return sv_str_to_u64(version_number(a), &left) && sv_str_to_u64(version_number(b), &right) &&
           left == right;
}

static int compare_text(sv_str a, sv_str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool sv_repository_is_numbered(sv_str version)
{
    uint64_t number;
    return sv_str_to_u64(version_number(version), &number);
}

int sv_repository_compare_versions(sv_str a, sv_str b)
{
    uint64_t left, right;
    bool left_number = sv_str_to_u64(version_number(a), &left);
    bool right_number = sv_str_to_u64(version_number(b), &right);
    if (left_number && right_number)
        return (left > right) - (left < right);
    if (left_number != right_number)
        return left_number ? -1 : 1;
    return compare_text(a, b);
}

static int order_versions(const void *a, const void *b)
{
    return sv_repository_compare_versions(((const sv_version_source *)a)->name,
                                          ((const sv_version_source *)b)->name);
}

static int order_models(const void *a, const void *b)
{
    return compare_text(((const sv_model_source *)a)->name, ((const sv_model_source *)b)->name);
}

static sv_str last_part(sv_str path)
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    size_t start = path.len;
    while (start > 0 && path.ptr[start - 1] != '/')
        start--;
    return sv_str_slice(path, start, path.len);
}

bool sv_repository_is_relay(const sv_version_source *version)
{
    return sv_str_eq(last_part(sv_str_from(version->file)), sv_str_from(manifest_name));
}

/* The last part of a path as it was given, links and all; "." and ".." are resolved first. */
static sv_str base_name(sv_arena *arena, const char *path)
{
    sv_str name = last_part(sv_str_from(path));
    if (!sv_str_eq(name, SV_STR(".")) && !sv_str_eq(name, SV_STR("..")))
        return sv_arena_copy(arena, name);
    char *real = realpath(path, NULL);
    name = sv_arena_copy(arena, last_part(sv_str_from(real ? real : path)));
    free(real);
    return name;
}

/* Names are told in JSON, in metrics, in the log. */
static sv_status check_name(folder_scan *scan, const char *what, sv_str name)
{
    if (sv_str_is_utf8(name))
        return SV_OK;
    return sv_error_set(scan->error, SV_INVALID, NULL,
                        "the name of a %s is not UTF-8: rename '%.*s'", what, SV_STR_ARG(name));
}

static sv_status add_model(folder_scan *scan, const sv_model_source *model)
{
    sv_status status = check_name(scan, "model", model->name);
    if (status)
        return status;
    for (size_t i = 0; i < scan->n_models; i++)
        if (sv_str_eq(scan->models[i].name, model->name))
            return sv_error_set(scan->error, SV_INVALID, NULL,
                                "two models are named '%.*s' (%s and %s): rename a folder",
                                SV_STR_ARG(model->name), scan->models[i].dir, model->dir);
    if (scan->n_models == SV_REPOSITORY_MAX_MODELS)
        return sv_error_set(scan->error, SV_TOO_LARGE, NULL, "more than %d models",
                            SV_REPOSITORY_MAX_MODELS);
    scan->models[scan->n_models++] = *model;
    return SV_OK;
}

static sv_status add_single(folder_scan *scan, sv_str name, const char *dir, const char *file)
{
    sv_version_source *version = sv_arena_alloc(scan->arena, sizeof *version);
    if (!version || !name.ptr || !dir)
        return SV_NO_MEMORY;
    *version = (sv_version_source){SV_STR("1"), file, dir};
    sv_model_source model = {.name = name, .dir = dir, .versions = version, .n_versions = 1};
    return add_model(scan, &model);
}

static bool has_ending(sv_str name, const char *ending)
{
    return sv_str_ends_with(name, sv_str_from(ending));
}

static sv_status refuse_file(folder_scan *scan, const char *path)
{
    sv_str name = sv_str_from(path);
    for (size_t i = 0; i < sizeof export_hints / sizeof *export_hints; i++) {
        if (!has_ending(name, export_hints[i].ending))
            continue;
        const char *mark = strstr(export_hints[i].line, "%s");
        return sv_error_set(scan->error, SV_UNSUPPORTED, NULL,
                            "%s files cannot be served; export the model first: %.*s%s%s",
                            export_hints[i].ending, (int)(mark - export_hints[i].line),
                            export_hints[i].line, path, mark + 2);
    }
    return sv_error_set(scan->error, SV_UNSUPPORTED, NULL,
                        "not a model file: .onnx and .gguf files can be served");
}

static sv_status add_file(folder_scan *scan, const char *path)
{
    sv_str name = base_name(scan->arena, path);
    for (size_t i = 0; i < sizeof model_endings / sizeof *model_endings; i++) {
        size_t ending = strlen(model_endings[i]);
        if (!has_ending(name, model_endings[i]) || name.len <= ending)
            continue;
        const char *slash = strrchr(path, '/');
        sv_str dir = slash ? (sv_str){path, (size_t)(slash - path)} : SV_STR(".");
        return add_single(scan, sv_str_slice(name, 0, name.len - ending),
                          sv_arena_copy(scan->arena, dir).ptr,
                          sv_arena_copy(scan->arena, sv_str_from(path)).ptr);
    }
    return refuse_file(scan, path);
}

/* Calls `each` for every subfolder, hidden ones left out. */
static sv_status walk_subfolders(folder_scan *scan, const char *dir, void *arg,
                                 sv_status (*each)(struct folder_scan *scan, void *arg,
                                                   const char *dir, const char *name))
{
    DIR *folder = opendir(dir);
    if (!folder)
        return sv_error_set(scan->error, SV_IO, NULL, "cannot read the folder: %s",
                            strerror(errno));
    sv_status status = SV_OK;
    struct dirent *entry;
    while (!status && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        const char *path = join(scan->arena, dir, entry->d_name);
        if (!path)
            status = SV_NO_MEMORY;
        else if (is_dir(path))
            status = each(scan, arg, path, entry->d_name);
    }
    closedir(folder);
    return status;
}

static sv_status add_version(folder_scan *scan, void *arg, const char *dir, const char *name)
{
    sv_model_source *model = arg;
    const char *file = find_model_file(scan->arena, dir);
    if (!file)
        return SV_OK;
    if (model->n_versions == SV_REPOSITORY_MAX_VERSIONS)
        return sv_error_set(scan->error, SV_TOO_LARGE, NULL, "more than %d versions",
                            SV_REPOSITORY_MAX_VERSIONS);
    sv_str copy = sv_arena_copy(scan->arena, sv_str_from(name));
    if (!copy.ptr)
        return SV_NO_MEMORY;
    sv_status status = check_name(scan, "version", copy);
    if (status)
        return status;
    for (size_t i = 0; i < model->n_versions; i++)
        if (sv_repository_is_same_version(model->versions[i].name, copy))
            return sv_error_set(scan->error, SV_INVALID, NULL,
                                "versions '%.*s' and '%s' are the same version",
                                SV_STR_ARG(model->versions[i].name), name);
    model->versions[model->n_versions++] = (sv_version_source){copy, file, dir};
    return SV_OK;
}

/* Fills `model` when the folder is one; n_versions stays 0 otherwise. */
static sv_status read_model(folder_scan *scan, const char *dir, sv_model_source *model)
{
    *model = (sv_model_source){.name = base_name(scan->arena, dir),
                               .dir = sv_arena_copy(scan->arena, sv_str_from(dir)).ptr};
    model->versions =
        sv_arena_alloc_array(scan->arena, SV_REPOSITORY_MAX_VERSIONS, sizeof *model->versions);
    if (!model->versions || !model->dir || !model->name.ptr)
        return SV_NO_MEMORY;
    sv_status status = walk_subfolders(scan, dir, model, add_version);
    const char *own = find_model_file(scan->arena, dir);
    const char *manifest = join(scan->arena, dir, manifest_name);
    model->manifest = manifest && is_file(manifest) ? manifest : NULL;
    if (!own)
        own = model->manifest;
    if (!status && !model->n_versions && own)
        model->versions[model->n_versions++] = (sv_version_source){SV_STR("1"), own, model->dir};
    qsort(model->versions, model->n_versions, sizeof *model->versions, order_versions);
    return status;
}

static sv_status add_folder(folder_scan *scan, void *arg, const char *dir, const char *name)
{
    (void)arg;
    (void)name;
    sv_model_source model;
    sv_status status = read_model(scan, dir, &model);
    if (status || !model.n_versions)
        return status;
    return add_model(scan, &model);
}

static sv_status add_path(folder_scan *scan, const char *path)
{
    if (access(path, F_OK) != 0)
        return sv_error_set(scan->error, SV_NOT_FOUND, NULL, "%s", strerror(errno));
    if (!is_dir(path))
        return add_file(scan, path);
    size_t before = scan->n_models;
    sv_status status = add_folder(scan, NULL, path, NULL);
    if (!status && scan->n_models == before)
        status = walk_subfolders(scan, path, NULL, add_folder);
    if (!status && scan->n_models == before)
        return sv_error_set(scan->error, SV_INVALID, NULL,
                            "no model here: expected model.onnx, VERSION/model.onnx or "
                            "NAME/VERSION/model.onnx (or .gguf)");
    return status;
}

sv_status sv_repository_scan(sv_arena *arena, const char *const *paths, size_t n_paths,
                             sv_error *error, sv_repository *ret_repository)
{
    folder_scan *scan = sv_arena_alloc(arena, sizeof *scan);
    if (!scan)
        return SV_NO_MEMORY;
    scan->arena = arena;
    scan->error = error;
    for (size_t i = 0; i < n_paths; i++) {
        sv_status status = add_path(scan, paths[i]);
        if (status) {
            sv_error_set_path(error, "%s", paths[i]);
            return status;
        }
    }
    qsort(scan->models, scan->n_models, sizeof *scan->models, order_models);
    *ret_repository = (sv_repository){scan->models, scan->n_models};
    return SV_OK;
}

const char *sv_repository_find_file(sv_arena *arena, const sv_model_source *model,
                                    const sv_version_source *version, const char *name)
{
    const char *parent = join(arena, model->dir, "..");
    const char *const dirs[] = {version->dir, model->dir, parent};
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        const char *path = dirs[i] ? join(arena, dirs[i], name) : NULL;
        if (path && is_file(path))
            return path;
    }
    return NULL;
}
