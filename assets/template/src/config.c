#include "config.h"

#include <stdlib.h>

const char *config_model_version(void)
{
    const char *version = getenv("MODEL_VERSION");
    return version && version[0] ? version : "1";
}
