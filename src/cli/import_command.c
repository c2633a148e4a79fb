/* SPDX-License-Identifier: MIT
 *
 * import_command.c - `logmill import`: old logs into the store, with their own times.
 *
 *     file ─▶ [unpack] ─▶ lines ─▶ [understand] ─▶ batch of ≤ 1 MiB ─▶ POST /api/v1/logs, with a key
 *
 * NDJSON goes to the hub as it is, and comes from an earlier export unchanged but for its ids. Text
 * is understood here, as the hub would understand it (record/parse.h): level, time, fields.
 * import_send.c sends.
 *
 * Threads: the main thread. Owns: struct import_run.
 */
#include "cli/import_read.h"

#include "base/clock.h"
#include "cli/import_impl.h"
#include "record/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

enum {
    BATCH_BYTES = 1024 * 1024,
    BATCH_ROWS = 8192,
};

enum { OPT_FORMAT = ASK_OWN, OPT_LABEL, OPT_TZ };

static const struct option own[] = {
    {"format", required_argument, NULL, OPT_FORMAT},
    {"label", required_argument, NULL, OPT_LABEL},
    {"tz", required_argument, NULL, OPT_TZ},
    {0},
};

static int add_label(struct import_run *im, struct str name, struct str value)
{
    if (!value.p || !conf_label_ok(name) || value.n == 0 || value.n > LABEL_VALUE_MAX)
        return cli_usage("import",
                         "a label looks like this: --label name=value, with a name of "
                         "small letters, digits, '_' and '.', and at most %d bytes",
                         LABEL_VALUE_MAX);
    if (im->label_count == LABELS_MAX)
        return cli_usage("import", "a record carries at most %d labels", LABELS_MAX);
    im->labels[im->label_count++] = (struct label){name, value};
    return 0;
}

static int set_own(void *ctx, int id, const char *value)
{
    static const char *const formats[] = {"auto", "ndjson", "text"};
    struct import_run *im = ctx;
    struct str rest, name;

    switch (id) {
    case OPT_FORMAT:
        for (size_t i = 0; i < 3; i++)
            if (strcmp(value, formats[i]) == 0) {
                im->wanted = (enum import_format)i;
                return 0;
            }
        return cli_usage("import", "--format is auto, ndjson or text");
    case OPT_LABEL:
        name = str_cut(str_from(value), '=', &rest);
        return add_label(im, name, rest);
    case OPT_TZ:
        if (parse_rules_zone(&im->rules, value) < 0)
            return cli_usage("import", "--tz is a time zone such as UTC, +01:00 or Europe/Berlin");
        return 0;
    default:
        return cli_usage("import", "-%c is not a flag of import", id);
    }
}

/* The flags that choose records elsewhere say here what the records are. */
static int take_params_as_labels(struct import_run *im, int argc, char **argv)
{
    static const struct {
        const char *flag, *label;
    } flags[] = {{"--job", "job_run_id"},     {"--task", "task_run_id"},
                 {"--process", "process_id"}, {"--campaign", "campaign_id"},
                 {"--user", "user_email"},    {"--session", "session_id"},
                 {"--source", "source"}};
    int status = 0;

    for (int i = 1; i + 1 < argc && status == 0; i++)
        for (size_t k = 0; k < sizeof flags / sizeof *flags && status == 0; k++) {
            if (strcmp(argv[i], flags[k].flag) != 0)
                continue;
            if (strcmp(flags[k].label, "source") == 0)
                im->source = argv[i + 1];
            else
                status = add_label(im, str_from(flags[k].label), str_from(argv[i + 1]));
        }
    return status;
}

/* --- lines --- */

/* Appends `,"labels":{…}` with what the command line says, which counts more than the line's
 * own. */
static void add_labels(struct import_run *im, struct str already)
{
    struct buf *out = &im->batch;

    if (im->label_count == 0 && already.n == 0)
        return;
    BUF_LIT(out, ",\"labels\":{");
    buf_add_str(out, already);
    for (size_t i = 0; i < im->label_count; i++) {
        if (i > 0 || already.n)
            buf_add_char(out, ',');
        json_add_string(out, im->labels[i].name);
        buf_add_char(out, ':');
        json_add_string(out, im->labels[i].value);
    }
    buf_add_char(out, '}');
}

