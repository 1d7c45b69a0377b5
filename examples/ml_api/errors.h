/* errors.h: the errors of the application (the guide's MLException and its heirs). A handler says
 * `return sv_fail(call, &invalid_input_error, "...")`; the server writes the answer. */
#ifndef ERRORS_H
#define ERRORS_H

#include <serval/serval.h>

extern const sv_error_kind invalid_input_error;     /* 400 */
extern const sv_error_kind version_not_found_error; /* 404 */
extern const sv_error_kind job_not_found_error;     /* 404 */
extern const sv_error_kind llm_failed_error;        /* 502 */
extern const sv_error_kind model_not_loaded_error;  /* 503 */
extern const sv_error_kind too_many_jobs_error;     /* 503 */

#endif
