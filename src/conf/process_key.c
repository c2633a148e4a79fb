/* SPDX-License-Identifier: MIT
 *
 * process_key.c - values as people write them: choices, numbers, sizes, durations, words.
 */
#include "conf/process_key.h"

#include "conf/units.h"
#include "conf/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

int key_no_memory(struct yaml_file *f)
{
    return err_set(f->err, -ENOMEM, "no memory for the configuration");
}

int key_copy_text(struct yaml_file *f, struct str text, char **ret)
{
    *ret = strndup(text.p, text.n);
    return *ret ? 0 : key_no_memory(f);
}

int key_text(struct yaml_file *f, const yaml_node_t *node, const char *what, char **ret)
{
    struct str text;
    int rc = yaml_text(f, node, what, &text);

    if (rc == 0 && text.n == 0)
        return yaml_refuse(f, node, "'%s' is empty", what);
    return rc == 0 ? key_copy_text(f, text, ret) : rc;
}

int key_bool(struct yaml_file *f, const yaml_node_t *node, const char *what, bool *ret)
{
    unsigned index = 0;
    int rc = yaml_choice(f, node, what, "false|true", &index);

    *ret = index == 1;
    return rc;
}

static bool parse_number(struct str text, uint64_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || value > UINT64_MAX / 10 - 1)
            return false;
        value = value * 10 + (uint64_t)(text.p[i] - '0');
    }
    *ret = value;
    return text.n > 0;
}

int key_number(struct yaml_file *f, const yaml_node_t *node, const char *what, uint64_t min,
               uint64_t max, uint64_t *ret)
{
    struct str text;
    int rc = yaml_text(f, node, what, &text);

    if (rc == 0 && (!parse_number(text, ret) || *ret < min || *ret > max))
        rc = yaml_refuse(f, node, "'%s' is a whole number, %" PRIu64 " to %" PRIu64 ", not '%s'",
                         what, min, max, quote(text).text);
    return rc;
}

int key_size(struct yaml_file *f, const yaml_node_t *node, const char *what, uint64_t min,
             uint64_t max, uint64_t *ret)
{
    struct str text;
    int rc = yaml_text(f, node, what, &text);

    if (rc == 0 && !size_parse(text, ret))
        return yaml_refuse(f, node, "'%s' is a size such as 64MiB, not '%s'", what,
                           quote(text).text);
    if (rc == 0 && (*ret < min || *ret > max))
        rc = yaml_refuse(f, node, "'%s' is %" PRIu64 " to %" PRIu64 " bytes, not '%s'", what, min,
                         max, quote(text).text);
    return rc;
}

int key_duration(struct yaml_file *f, const yaml_node_t *node, const char *what, uint64_t min_ms,
                 uint64_t max_ms, uint32_t *ret_ms)
{
    struct str text;
    uint64_t ms;
    int rc = yaml_text(f, node, what, &text);

    if (rc == 0 && !duration_parse(text, &ms))
        return yaml_refuse(f, node, "'%s' is a duration such as 500ms or 10s, not '%s'", what,
                           quote(text).text);
    if (rc == 0 && (ms < min_ms || ms > max_ms))
        return yaml_refuse(f, node, "'%s' is %" PRIu64 "ms to %" PRIu64 "ms, not '%s'", what,
                           min_ms, max_ms, quote(text).text);
    if (rc == 0)
        *ret_ms = (uint32_t)ms;
    return rc;
}

static int words_from_list(struct yaml_file *f, const yaml_node_t *node, const char *what,
                           char **argv)
{
    size_t n = yaml_list_count(node);
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        struct str word;
        rc = yaml_text(f, yaml_at(f, node->data.sequence.items.start[i]), what, &word);
        if (rc == 0)
            rc = key_copy_text(f, word, &argv[i]);
    }
    return rc;
}

static int words_from_text(struct yaml_file *f, const yaml_node_t *node, const char *what,
                           char ***ret_argv)
{
    struct str text;
    int rc = yaml_text(f, node, what, &text);

    if (rc != 0)
        return rc;
    rc = words_split(text, ret_argv);
    if (rc == -LM_E_SYNTAX)
        return yaml_refuse(f, node, "'%s' has a quote that is not closed", what);
    if (rc == -LM_E_FULL)
        return yaml_refuse(f, node, "'%s' has too many words", what);
    return rc == 0 ? 0 : key_no_memory(f);
}

int key_words(struct yaml_file *f, const yaml_node_t *node, const char *what, char ***ret_argv)
{
    int rc;

    if (node->type == YAML_SEQUENCE_NODE) {
        *ret_argv = calloc(yaml_list_count(node) + 1, sizeof **ret_argv);
        rc = *ret_argv ? words_from_list(f, node, what, *ret_argv) : key_no_memory(f);
    } else {
        rc = words_from_text(f, node, what, ret_argv);
    }
    if (rc == 0 && (!(*ret_argv)[0] || !*(*ret_argv)[0]))
        return yaml_refuse(f, node, "'%s' is empty", what);
    return rc;
}

int key_unknown(struct yaml_file *f, const yaml_node_pair_t *pair, const char *whom,
                const char *const *names, size_t n)
{
    struct quoted key = quote(yaml_key(f, pair));
    const char *nearest = err_nearest(key.text, names, n);

    return yaml_refuse(f, yaml_at(f, pair->key), "unknown key '%s' of %s%s%s%s", key.text, whom,
                       nearest ? ": did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
}
