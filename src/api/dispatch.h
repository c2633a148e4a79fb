/* SPDX-License-Identifier: MIT
 *
 * dispatch.h - from a request to the one function that answers it.
 *
 * In this order: Host and Origin (auth_check), the path (404), the method (405, OPTIONS), the scope
 * (401, 403), the handler. What is not in the table of routes is nowhere.
 *
 * Threads: loop thread only. Owns: nothing.
 */
#ifndef LM_API_DISPATCH_H
#define LM_API_DISPATCH_H

#include "api/api.h"
#include "api/params.h"

typedef void route_fn(struct http_req *req, struct api *api);

/* What routes answer with (answers.def). */
enum answer {
#define ANSWER(name, content_type, schema) ANSWER_##name,
#include "api/answers.def"
#undef ANSWER
    ANSWER_COUNT
};

struct route {
    enum http_method method;
    const char *path;
    route_fn *handler;
    enum scope scope;
    const char *sentence;
    bool streams;              /* the handler takes the body in pieces */
    bool filtered;             /* the handler keeps to what req->grant may see */
    const char *const *params; /* names of query parameters, ends with NULL; NULL: any */
    enum answer answer;
};

/* In the column of the scope: a token that is limited to labels may call this route, because the
 * handler keeps to what req->grant may see or send. Routes that take FILTERS are so by themselves,
 * because params_filter() adds the limit; any other route is closed to such a token. */
enum { FILTERED = 0x10, SCOPE_BITS = 0x0f };

/* Every handler that the table names. */
#define ROUTE(method, path, handler, scope, answer, params, sentence) route_fn handler;
#include "api/routes.def"
#undef ROUTE

/* The table of routes.def. */
extern const struct route api_routes[];
extern const size_t api_route_count;

/* An http_dispatch_fn: answers req by the table. ctx is the struct api. */
void api_dispatch(struct http_req *req, void *ctx);

/* An http_streams_fn: does the route of this request take its body in pieces? */
bool api_streams(const struct http_req *req, void *ctx);

/* The same with any table. */
void route_dispatch(struct http_req *req, struct api *api, const struct route *routes, size_t n);
bool route_streams(const struct http_req *req, const struct api *api, const struct route *routes,
                   size_t n);

/* What stands for {name} in the path of this request; p NULL when its route has no such part. */
struct str api_param(const struct http_req *req, const char *name);

/* The parameters of the route of this request, for params_filter(). */
const char *const *api_params(const struct http_req *req);

#endif
