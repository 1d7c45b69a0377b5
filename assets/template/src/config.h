/* config.h: what is decided once for the whole application. The server's own settings (port, log,
 * limits) come from flags, the environment and `.env`; `--help` lists them. */
#ifndef CONFIG_H
#define CONFIG_H

#define CONFIG_VERSION "1.0.0"

enum { CONFIG_MAX_TEXT = 5000, CONFIG_MAX_TOP_K = 3 };

/* MODEL_VERSION of the environment, or "1". */
const char *config_model_version(void);

#endif