/* Does the line begin as those of an export do, {"id":4711,"timestamp":…? */
static bool is_exported(struct str line)
{
    struct str rest, number;
    uint64_t id;

    if (!str_starts(line, STR("{\"id\":")))
        return false;
    number = str_cut(str_of(line.p + 6, line.n - 6), ',', &rest);
    return str_to_u64(number, &id) && str_starts(rest, STR("\"timestamp\":"));
}

static bool is_core(struct str key)
{
    static const char *const core[] = {"timestamp", "level",  "stream",      "source",
                                       "message",   "fields", "unterminated"};

    for (size_t i = 0; i < sizeof core / sizeof *core; i++)
        if (str_is(key, core[i]))
            return true;
    return false;
}

/* A line of an export: its id is the old store's, and what is no member of every record is a
 * label. */
static void add_exported(struct import_run *im, struct str line)
{
    struct buf labels = {0};
    struct json_walk w = json_walk(line);
    struct json_member m;
    bool any = false;

    buf_add_char(&im->batch, '{');
    while (json_next(&w, &m)) {
        bool core = is_core(m.key), label = !core && m.type == JSON_IS_STRING;
        struct buf *out = label ? &labels : &im->batch;
        if (str_is(m.key, "id") || str_is(m.key, "cont")) /* the hub numbers and groups anew */
            continue;
        if (label ? labels.n > 0 : any)
            buf_add_char(out, ',');
        buf_add_str(out, json_member_raw(&m));
        any |= !label;
    }
    add_labels(im, buf_str(&labels));
    BUF_LIT(&im->batch, "}");
    im->batch.failed |= labels.failed;
    buf_fini(&labels);
}

static void add_json(struct import_run *im, struct str line)
{
    if (is_exported(line) && json_valid(line)) {
        add_exported(im, line);
    } else if (im->label_count == 0 || line.n < 3 || line.p[line.n - 1] != '}') {
        buf_add_str(&im->batch, line);
    } else {
        buf_add(&im->batch, line.p, line.n - 1);
        add_labels(im, STR_NONE);
        buf_add_char(&im->batch, '}');
    }
    buf_add_char(&im->batch, '\n');
}

/* What parse_line() made of a line, as the hub takes it. */
static void add_record(struct import_run *im, const struct record *r)
{
    struct buf *out = &im->batch;
    char stamp[27];

    BUF_LIT(out, "{\"timestamp\":\"");
    buf_add(out, stamp, clock_rfc3339(r->time_us, stamp));
    buf_printf(out, "\",\"level\":\"%s\",\"source\":", level_name(r->level));
    json_add_string(out, r->labels->source);
    BUF_LIT(out, ",\"message\":");
    json_add_string(out, r->message);
    if (r->fields.n) {
        BUF_LIT(out, ",\"fields\":");
        buf_add_str(out, r->fields);
    }
    BUF_LIT(out, ",\"labels\":{");
    for (uint16_t i = 1; i < r->labels->count; i++) {
        if (i > 1)
            buf_add_char(out, ',');
        json_add_string(out, r->labels->pairs[i].name);
        buf_add_char(out, ':');
        json_add_string(out, r->labels->pairs[i].value);
    }
    BUF_LIT(out, "}}\n");
}

static int add_text(struct import_run *im, struct str line)
{
    struct record r = {.time_us = clock_wall_us(), .labels = im->set, .stream = STREAM_STDOUT};
    bool replaced;

    arena_reset(&im->scratch);
    int rc = parse_line(&im->parser, &r, line, &im->scratch, &replaced);
    if (rc == PARSE_RECORD)
        add_record(im, &r);
    return rc < 0 ? rc : 0;
}

