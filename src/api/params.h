/* SPDX-License-Identifier: MIT
 *
 * params.h - query parameters, read strictly.
 *
 * An unknown parameter is an error with the nearest known name: a misspelt filter that is silently
 * ignored would show everything to somebody who asked for one job. So is one that is given twice.
 *
 * Threads: loop thread. Owns: nothing; what is read points into the request.
 */
#ifndef LM_API_PARAMS_H
#define LM_API_PARAMS_H

#include "net/http.h"
#include "record/filter.h"

/* What may stand first among the parameters of a route. */
#define PARAMS_FILTERS "*filters" /* and those that choose records */
#define PARAMS_ANY     "*any"

/* Makes a filter (heap) of the request's parameters and of what limits its caller. Names in `own`
 * (ends with NULL) belong to the route and are left to it. NULL: the request has been answered with
 * 400. */
struct filter *params_filter(struct http_req *req, const char *const *own) LM_MUST_CHECK;
/* For routes that choose no records: only names in `own` (NULL, or PARAMS_ANY first: any), each
 * once. False: answered. */
bool params_check(struct http_req *req, const char *const *own) LM_MUST_CHECK;
void params_filter_free(struct filter *f);

/* A whole number within limits; *value stays when the parameter is absent. False: answered. */
bool params_number(struct http_req *req, const char *name, uint64_t max,
                   uint64_t *value) LM_MUST_CHECK;
/* A time (clock_parse), or how long ago (duration_parse). False: answered. */
bool params_time(struct http_req *req, const char *name, int64_t *value_us) LM_MUST_CHECK;
/* "from" and "to"; also false when the first is behind the second. */
bool params_range(struct http_req *req, int64_t *from_us, int64_t *to_us) LM_MUST_CHECK;
/* One of n words; *choice is its place. False: answered. */
bool params_choice(struct http_req *req, const char *name, const char *const *words, size_t n,
                   int *choice) LM_MUST_CHECK;

#endif
