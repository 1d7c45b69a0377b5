/* serval.h: everything a program that embeds Serval needs. */
#ifndef SERVAL_SERVAL_H
#define SERVAL_SERVAL_H

#include <serval/app.h>
#include <serval/attr.h>
#include <serval/call.h>
#include <serval/cookie.h>
#include <serval/dependency.h>
#include <serval/middleware.h>
#include <serval/model.h>
#include <serval/operation.h>
#include <serval/schema.h>
#include <serval/settings.h>
#include <serval/status.h>
#include <serval/str.h>
#include <serval/stream.h>
#include <serval/task.h>
#include <serval/test.h>
#include <serval/types.h>
#include <serval/version.h>

#endif
