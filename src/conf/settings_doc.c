/* SPDX-License-Identifier: MIT
 *
 * settings_doc.c - three ways to print one table.
 *
 * docs/settings.md is printed by `logmill config docs settings` and checked against the committed
 * page by a test, so the page cannot lag behind the program.
 */
#include "conf/settings_doc.h"

#include "conf/settings_table.h"
#include "conf/units.h"

static const char page_head[] =
    "# Settings\n"
    "\n"
    "<!-- Printed by `logmill config docs settings` from src/conf/*.def; edit those. -->\n"
    "\n"
    "Every setting can be given in three places; what stands further right wins:\n"
    "\n"
    "    default  <  configuration file  <  environment  <  command line\n"
    "\n"
    "`sync_interval` in the file is `LOGMILL_SYNC_INTERVAL` in the environment and\n"
    "`--sync-interval` on the command line; `auth: {loopback: none}` is\n"
    "`LOGMILL_AUTH_LOOPBACK` and `--auth-loopback`. An empty variable counts as not set.\n"
    "\n"
    "The file is YAML: `--config FILE`, else `LOGMILL_CONFIG`, else the first of\n"
    "`$XDG_CONFIG_HOME/logmill/logmill.yaml` (`~/.config/logmill/logmill.yaml`) and\n"
    "`/etc/logmill/logmill.yaml` that exists. `logmill config check` prints what holds and where\n"
    "each value comes from; a mistake is named with file, line and column.\n"
    "\n"
    "Sizes take B, kB, MB, GB, TB (powers of 1000) and KiB, MiB, GiB, TiB (powers of 1024);\n"
    "durations need ms, s, m, h or d. `~/` in a path is the home directory; a relative path "
    "starts\n"
    "at the directory in which the program was started.\n"
    "\n";

static const char processes_head[] =
    "\n"
    "## Processes\n"
    "\n"
    "Processes that the hub starts stand under their names (1 to 64 of letters, digits, `.`, `_`\n"
    "and `-`) in `processes`:\n"
    "\n"
    "```yaml\n"
    "processes:\n"
    "  game_control:\n"
    "    command: [python3, -u, game.py]\n"
    "    labels: {job_run_id: nightly-42}\n"
    "    restart: on-failure\n"
    "```\n"
    "\n"
    "| key | value | default | meaning |\n"
    "| --- | --- | --- | --- |\n";

static const char checks[] =
    "\n"
    "A check is a map with one of `command` (fine when it ends with 0), `tcp` (an address with "
    "its\n"
    "port: somebody takes the connection), `http` (a URL: an answer from 200 to 399) and, for\n"
    "`ready` only, `log` (a text that a line must contain) and `exit: 0` (a task: what depends on\n"
    "it waits for its good end); and with `interval`, `timeout`, `retries`:\n"
    "\n"
    "```yaml\n"
    "processes:\n"
    "  db:\n"
    "    command: [postgres, -D, data]\n"
    "    ready: {log: ready to accept connections, timeout: 30s}\n"
    "    health: {tcp: \"127.0.0.1:5432\", interval: 10s, timeout: 5s, retries: 3}\n"
    "  migrate:\n"
    "    command: ./migrate\n"
    "    depends_on: db\n"
    "    ready: {exit: 0}\n"
    "  web:\n"
    "    command: ./web\n"
    "    depends_on: [db, migrate]\n"
    "```\n"
    "\n"
    "`ready` asks every `interval` (200ms) until the answer is yes; after `timeout` (60s) the "
    "process\n"
    "is stopped and counts as failed. `health` asks every `interval` (10s), an answer may take\n"
    "`timeout` (5s), and after `retries` (3) failures in a row the process is stopped and started\n"
    "again, whatever `restart` says. `interval` is counted from one answer to the next question.\n"
    "\n";

static const char tokens_head[] =
    "\n"
    "## Tokens\n"
    "\n"
    "Programs and people on other machines show a bearer token. `logmill token create` makes one "
    "and\n"
    "prints the lines for `auth.tokens`; [security.md](security.md) says how it is sent.\n"
    "\n"
    "```yaml\n"
    "auth:\n"
    "  tokens:\n"
    "    - {name: viewer, hash: v1.…, scope: read, labels: {campaign_id: c1}}\n"
    "```\n"
    "\n"
    "| key | value | default | meaning |\n"
    "| --- | --- | --- | --- |\n";

