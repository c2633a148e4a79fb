/* SPDX-License-Identifier: MIT
 *
 * webpage.c - the bytes of the web page, copied into this object by the assembler.
 *
 * .incbin puts them straight into read-only memory, shared by all processes and free until read;
 * no generated C, no second compiler pass over 200 KB. CMake says where the files are: PAGE_DIR,
 * PAGE_INDEX (the first page), and PAGE_ASSETS when there is more than that.
 *
 * An entity tag is the hash of the bytes, made when a file is first asked for.
 */
#include "api/webpage.h"

#include <inttypes.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define EMBED(symbol, file)                                                                        \
    __asm__(".section .rodata\n"                                                                   \
            ".balign 16\n" #symbol ":\n"                                                           \
            ".incbin \"" PAGE_DIR "/" file "\"\n" #symbol "_end:\n"                                \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char symbol[] __attribute__((visibility("hidden")));                              \
    extern const char symbol##_end[] __attribute__((visibility("hidden")))

EMBED(page_index, PAGE_INDEX);
#ifdef PAGE_ASSETS
EMBED(page_script, "assets/app.js");
EMBED(page_worker, "assets/worker.js");
EMBED(page_style, "assets/app.css");
EMBED(page_icon, "assets/favicon.svg");
#endif

static const struct embedded {
    const char *path;
    const char *content_type;
    const char *start;
    const char *end;
} embedded[] = {
    {"/", "text/html; charset=utf-8", page_index, page_index_end},
#ifdef PAGE_ASSETS
    {"/assets/app.js", "text/javascript; charset=utf-8", page_script, page_script_end},
    {"/assets/worker.js", "text/javascript; charset=utf-8", page_worker, page_worker_end},
    {"/assets/app.css", "text/css; charset=utf-8", page_style, page_style_end},
    {"/assets/favicon.svg", "image/svg+xml", page_icon, page_icon_end},
#endif
};

#define FILES (sizeof(embedded) / sizeof(embedded[0]))

static struct page_file files[FILES];
static char etags[FILES][19]; /* 16 digits in quotation marks */

static const struct page_file *file_at(size_t i)
{
    const struct embedded *e = &embedded[i];
    if (files[i].path)
        return &files[i];
    struct str bytes = str_of(e->start, (size_t)(e->end - e->start));
    snprintf(etags[i], sizeof(etags[i]), "\"%016" PRIx64 "\"",
             (uint64_t)XXH3_64bits(bytes.p, bytes.n));
    files[i] = (struct page_file){e->path, e->content_type, etags[i], bytes};
    return &files[i];
}

const struct page_file *page_find(struct str path)
{
    for (size_t i = 0; i < FILES; i++)
        if (str_is(path, embedded[i].path))
            return file_at(i);
    return NULL;
}
