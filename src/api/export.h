/* SPDX-License-Identifier: MIT
 *
 * export.h - records as a file, for the routes that give one.
 *
 * Threads: loop thread. Owns: nothing.
 */
#ifndef LM_API_EXPORT_H
#define LM_API_EXPORT_H

#include "api/dispatch.h"
#include "record/row.h"

enum { EXPORT_NAME_MAX = 192 };

/* Answers with the records of the request's filter whose `label` (NULL: none is demanded) is `id`,
 * as an attachment named after id. With a label, 404 when there are none. */
void export_serve(struct http_req *req, struct api *api, const char *label, struct str id,
                  enum row_format format);

/* May another download begin? False: answered with 503. */
bool export_room(struct http_req *req, struct api *api) LM_MUST_CHECK;

/* "<id>-<date><ending>" without anything that a header or a file system could misunderstand. */
void export_file_name(char out[EXPORT_NAME_MAX], struct str id, struct str date,
                      const char *ending);

#endif
