/* SPDX-License-Identifier: MIT
 *
 * webpage.h - the web page, as files inside the program.
 *
 * webpage.c holds the bytes and is built after the page itself; it belongs to the program logmill
 * only and not to the core library, so that tests and benches need neither node nor npm, and the C
 * code compiles while the page is being built. webpage_http.c answers requests and is part of core:
 * in a program without webpage.c it finds no file and answers 404.
 *
 * Threads: loop thread only. Owns: nothing; the files are constant.
 */
#ifndef LM_API_WEBPAGE_H
#define LM_API_WEBPAGE_H

#include "base/str.h"

struct api;
struct http_req;

struct page_file {
    const char *path; /* as in the request: "/", "/assets/app.js" */
    const char *content_type;
    const char *etag;       /* with its quotation marks; changes with the bytes */
    struct str bytes, gzip; /* valid for ever; no gzip of what is small */
};

/* The file behind a path, or NULL. */
const struct page_file *page_find(struct str path);

/* GET / and /logs: the page, whatever the query says; the page itself reads that. */
void page_get(struct http_req *req, struct api *api);
/* GET /assets/...: what the page needs. */
void page_asset(struct http_req *req, struct api *api);

#endif
