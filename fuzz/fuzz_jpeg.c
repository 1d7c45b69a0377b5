/* fuzz_jpeg.c: hostile pictures, starting from good ones of this format. */
#include "pictures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return sv_fuzz_pictures(data, size);
}
