/* config.h: the settings of the application (the guide's `Settings(BaseSettings)`): from flags, the
 * environment, `.env` and serval.yaml. Those of the server itself (port, log, limits) need no row
 * here; `--help` lists all. */
#ifndef CONFIG_H
#define CONFIG_H

#include <serval/serval.h>

#define CONFIG_VERSION "1.0.0"

/* Where the models are unless told otherwise; the build knows. */
#ifndef CONFIG_MODELS
#define CONFIG_MODELS "models"
#endif

struct config {
    sv_str model_path;
    int64_t workers, llm_fails_after;
};
SV_SCHEMA(config,
          SV_FIELD(config, model_path, .default_json = "\"" CONFIG_MODELS "\"",
                   .help = "Folder of the models: digits, embedder and chat"),
          SV_FIELD(config, workers, SV_GE(0), SV_LE(1024), .default_json = "0",
                   .help = "How many predictions are computed at once; 0: the CPUs we may use"),
          SV_FIELD(config, llm_fails_after, SV_GE(-1), .default_json = "-1",
                   .help = "To try it out: the language model fails after so many bytes of text"));
SV_SETTINGS(config);

#endif
