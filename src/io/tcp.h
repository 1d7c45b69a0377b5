/* tcp.h: listening and connected stream sockets in one include, for http. */
#ifndef SERVAL_IO_TCP_H
#define SERVAL_IO_TCP_H

#include "io/listener.h"
#include "io/socket.h"

#endif
