/* SPDX-License-Identifier: MIT
 *
 * settings_file.c - walks the YAML document and hands each value to the table.
 *
 * A name with a dot in the table, `auth.loopback`, is a map in the file, `auth: {loopback: ...}`.
 * There is one such level; nothing goes deeper except `processes` and `files`, which have readers
 * of their own.
 */
#include "conf/settings_file.h"

#include "conf/file_conf.h"
#include "conf/process_conf.h"
#include "conf/settings_table.h"
#include "conf/keep_conf.h"
#include "conf/token_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_SIZE_MAX = 1024 * 1024, READ_STEP = 65536 };

/* The longest names in the table are far below this; what people write may be anything. */
enum { KEY_MAX = 128 };

/* The part of a name in the table before the dot; empty when there is none. */
static struct str section_of(const struct setting_info *info)
{
    struct str rest, head = str_cut(str_from(info->name), '.', &rest);

    return rest.p ? head : STR_NONE;
}

static bool is_section(struct str key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (key.n && str_eq(key, section_of(&setting_table[i])))
            return true;
    return false;
}

static int refuse_unknown(struct yaml_file *f, const yaml_node_t *node, const char *name)
{
    char sections[SETTING_COUNT][SETTING_NAME_MAX];
    const char *names[2 * SETTING_COUNT + 2];
    size_t n = 0;

    names[n++] = "processes";
    names[n++] = "files";
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        struct str section = section_of(&setting_table[i]);
        names[n++] = setting_table[i].name;
        snprintf(sections[i], sizeof sections[i], "%.*s", STR_FMT(section));
        if (section.n)
            names[n++] = sections[i];
    }
    const char *nearest = err_nearest(name, names, n);
    return yaml_refuse(f, node, "unknown setting '%s'%s%s%s", name,
                       nearest ? ": did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
}

/* The items of a list, parted by commas as on the command line. */
static int join_list(struct yaml_file *f, const yaml_node_t *node, const struct setting_info *info,
                     struct buf *out)
{
    YAML_FOR_EACH_ITEM(item, node)
    {
        struct str text;
        int rc = yaml_text(f, yaml_at(f, *item), info->name, &text);
        if (rc != 0)
            return rc;
        if (out->n)
            buf_add_char(out, ',');
        buf_add_str(out, text);
    }
    if (out->n == 0)
        BUF_LIT(out, "none");
    return buf_error(out) < 0 ? err_set(f->err, -ENOMEM, "no memory for the settings") : 0;
}

static int apply(struct settings *s, struct yaml_file *f, const yaml_node_pair_t *pair,
                 const struct setting_info *info)
{
    const yaml_node_t *node = yaml_at(f, pair->value);
    struct setting_origin from = {FROM_FILE, (int)yaml_at(f, pair->key)->start_mark.line + 1};
    bool is_list =
        (setting_is_list(info) || info->kind == KIND_CLASSES) && node->type == YAML_SEQUENCE_NODE;
    struct buf joined = {0};
    struct str text = STR_NONE;
    int rc = is_list ? join_list(f, node, info, &joined) : yaml_text(f, node, info->name, &text);

    if (rc == 0) {
        rc = setting_set(s, info, is_list ? buf_str(&joined) : text, from, f->err);
        if (rc != 0)
            yaml_place(f, node, rc);
    }
    buf_fini(&joined);
    return rc;
}

static int read_section(struct settings *s, struct yaml_file *f, const yaml_node_pair_t *section)
{
    const yaml_node_t *node = yaml_at(f, section->value);
    struct quoted prefix = quote(yaml_key(f, section));
    int rc = yaml_map(f, node, prefix.text);

    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(pair, node)
    {
        char name[KEY_MAX];
        snprintf(name, sizeof name, "%s.%s", prefix.text, quote(yaml_key(f, pair)).text);
        if (strcmp(name, "auth.tokens") == 0) {
            rc = token_conf_read(s, f, yaml_at(f, pair->value));
            if (rc != 0)
                return rc;
            continue;
        }
        if (strcmp(name, "retention.rules") == 0) {
            rc = keep_conf_read(s, f, yaml_at(f, pair->value));
            if (rc != 0)
                return rc;
            continue;
        }
        const struct setting_info *info = setting_find(str_from(name));
        rc = info ? apply(s, f, pair, info) : refuse_unknown(f, yaml_at(f, pair->key), name);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int read_member(struct settings *s, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str key = yaml_key(f, pair);
    const struct setting_info *info = setting_find(key);

    if (str_is(key, "processes"))
        return processes_conf_read(s, f, yaml_at(f, pair->value));
    if (str_is(key, "files"))
        return file_conf_read(s, f, yaml_at(f, pair->value));
    if (is_section(key))
        return read_section(s, f, pair);
    if (info && !memchr(key.p, '.', key.n))
        return apply(s, f, pair, info);
    return refuse_unknown(f, yaml_at(f, pair->key), quote(key).text);
}

static int read_members(struct settings *s, struct yaml_file *f, const yaml_node_t *root)
{
    /* "---" alone is a document with an empty text. */
    if (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0)
        return 0;
    if (root->type != YAML_MAPPING_NODE)
        return yaml_refuse(f, root, "the configuration is a map of settings: name: value");
    int rc = yaml_map(f, root, "the configuration");
    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(pair, root)
    {
        rc = read_member(s, f, pair);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int settings_parse(struct settings *s, struct str text, struct errinfo *err)
{
    struct yaml_file f;
    int rc = yaml_file_open(&f, text, err);

    if (rc != 0)
        return rc;
    if (yaml_root(&f))
        rc = read_members(s, &f, yaml_root(&f));
    yaml_file_close(&f);
    return rc;
}

static int read_all(int fd, struct buf *b)
{
    for (;;) {
        int rc = buf_reserve(b, READ_STEP);
        if (rc != 0)
            return rc;
        ssize_t n = read(fd, b->p + b->n, READ_STEP);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        b->n += (size_t)n;
        if (b->n > FILE_SIZE_MAX)
            return -EFBIG;
    }
}

int settings_read(struct settings *s, const char *path, struct errinfo *err)
{
    struct buf text = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : read_all(fd, &text);

    if (rc != 0)
        err_set(err, rc, "the configuration '%s' cannot be read: %s", path, err_text(rc));
    else
        rc = settings_parse(s, buf_str(&text), err);
    if (fd >= 0)
        close(fd);
    buf_fini(&text);
    return rc;
}
