/* mime.c: the media types that matter on the web, from the IANA registry. */
#include "http/mime.h"

typedef struct mime_row {
    sv_str extension, type;
} mime_row;

#define ROW(extension, type) {SV_STR_INIT(extension), SV_STR_INIT(type)}
#define TEXT(extension, type) ROW(extension, type "; charset=utf-8")

/* The common ones first. */
static const mime_row table[] = {
    TEXT("html", "text/html"),
    TEXT("css", "text/css"),
    TEXT("js", "text/javascript"),
    ROW("json", "application/json"),
    ROW("png", "image/png"),
    ROW("jpg", "image/jpeg"),
    ROW("jpeg", "image/jpeg"),
    ROW("svg", "image/svg+xml"),
    ROW("webp", "image/webp"),
    ROW("ico", "image/vnd.microsoft.icon"),
    ROW("woff2", "font/woff2"),
    TEXT("txt", "text/plain"),
    TEXT("mjs", "text/javascript"),
    TEXT("htm", "text/html"),
    ROW("map", "application/json"),
    ROW("webmanifest", "application/manifest+json"),
    ROW("wasm", "application/wasm"),
    ROW("xml", "application/xml"),
    ROW("xhtml", "application/xhtml+xml"),
    TEXT("md", "text/markdown"),
    TEXT("csv", "text/csv"),
    TEXT("tsv", "text/tab-separated-values"),
    TEXT("log", "text/plain"),
    TEXT("ics", "text/calendar"),
    TEXT("vtt", "text/vtt"),
    ROW("gif", "image/gif"),
    ROW("apng", "image/apng"),
    ROW("avif", "image/avif"),
    ROW("bmp", "image/bmp"),
    ROW("tif", "image/tiff"),
    ROW("tiff", "image/tiff"),
    ROW("heic", "image/heic"),
    ROW("jxl", "image/jxl"),
    ROW("woff", "font/woff"),
    ROW("ttf", "font/ttf"),
    ROW("otf", "font/otf"),
    ROW("mp3", "audio/mpeg"),
    ROW("m4a", "audio/mp4"),
    ROW("aac", "audio/aac"),
    ROW("ogg", "audio/ogg"),
    ROW("oga", "audio/ogg"),
    ROW("opus", "audio/ogg"),
    ROW("wav", "audio/wav"),
    ROW("flac", "audio/flac"),
    ROW("weba", "audio/webm"),
    ROW("mp4", "video/mp4"),
    ROW("m4v", "video/mp4"),
    ROW("webm", "video/webm"),
    ROW("ogv", "video/ogg"),
    ROW("mov", "video/quicktime"),
    ROW("mpeg", "video/mpeg"),
    ROW("pdf", "application/pdf"),
    ROW("zip", "application/zip"),
    ROW("gz", "application/gzip"),
    ROW("tar", "application/x-tar"),
    ROW("bz2", "application/x-bzip2"),
    ROW("xz", "application/x-xz"),
    ROW("zst", "application/zstd"),
    ROW("7z", "application/x-7z-compressed"),
    ROW("jsonl", "application/jsonl"),
    ROW("geojson", "application/geo+json"),
    ROW("jsonld", "application/ld+json"),
    ROW("yaml", "application/yaml"),
    ROW("yml", "application/yaml"),
    ROW("toml", "application/toml"),
    ROW("atom", "application/atom+xml"),
    ROW("rss", "application/rss+xml"),
    ROW("rtf", "application/rtf"),
    ROW("epub", "application/epub+zip"),
};

sv_str sv_mime_of(sv_str filename)
{
    size_t start = filename.len;
    while (start > 0 && filename.ptr[start - 1] != '.' && filename.ptr[start - 1] != '/')
        start--;
    bool has_dot = start > 1 && filename.ptr[start - 1] == '.' && filename.ptr[start - 2] != '/';
    sv_str extension = sv_str_slice(filename, start, filename.len);
    for (size_t i = 0; has_dot && i < sizeof table / sizeof *table; i++)
        if (sv_str_eq_nocase(extension, table[i].extension))
            return table[i].type;
    return SV_STR("application/octet-stream");
}