static const char tokens_foot[] = "\n"
                                  "At most 256 tokens; at most 8 labels each.\n";

static const char keeps_head[] =
    "\n"
    "## Shorter ages\n"
    "\n"
    "What is not worth keeping for `retention.max_age` can go earlier, by its labels:\n"
    "\n"
    "```yaml\n"
    "retention:\n"
    "  max_age: 90d\n"
    "  rules:\n"
    "    - {source: healthcheck, max_age: 1d}\n"
    "    - {labels: {campaign_id: trial}, max_age: 7d}\n"
    "```\n"
    "\n"
    "| key | value | default | meaning |\n"
    "| --- | --- | --- | --- |\n";

static const char keeps_foot[] = "\n"
                                 "A record that several rules mean goes by the shortest. Rules are "
                                 "looked at once an hour; like\n"
                                 "everything that goes by age, records go within two hours, by "
                                 "whole chunks (some 8 MiB of lines,\n"
                                 "and never more than a day). At most 256 rules. What a rule took "
                                 "does not come back when the rule\n"
                                 "is changed.\n";

static const char processes_foot[] =
    "\n"
    "At most 32 labels; their names match `[a-z_][a-z0-9_.]{0,63}`, their values have at most 256\n"
    "bytes.\n";

static const char files_head[] =
    "\n"
    "## Files\n"
    "\n"
    "Files that the hub follows stand in the list `files` ([files.md](files.md)):\n"
    "\n"
    "```yaml\n"
    "files:\n"
    "  - { path: \"/var/log/app/*.log\", source: app, timezone: local }\n"
    "```\n"
    "\n"
    "| key | value | default | meaning |\n"
    "| --- | --- | --- | --- |\n";

static const char variables[] =
    "\n"
    "## Other variables\n"
    "\n"
    "`LOGMILL_CONFIG` names the configuration file. `LOGMILL_KEEPER` names the executable of the\n"
    "keeper when it lies neither beside `logmill` nor in `../libexec/logmill`. `LOGMILL_RUN` is\n"
    "set by the keeper for its child. A variable that begins with `LOGMILL_` and is known to\n"
    "nobody causes a warning.\n";

void settings_write_flags(struct buf *b)
{
    BUF_LIT(b, "  --config FILE\n      The configuration file.\n");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = &setting_table[i];
        char flag[SETTING_NAME_MAX];
        setting_flag(info, flag);
        buf_printf(b, "  --%s ", flag);
        if (info->choices)
            buf_add_str(b, str_from(info->choices));
        else
            buf_add_str(b, str_from(setting_placeholder(info)));
        buf_printf(b, "\n      %s\n      Default: %s\n", info->sentence, info->fallback);
    }
}

/* Text inside a table cell: a bar would end it. */
static void add_cell(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '|')
            buf_add_char(b, '\\');
        buf_add_char(b, text.p[i]);
    }
}

