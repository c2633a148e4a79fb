/* SPDX-License-Identifier: MIT
 *
 * random_test.h - random records and random filters that have much to do with each other, for
 * tests.
 *
 * Included by each *_test.c once; everything here is static. The same in every run.
 */
#ifndef LM_RECORD_RANDOM_TEST_H
#define LM_RECORD_RANDOM_TEST_H

#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* --- chance --- */

static uint64_t random_seed = 20260115;

static inline uint32_t below(uint32_t n)
{
    random_seed = random_seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_seed >> 33) % n;
}

#define PICK(words) words[below(sizeof(words) / sizeof(words)[0])]

/* --- records --- */

static const char *const words[] = {
    "timeout", "Timeout", "error", "ERROR:",       "GET", "/api/v1", "404",         "200",
    "user",    "anna",    "done",  "in",           "12",  "ms",      "k\xc3\xbchl", "\"quoted\"",
    "C:\\x",   "K",       "a(b)",  "\xe2\x84\xaa", "[x]", "s",       "conn",        "ection"};
static const char *const sources[] = {"web", "db", "WEB", "game control"};
static const char *const jobs[] = {"j1", "j2", "12"};
static const char *const tiers[] = {"prod", "dev", "3", "10"};
static const char *const names[] = {"user", "status", "a",    "a.b",  "b",
                                    "c",    "tier",   "http", "level"};

static inline void add_random_value(struct buf *out, int depth);

static inline void add_random_object(struct buf *out, int depth)
{
    bool used[sizeof names / sizeof names[0]] = {false};
    const char *comma = "";

    buf_add_char(out, '{');
    for (uint32_t i = below(5); i > 0; i--) {
        uint32_t n = below(sizeof names / sizeof names[0]);
        if (used[n])
            continue;
        used[n] = true;
        buf_printf(out, "%s%s\"%s\"%s:", comma, below(3) ? "" : " ", names[n], below(3) ? "" : " ");
        add_random_value(out, depth);
        comma = below(3) ? "," : " , ";
    }
    buf_add_char(out, '}');
}

static inline void add_random_array(struct buf *out, int depth)
{
    buf_add_char(out, '[');
    for (uint32_t i = 0, n = below(4); i < n; i++) {
        if (i)
            buf_add_str(out, below(2) ? STR(",") : STR(" , "));
        add_random_value(out, depth);
    }
    buf_add_char(out, ']');
}

static inline void add_random_value(struct buf *out, int depth)
{
    static const char *const plain[] = {"500",       "7",
                                        "-1",        "12",
                                        "2.5",       "0.5",
                                        "true",      "null",
                                        "false",     "\"12\"",
                                        "\"\"",      "\"anna\"",
                                        "\"Anna\"",  "\"say \\\"hi\\\"\"",
                                        "\"500\"",   "\"k\\u00fchl\"",
                                        "\"a\\/b\"", "\"web\"",
                                        "1000000",   "\"timeout in db\""};
    uint32_t kind = below(depth > 2 ? 6 : 9);

    if (kind < 6)
        buf_add_str(out, str_from(PICK(plain)));
    else if (kind == 6)
        add_random_array(out, depth + 1);
    else
        add_random_object(out, depth + 1);
}

static inline void add_random_message(struct buf *out)
{
    for (uint32_t i = below(8); i > 0; i--) {
        if (below(12) == 0)
            BUF_LIT(out, "\x1b[31m");
        buf_add_str(out, str_from(PICK(words)));
        if (below(10) == 0)
            BUF_LIT(out, "\x1b[0m");
        if (below(5))
            buf_add_char(out, ' ');
    }
}

static struct label_table random_table;

static inline struct labels *random_labels(void)
{
    struct label l[4];
    size_t n = 0;
    struct labels *ret;

    if (below(2))
        l[n++] = (struct label){STR("job_run_id"), str_from(PICK(jobs))};
    if (below(2))
        l[n++] = (struct label){STR("tier"), str_from(PICK(tiers))};
    if (below(4) == 0)
        l[n++] = (struct label){STR("user"), STR("anna")};
    assert_int_equal(labels_make(&random_table, str_from(PICK(sources)), l, n, &ret), 0);
    return ret;
}

