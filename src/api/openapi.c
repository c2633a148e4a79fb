/* SPDX-License-Identifier: MIT
 *
 * openapi.c - GET /api/v1/openapi.json: the tables of routes, parameters and answers, as OpenAPI
 * 3.1.
 *
 * Nothing is said here that the server does not itself go by: the dispatcher refuses what is not in
 * these tables.
 */
#include "api/dispatch.h"
#include "record/json.h"

#include <ctype.h>

struct param_info {
    const char *name, *schema, *sentence;
    bool is_filter;
};

static const struct param_info param_infos[] = {
#define PARAM(name, schema, sentence)        {name, schema, sentence, false},
#define PARAM_FILTER(name, schema, sentence) {name, schema, sentence, true},
#include "api/params.def"
};
#undef PARAM
#undef PARAM_FILTER
enum { PARAM_COUNT = sizeof param_infos / sizeof *param_infos };

static const struct answer_info {
    const char *name, *content_type, *schema;
} answers[ANSWER_COUNT] = {
#define ANSWER(name, content_type, schema) {#name, content_type, schema},
#include "api/answers.def"
#undef ANSWER
};

static void add_param(struct buf *out, const struct param_info *p)
{
    buf_printf(out, "{\"name\":\"%s\",\"in\":\"query\",\"schema\":%s,\"description\":", p->name,
               p->schema);
    json_add_string(out, str_from(p->sentence));
    BUF_LIT(out, "},");
}

static void add_query_params(struct buf *out, const struct route *r)
{
    const char *const *name = r->params;

    if (!name || !*name || strcmp(*name, PARAMS_ANY) == 0)
        return;
    if (strcmp(*name, PARAMS_FILTERS) == 0) {
        for (size_t i = 0; i < PARAM_COUNT; i++)
            if (param_infos[i].is_filter)
                add_param(out, &param_infos[i]);
        name++;
    }
    for (; *name; name++)
        for (size_t i = 0; i < PARAM_COUNT; i++)
            if (strcmp(param_infos[i].name, *name) == 0)
                add_param(out, &param_infos[i]);
}

/* What stands in braces in the path. */
static void add_path_params(struct buf *out, const char *path)
{
    while ((path = strchr(path, '{')) != NULL) {
        int n = (int)strcspn(++path, "}");
        buf_printf(out,
                   "{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,"
                   "\"schema\":{\"type\":\"string\"}},",
                   n, path);
    }
}

static void drop_comma(struct buf *out)
{
    if (out->n && out->p[out->n - 1] == ',')
        out->n--;
}

static void add_answer(struct buf *out, enum answer answer)
{
    const struct answer_info *a = &answers[answer];

    if (answer == ANSWER_WebSocket)
        BUF_LIT(out, "\"101\":{\"description\":\"the protocol changes to WebSocket\"}");
    else
        buf_printf(out, "\"2XX\":{\"description\":\"%s\",\"content\":{\"%s\":{", a->name,
                   a->content_type);
    if (answer != ANSWER_WebSocket && a->schema[0])
        buf_printf(out, "\"schema\":{\"$ref\":\"#/components/schemas/%s\"}", a->name);
    if (answer != ANSWER_WebSocket)
        BUF_LIT(out, "}}}");
    BUF_LIT(out, ",\"4XX\":{\"$ref\":\"#/components/responses/Error\"},"
                 "\"default\":{\"$ref\":\"#/components/responses/Error\"}");
}

/* A name for those who make programs of the document: get_api_v1_logs_id. */
static void add_operation_id(struct buf *out, const char *method, const char *path)
{
    bool apart = true;

    buf_printf(out, ",\"operationId\":\"%s", method);
    for (; *path; path++) {
        bool word = isalnum((unsigned char)*path);
        if (word && apart)
            buf_add_char(out, '_');
        if (word)
            buf_add_char(out, *path);
        apart = !word;
    }
    buf_add_char(out, '"');
}

/* Whoever is local needs no token for most of it: {} is that choice. */
static void add_security(struct buf *out, enum scope scope)
{
    static const char *const scopes[] = {"none", "read", "write", "admin"};

    buf_printf(out, ",\"x-scope\":\"%s\",\"security\":[", scopes[scope]);
    if (scope != SCOPE_NONE)
        buf_printf(out, "{},{\"bearer\":[\"%s\"]}", scopes[scope]);
    buf_add_char(out, ']');
}

static void add_operation(struct buf *out, const struct route *r)
{
    static const char *const methods[] = {[HTTP_GET_M] = "get",
                                          [HTTP_POST_M] = "post",
                                          [HTTP_PUT_M] = "put",
                                          [HTTP_DELETE_M] = "delete"};

    buf_printf(out, "\"%s\":{\"summary\":", methods[r->method]);
    json_add_string(out, str_from(r->sentence));
    add_operation_id(out, methods[r->method], r->path);
    add_security(out, r->scope);
    BUF_LIT(out, ",\"parameters\":[");
    add_path_params(out, r->path);
    add_query_params(out, r);
    drop_comma(out);
    BUF_LIT(out, "],");
    if (r->streams)
        BUF_LIT(out, "\"requestBody\":{\"content\":{\"application/json\":{},"
                     "\"application/x-ndjson\":{}}},");
    BUF_LIT(out, "\"responses\":{");
    add_answer(out, r->answer);
    BUF_LIT(out, "}},");
}

/* All methods of the path of route i, where it stands first in the table. */
static void add_path(struct buf *out, size_t i)
{
    const char *path = api_routes[i].path;

    for (size_t k = 0; k < i; k++)
        if (strcmp(api_routes[k].path, path) == 0)
            return;
    buf_printf(out, "\"%s\":{", path);
    for (size_t k = i; k < api_route_count; k++)
        if (strcmp(api_routes[k].path, path) == 0)
            add_operation(out, &api_routes[k]);
    drop_comma(out);
    BUF_LIT(out, "},");
}

void openapi_get(struct http_req *req, struct api *api)
{
    struct buf out = {0};

    BUF_LIT(&out,
            "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"logmill\",\"license\":{\"name\":\"MIT\","
            "\"identifier\":\"MIT\"},\"version\":\"" LOGMILL_VERSION "\"},\"servers\":[{\"url\":");
    json_add_string(&out, str_from(api->base_path && api->base_path[0] ? api->base_path : "/"));
    BUF_LIT(&out, "}],\"paths\":{");
    for (size_t i = 0; i < api_route_count; i++)
        add_path(&out, i);
    drop_comma(&out);
    BUF_LIT(&out,
            "},\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":"
            "\"bearer\"}},"
            "\"responses\":{\"Error\":{\"description\":\"what is "
            "wrong\",\"content\":{\"application/json\":{"
            "\"schema\":{\"$ref\":\"#/components/schemas/Error\"}}}}},"
            "\"schemas\":{\"Error\":{\"type\":\"object\",\"required\":[\"error\"],"
            "\"properties\":{\"error\":{\"type\":\"object\",\"required\":[\"code\",\"message\"],"
            "\"properties\":{\"code\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"
            "\"details\":{}}}}}");
    for (size_t i = 0; i < ANSWER_COUNT; i++)
        if (answers[i].schema[0])
            buf_printf(&out, ",\"%s\":%s", answers[i].name, answers[i].schema);
    BUF_LIT(&out, "}}}\n");
    if (buf_error(&out) < 0)
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
    else
        http_reply(req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
}
