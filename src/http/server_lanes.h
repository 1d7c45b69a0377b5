/* server_lanes.h: what loopback connections ask of a server. Not for layers above. */
#ifndef SERVAL_HTTP_SERVER_LANES_H
#define SERVAL_HTTP_SERVER_LANES_H

#include "http/lane.h"

/* The server's lane on a loop that the caller steps, made when there is none; NULL when out of
 * memory. Freed with the server, which steps the loop until the lane is empty. */
sv_lane *sv_server_loopback_lane(sv_server *server, sv_loop *loop);

#endif
