/* SPDX-License-Identifier: MIT
 *
 * parse_keys.c - a perfect hash that the compiler lays out; two keys in one slot do not compile.
 */
#include "record/parse_keys.h"

#define SLOT(n, first, fourth, last) (((n) + (first)*3 + (fourth)*19 + (last)*9) & 255)

static const struct parse_key keys[256] = {
#define PARSE_KEY(first, fourth, last, text, KIND, rank)                                           \
    [SLOT(sizeof(text) - 1, first, fourth, last)] = {text, sizeof(text) - 1, PARSE_KEY_##KIND,     \
                                                     rank},
#include "record/parse_keys.def"
#undef PARSE_KEY
};

const struct parse_key *parse_key_find(struct str key)
{
    if (key.n == 0)
        return NULL;
    unsigned first = (unsigned char)key.p[0], last = (unsigned char)key.p[key.n - 1];
    unsigned fourth = key.n > 3 ? (unsigned char)key.p[3] : first;
    const struct parse_key *k = &keys[SLOT(key.n, first, fourth, last)];
    return k->n == key.n && bytes_same(k->text, key.p, key.n) ? k : NULL;
}

struct str parse_label_name(const struct parse_key *key)
{
    static const char *const label_names[] = {"job_run_id",  "task_run_id", "task_name",
                                              "campaign_id", "user_email",  "session_id"};
    return str_from(label_names[key->rank]);
}
