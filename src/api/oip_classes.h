/* oip_classes.h: the classification extension: an output as its largest values, each as the text
 * "0.810000:7:cat" (value, index, label). Pure. */
#ifndef SERVAL_API_OIP_CLASSES_H
#define SERVAL_API_OIP_CLASSES_H

#include <serval/schema.h>

#include "base/arena.h"
#include "engine/tensor.h"

typedef struct sv_oip_classes {
    size_t n_classes;      /* at most so many of each row; > 0 */
    bool has_rows;         /* the first dimension is a batch; else the tensor is one row */
    const sv_strs *labels; /* by index; those beyond have none */
} sv_oip_classes;

/* Makes a BYTES tensor of the name of `tensor`, in the arena: the largest values of each row, of
 * equals the first. NaN comes last. SV_INVALID, kind sv_kind_invalid_input: values of this datatype
 * have no order, or more texts than fit a tensor; SV_NO_MEMORY. */
sv_status sv_oip_classes_make(sv_arena *arena, const sv_tensor *tensor,
                              const sv_oip_classes *classes, sv_error *error,
                              sv_tensor *ret_tensor) SV_MUST_USE;

#endif