/* Lets go of records with such labels and texts of their own (message, fields), and of the table of
 * labels. */
static inline void random_records_free(struct record *records, struct buf (*texts)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        labels_unref(records[i].labels);
        buf_fini(&texts[i][0]);
        buf_fini(&texts[i][1]);
    }
    label_table_fini(&random_table);
}

/* --- filters --- */

static inline void add_random_text(struct buf *out)
{
    const char *word = PICK(words);

    if (below(3) && !strpbrk(word, "\"\\ ()[/")) {
        buf_add_str(out, str_from(word));
        return;
    }
    buf_add_char(out, '"');
    for (; *word; word++) {
        if (*word == '"' || *word == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *word);
    }
    if (below(4) == 0)
        buf_add_str(out, str_from(below(2) ? " in" : " "));
    buf_add_char(out, '"');
}

static inline void add_random_term(struct buf *out)
{
    static const char *const regexes[] = {
        "/time(d)?out/", "/TIME/i",       "/^GET/",       "/ms$/",      "/\\d{2,}/",
        "/[a-f]+ /",     "/k/i",          "/a|b/",        "/s.*done/s", "/err or/x",
        "/k\xc3\xbch/",  "/\\/api\\/v1/", "/conn.*tion/", "/x?y?/",     "/(anna|user) .*in/",
        "/anna|404/",    "/done$|^user/", "/[^x]*\\d$/",  "/\\bin\\b/", "/\\s\\w+\\s12/"};
    static const char *const keyed[] = {"source:web",
                                        "source:web,db",
                                        "source:\"game control\"",
                                        "source:~^[wW]",
                                        "source>d",
                                        "job_run_id:j1",
                                        "job_run_id:j1,12",
                                        "job_run_id>=j2",
                                        "job_run_id<20",
                                        "task_run_id:x",
                                        "tier:prod",
                                        "tier>5",
                                        "tier:~^p",
                                        "fields.tier:3",
                                        "fields.tier<=12",
                                        "user:anna",
                                        "user:~/ANNA/i",
                                        "level:warn",
                                        "level>=warn",
                                        "level<info",
                                        "level:error,info",
                                        "level:~a",
                                        "stream:stdout",
                                        "stream:stderr,system",
                                        "stream:~std",
                                        "message:timeout",
                                        "message:anna,404",
                                        "message:~\"in db\"",
                                        "id>50",
                                        "id:3,5,8,13",
                                        "id<=20",
                                        "timestamp>1h",
                                        "timestamp<30m",
                                        "status:500",
                                        "status>5",
                                        "status<=12",
                                        "status:12,anna",
                                        "status:~0",
                                        "a.b:7",
                                        "a.b.c>0",
                                        "a:\"\"",
                                        "b:~\"\"",
                                        "http.status:500",
                                        "http.a.b:~.",
                                        "c>1",
                                        "c:true",
                                        "b:null",
                                        "b<z",
                                        "fields.level:7",
                                        "a.user:anna",
                                        "c:5e2",
                                        "c:1e6,0.25e1"};

    switch (below(4)) {
    case 0:
        add_random_text(out);
        break;
    case 1:
        buf_add_str(out, str_from(PICK(regexes)));
        break;
    default:
        buf_add_str(out, str_from(PICK(keyed)));
    }
}

static inline void add_random_filter(struct buf *out, int depth)
{
    uint32_t n = 1 + below(3);

    for (uint32_t i = 0; i < n; i++) {
        static const char *const glue[] = {" ", "  ", " AND ", " OR ", " OR "};
        if (i)
            buf_add_str(out, str_from(PICK(glue)));
        if (below(4) == 0)
            buf_add_char(out, '-');
        if (depth < 3 && below(4) == 0) {
            buf_add_char(out, '(');
            add_random_filter(out, depth + 1);
            buf_add_char(out, ')');
        } else {
            add_random_term(out);
        }
    }
}

#endif
