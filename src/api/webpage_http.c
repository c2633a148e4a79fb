/* SPDX-License-Identifier: MIT
 *
 * webpage_http.c - serves the files of the page, with the headers that keep it to itself.
 *
 * The policy lets the page load its own script, style and image and talk to this hub, and nothing
 * else: a line of a log that becomes markup by a mistake of ours could still do no harm. The
 * browser asks for the first page each time (no-cache) and mostly gets 304. That page names its
 * files with their hashes, and a file asked for with its own is kept without asking, so an upgraded
 * hub never meets the script of the one before.
 */
#include "api/webpage.h"

#include "net/http.h"
#include "net/pack.h"

#include <stdio.h>

/* Only the program logmill contains the page; see webpage.h. */
#pragma weak page_find

static const char POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/* If-None-Match is a list; our tags contain their quotation marks, so looking for one is exact. */
static bool client_has(const struct http_req *req, const struct page_file *file)
{
    struct str tags = http_header(req, "If-None-Match");
    return tags.p && memmem(tags.p, tags.n, file->etag, strlen(file->etag)) != NULL;
}

/* Was this very version asked for? The tag is the version in quotation marks. */
static bool names_version(struct http_req *req, const struct page_file *file)
{
    struct str v = http_query(req, "v");
    return v.p && str_eq(v, str_of(file->etag + 1, strlen(file->etag) - 2));
}

/* The bytes to send: packed for whoever takes that. */
static struct str body_for(struct http_req *req, const struct page_file *file)
{
    if (file->gzip.n == 0)
        return file->bytes;
    http_add_header(req, "Vary", "Accept-Encoding");
    if (!pack_gzip_accepted(http_header(req, "Accept-Encoding")))
        return file->bytes;
    http_add_header(req, "Content-Encoding", "gzip");
    return file->gzip;
}

static void serve(struct http_req *req, struct str path)
{
    const struct page_file *file = page_find ? page_find(path) : NULL;
    char tag[32];

    if (!file) {
        http_reply_error(req, 404, "not_found", NULL, "there is no such file in this page");
        return;
    }
    http_add_header(req, "Content-Security-Policy", POLICY);
    http_add_header(req, "X-Frame-Options", "DENY");
    http_add_header(req, "Cache-Control",
                    names_version(req, file) ? "max-age=31536000, immutable" : "no-cache");
    snprintf(tag, sizeof tag, "W/%s", file->etag); /* weak: packed or not, it is the same file */
    http_add_header(req, "ETag", tag);
    if (client_has(req, file))
        http_reply(req, 304, file->content_type, STR_NONE);
    else
        http_reply(req, 200, file->content_type, body_for(req, file));
}

void page_get(struct http_req *req, struct api *api LM_UNUSED)
{
    serve(req, STR("/"));
}

void page_asset(struct http_req *req, struct api *api LM_UNUSED)
{
    serve(req, req->path);
}
