/* cmd_version.c: `serval version`: the program, its engines and how it was built. */
#include <stdio.h>
#include <string.h>

#include <serval/version.h>

#include "app/commands.h"
#include "engine/engine_host.h"
#include "engine/engine_table.h"

static void print_engine(sv_engine_host *host, const sv_engine *engine)
{
    sv_engine_about about = {0};
    sv_error error = {0};
    if (sv_engine_host_describe(host, engine, &error, &about))
        printf("%s (%s): not found: %s\n", engine->title, engine->extension, error.message);
    else if (!about.library[0])
        printf("%s (%s): built in\n", engine->title, engine->extension);
    else
        printf("%s %s (%s): %s\n  providers: %s\n", engine->title, about.version, engine->extension,
               about.library, about.providers);
}

int sv_cmd_version(int argc, char *const *argv)
{
    sv_engine_host *host;
    size_t n;
    const sv_engine *const *engines = sv_engine_table(&n);
    if (argc && strcmp(argv[0], "--help") == 0) {
        printf("serval version: version, engines found and where, build\n");
        return 0;
    }
    if (argc) {
        fprintf(stderr, "serval version: unexpected argument '%s'\n", argv[0]);
        return 2;
    }
    printf("serval %s\n", sv_version());
    if (sv_engine_host_new(&(sv_engine_config){0}, &host) == SV_OK) {
        for (size_t i = 0; i < n; i++)
            print_engine(host, engines[i]);
        sv_engine_host_free(host);
    }
    printf("built with %s for %s\n", __VERSION__,
#if defined(__x86_64__)
           "x86_64"
#elif defined(__aarch64__)
           "aarch64"
#else
           "this machine"
#endif
    );
    return 0;
}
