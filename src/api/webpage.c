/* SPDX-License-Identifier: MIT
 *
 * webpage.c - the bytes of the web page, copied into this object by the assembler.
 *
 * .incbin puts them straight into read-only memory, shared by all processes and free until read;
 * no generated C, no second compiler pass over 200 KB. CMake says where the files are: PAGE_DIR,
 * PAGE_INDEX (the first page), and PAGE_ASSETS when there is more than that.
 *
 * An entity tag is the hash of the bytes, made when a file is first asked for. The first page names
 * the others together with theirs (/assets/app.js?v=<hash>), so that a browser may keep these for
 * ever.
 */
#include "api/webpage.h"

#include "base/buf.h"

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
EMBED(page_script_gz, "assets/app.js.gz");
EMBED(page_worker, "assets/worker.js");
EMBED(page_worker_gz, "assets/worker.js.gz");
EMBED(page_style, "assets/app.css");
EMBED(page_style_gz, "assets/app.css.gz");
EMBED(page_icon, "assets/favicon.svg");
#endif

#define PLAIN(symbol)  symbol, symbol##_end, NULL, NULL
#define PACKED(symbol) symbol, symbol##_end, symbol##_gz, symbol##_gz_end

static const struct embedded {
    const char *path;
    const char *content_type;
    const char *start, *end;
    const char *gzip, *gzip_end;
} embedded[] = {
    {"/", "text/html; charset=utf-8", PLAIN(page_index)},
#ifdef PAGE_ASSETS
    {"/assets/app.js", "text/javascript; charset=utf-8", PACKED(page_script)},
    {"/assets/worker.js", "text/javascript; charset=utf-8", PACKED(page_worker)},
    {"/assets/app.css", "text/css; charset=utf-8", PACKED(page_style)},
    {"/assets/favicon.svg", "image/svg+xml", PLAIN(page_icon)},
#endif
};

#define FILES (sizeof(embedded) / sizeof(embedded[0]))

static struct page_file files[FILES];
static char etags[FILES][19]; /* 16 digits in quotation marks */

static struct str bytes_of(size_t i)
{
    return str_of(embedded[i].start, (size_t)(embedded[i].end - embedded[i].start));
}

/* The other file whose path stands in quotation marks at the start of the text; 0: none does. */
static size_t file_named(struct str text)
{
    for (size_t i = 1; i < FILES; i++) {
        size_t n = strlen(embedded[i].path);
        if (text.n > n && str_starts(text, str_of(embedded[i].path, n)) && text.p[n] == '"')
            return i;
    }
    return 0;
}

/* Without memory for it the page is served as it is, and its files are asked for each time. */
static struct str with_versions(struct str page)
{
    static struct buf out;

    for (size_t at = 0; at < page.n; at++) {
        size_t i = file_named(str_of(page.p + at, page.n - at));
        if (i > 0) {
            struct str file = bytes_of(i);
            buf_printf(&out, "%s?v=%016" PRIx64, embedded[i].path, XXH3_64bits(file.p, file.n));
            at += strlen(embedded[i].path);
        }
        buf_add_char(&out, page.p[at]);
    }
    return buf_error(&out) == 0 ? buf_str(&out) : page;
}

static const struct page_file *file_at(size_t i)
{
    const struct embedded *e = &embedded[i];
    if (files[i].path)
        return &files[i];
    struct str bytes = i == 0 ? with_versions(bytes_of(0)) : bytes_of(i);
    snprintf(etags[i], sizeof(etags[i]), "\"%016" PRIx64 "\"",
             (uint64_t)XXH3_64bits(bytes.p, bytes.n));
    struct str gzip = str_of(e->gzip, (size_t)(e->gzip_end - e->gzip));
    files[i] = (struct page_file){e->path, e->content_type, etags[i], bytes, gzip};
    return &files[i];
}

const struct page_file *page_find(struct str path)
{
    for (size_t i = 0; i < FILES; i++)
        if (str_is(path, embedded[i].path))
            return file_at(i);
    return NULL;
}
