/* SPDX-License-Identifier: MIT
 *
 * routes.c - the table of routes.def as data.
 */
#include "api/dispatch.h"

#define PARAMS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FILTERS     PARAMS_FILTERS
#define ANY         PARAMS_ANY
#define NONE        NULL
#define ROUTE(method, path, handler, scope, answer, params, sentence)                              \
    {HTTP_##method##_M,       path,   handler,        (scope)&SCOPE_BITS, sentence, false,         \
     ((scope)&FILTERED) != 0, params, ANSWER_##answer},
#define ROUTE_STREAM(method, path, handler, scope, answer, params, sentence)                       \
    {HTTP_##method##_M,       path,   handler,        (scope)&SCOPE_BITS, sentence, true,          \
     ((scope)&FILTERED) != 0, params, ANSWER_##answer},
const struct route api_routes[] = {
#include "api/routes.def"
};
#undef ROUTE

const size_t api_route_count = sizeof api_routes / sizeof *api_routes;

bool api_streams(const struct http_req *req, void *ctx)
{
    return route_streams(req, ctx, api_routes, api_route_count);
}

void api_dispatch(struct http_req *req, void *ctx)
{
    route_dispatch(req, ctx, api_routes, api_route_count);
}