/* Of a file that is one JSON array every line would become a record that nobody meant. */
static int tell_format(struct import_run *im, struct str first)
{
    if (str_is(first, "[") || str_starts(first, STR("[{\""))) {
        fputs("logmill import: this is one JSON array, and records are read from lines: send "
              "jq -c '.[]' FILE | logmill import -, or say --format text\n",
              stderr);
        return -LM_E_INVALID;
    }
    im->format = first.p[0] == '{' ? IMPORT_NDJSON : IMPORT_TEXT;
    return 0;
}

static int on_line(struct str line, void *ctx)
{
    struct import_run *im = ctx;
    int rc = 0;

    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    struct str text = str_trim(line);
    if (text.n == 0)
        return 0;
    if (im->format == IMPORT_AUTO)
        rc = tell_format(im, text);
    if (rc < 0)
        return rc;
    if (im->format == IMPORT_NDJSON)
        add_json(im, text);
    else
        rc = add_text(im, line);
    im->rows++;
    if (rc == 0)
        rc = buf_error(&im->batch);
    if (rc == 0 && (im->batch.n >= BATCH_BYTES || im->rows >= BATCH_ROWS))
        rc = import_send(im);
    return rc;
}

static void on_bytes(uint64_t n, void *ctx)
{
    struct import_run *im = ctx;
    progress_add(&im->progress, n);
}

static int import_file(struct import_run *im, const char *name)
{
    struct import_reader reader = {
        .name = name, .on_line = on_line, .on_bytes = on_bytes, .ctx = im};
    struct errinfo info = {0};

    im->format = im->wanted;
    int rc = import_read(&reader, &info);
    if (rc < 0 && info.text[0])
        fprintf(stderr, "logmill import: %s\n", info.text);
    return rc == 0 ? import_send(im) : rc;
}

static void say_end(const struct import_run *im, bool whole)
{
    if (whole)
        fprintf(stderr, "logmill import: %" PRIu64 " records are stored", im->taken);
    else
        fprintf(stderr,
                "logmill import: stopped after %" PRIu64
                " records; the same command within ten minutes goes on there",
                im->taken);
    fprintf(stderr, im->rejected ? ", %" PRIu64 " were refused\n" : "\n", im->rejected);
}

static int import_files(struct import_run *im, char **names)
{
    static char stdin_name[] = "-";
    char *only_stdin[] = {stdin_name, NULL};
    uint64_t all = 0;
    int rc = 0;

    if (!*names)
        names = only_stdin;
    for (char **name = names; *name; name++)
        all += import_size(*name);
    progress_begin(&im->progress, "import", all, true);
    for (char **name = names; *name && rc == 0; name++)
        rc = import_file(im, *name);
    progress_end(&im->progress);
    if (rc == 0 || im->taken + im->rejected > 0) /* else it has been said why there was nothing */
        say_end(im, rc == 0);
    return rc < 0 ? ASK_TROUBLE : im->rejected ? ASK_NOTHING : ASK_FOUND;
}

static int prepare(struct import_run *im, int argc, char **argv)
{
    int status = take_params_as_labels(im, argc, argv);

    if (status == 0 && strlen(im->source) > LABEL_VALUE_MAX)
        status = cli_usage("import", "a source has at most %d bytes", LABEL_VALUE_MAX);
    if (status == 0 &&
        labels_make(&im->table, str_from(im->source), im->labels, im->label_count, &im->set) < 0)
        status = ASK_TROUBLE;
    im->parser.rules = &im->rules;
    return status;
}

int cli_import(int argc, char **argv)
{
    struct import_run im = {.source = "import"};
    int files, status = ask_begin(&im.ask, "import", &argc, argv);

    if (status == 0)
        status = ask_options(&im.ask, argc, argv, own, set_own, &im, &files);
    if (status == 0)
        status = prepare(&im, files, argv);
    if (status == 0)
        status = import_files(&im, argv + files);
    parser_fini(&im.parser);
    parse_rules_fini(&im.rules);
    labels_unref(im.set);
    label_table_fini(&im.table);
    arena_fini(&im.scratch);
    buf_fini(&im.batch);
    ask_end(&im.ask);
    return status;
}
