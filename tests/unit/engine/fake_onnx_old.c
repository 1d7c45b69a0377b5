/* fake_onnx_old.c: a library that looks like a release of ONNX Runtime that is too old: it refuses
 * our API version. */
#include <stdint.h>

#include <serval/attr.h>

typedef struct api_base {
    const void *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
} api_base;

static const void *refuse(uint32_t version)
{
    (void)version;
    return 0;
}

static const char *tell_version(void)
{
    return "1.2.3";
}

SV_API const api_base *OrtGetApiBase(void);
const api_base *OrtGetApiBase(void)
{
    static const api_base base = {refuse, tell_version};
    return &base;
}