static void write_processes_docs(struct buf *b)
{
    buf_add(b, processes_head, sizeof processes_head - 1);
#define PROCESS_KEY(key, changes, what, fallback, sentence)                                        \
    BUF_LIT(b, "| `" #key "` | " what " | " fallback " | " sentence " |\n");
#include "conf/processes.def"
    buf_add(b, checks, sizeof checks - 1);
    BUF_LIT(b, "| key of `limits` | value | limits |\n| --- | --- | --- |\n");
#define LIMIT_VALUE_SIZE  "size or unlimited"
#define LIMIT_VALUE_COUNT "number or unlimited"
#define PROCESS_LIMIT(key, resource, kind, sentence)                                               \
    BUF_LIT(b, "| `" #key "` | " LIMIT_VALUE_##kind " | " sentence " |\n");
#include "conf/processes.def"
    buf_add(b, processes_foot, sizeof processes_foot - 1);
}

void settings_write_docs(struct buf *b)
{
    buf_add(b, page_head, sizeof page_head - 1);
    BUF_LIT(b, "| setting | default | values | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = &setting_table[i];
        buf_printf(b, "| `%s` | `%s` | ", info->name, info->fallback);
        setting_write_range(info, b);
        BUF_LIT(b, " | ");
        add_cell(b, str_from(info->sentence));
        BUF_LIT(b, " |\n");
    }
    BUF_LIT(b, "\nThey are read when the hub starts; when it is told to read its configuration "
               "again (SIGHUP,\n"
               "`POST /api/v1/hub/reload`) also processes, "
               "followed files, tokens, the files of `tls`");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (setting_takes_reload(&setting_table[i]))
            buf_printf(b, ", `%s`", setting_table[i].name);
    BUF_LIT(b, ".\n");
    write_processes_docs(b);
    buf_add(b, files_head, sizeof files_head - 1);
#define FILE_KEY(key, what, fallback, sentence)                                                    \
    BUF_LIT(b, "| `" #key "` | " what " | " fallback " | " sentence " |\n");
#include "conf/files.def"
#undef FILE_KEY
    buf_add(b, tokens_head, sizeof tokens_head - 1);
#define TOKEN_KEY(key, what, fallback, sentence)                                                   \
    BUF_LIT(b, "| `" #key "` | " what " | " fallback " | " sentence " |\n");
#include "conf/tokens.def"
#undef TOKEN_KEY
    buf_add(b, tokens_foot, sizeof tokens_foot - 1);
    buf_add(b, keeps_head, sizeof keeps_head - 1);
#define KEEP_KEY(key, what, fallback, sentence)                                                    \
    BUF_LIT(b, "| `" #key "` | " what " | " fallback " | " sentence " |\n");
#include "conf/keeps.def"
#undef KEEP_KEY
    buf_add(b, keeps_foot, sizeof keeps_foot - 1);
    buf_add(b, variables, sizeof variables - 1);
}

static void write_origin(const struct settings *s, size_t i, struct buf *b)
{
    const struct setting_info *info = &setting_table[i];
    char name[SETTING_NAME_MAX];

    switch (s->origins[i].from) {
    case FROM_DEFAULT:
        BUF_LIT(b, "default");
        break;
    case FROM_FILE:
        buf_printf(b, "%s:%d", s->file, s->origins[i].line);
        break;
    case FROM_ENVIRONMENT:
        setting_variable(info, name);
        buf_add_str(b, str_from(name));
        break;
    case FROM_FLAG:
        setting_flag(info, name);
        buf_printf(b, "--%s", name);
        break;
    }
}

static void write_labels(const struct conf_label *labels, size_t count, struct buf *b)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(b, "%s%s=%s", i ? ", " : "  (", labels[i].name, labels[i].value);
    buf_add_str(b, count ? STR(")\n") : STR("\n"));
}

static void write_process(const struct process_conf *p, struct buf *b)
{
    buf_printf(b, "process %s:", p->name);
    for (char **word = p->argv; *word; word++)
        buf_printf(b, strpbrk(*word, " \t\n'\"\\") || !**word ? " '%s'" : " %s", *word);
    write_labels(p->labels, p->label_count, b);
}

static void write_files(const struct file_conf *f, struct buf *b)
{
    BUF_LIT(b, "files");
    for (char **path = f->paths; *path; path++)
        buf_printf(b, " %s", *path);
    if (f->source)
        buf_printf(b, " as %s", f->source);
    write_labels(f->labels, f->label_count, b);
}

static void write_token(const struct token_conf *t, struct buf *b)
{
    buf_printf(b, "token %s: %.*s", t->name, STR_FMT(choice_at(TOKEN_SCOPES, t->scope)));
    write_labels(t->labels, t->label_count, b);
}

static void write_keep(const struct keep_conf *k, struct buf *b)
{
    BUF_LIT(b, "retention rule: ");
    duration_write(b, k->max_age_ms);
    if (k->source)
        buf_printf(b, " for %s", k->source);
    write_labels(k->labels, k->label_count, b);
}

void settings_write_effective(const struct settings *s, struct buf *b)
{
    struct buf value = {0};

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        buf_clear(&value);
        setting_write_value(s, &setting_table[i], &value);
        buf_printf(b, "%-18s %-40.*s # ", setting_table[i].name, STR_FMT(buf_str(&value)));
        write_origin(s, i, b);
        buf_add_char(b, '\n');
    }
    for (size_t i = 0; i < s->process_count; i++)
        write_process(&s->processes[i], b);
    for (size_t i = 0; i < s->file_count; i++)
        write_files(&s->files[i], b);
    for (size_t i = 0; i < s->token_count; i++)
        write_token(&s->tokens[i], b);
    for (size_t i = 0; i < s->keep_count; i++)
        write_keep(&s->keeps[i], b);
    buf_fini(&value);
}
