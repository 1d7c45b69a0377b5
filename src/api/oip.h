/* oip.h: the Open Inference Protocol (KServe v2, as Triton speaks it) below /v2. */
#ifndef SERVAL_API_OIP_H
#define SERVAL_API_OIP_H

#include <serval/operation.h>

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_oip_operations(void);

#endif
