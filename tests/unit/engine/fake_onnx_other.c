/* fake_onnx_other.c: a library of the right name that is something else. */
#include <serval/attr.h>

SV_API int serval_fake_nothing(void);
int serval_fake_nothing(void)
{
    return 0;
}
