/* SPDX-License-Identifier: MIT
 *
 * words.c - one pass, one character at a time.
 */
#include "conf/words.h"

#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>

enum { WORDS_MAX = 4096 };

struct splitter {
    struct str rest; /* not yet looked at */
    struct buf word; /* the word being collected */
    char **words;
    size_t count;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char take(struct splitter *s)
{
    char c = *s->rest.p++;
    s->rest.n--;
    return c;
}

static int take_quoted(struct splitter *s, char quote)
{
    while (s->rest.n) {
        char c = take(s);
        if (c == quote)
            return 0;
        bool escape = quote == '"' && c == '\\' && s->rest.n;
        if (escape && (s->rest.p[0] == '"' || s->rest.p[0] == '\\'))
            c = take(s);
        buf_add_char(&s->word, c);
    }
    return -LM_E_SYNTAX;
}

/* Collects up to the next blank outside quotes. */
static int take_word(struct splitter *s)
{
    int rc = 0;

    while (rc == 0 && s->rest.n && !is_blank(s->rest.p[0])) {
        char c = take(s);
        if (c == '\'' || c == '"') {
            rc = take_quoted(s, c);
        } else if (c != '\\') {
            buf_add_char(&s->word, c);
        } else if (s->rest.n) {
            buf_add_char(&s->word, take(s));
        } else {
            rc = -LM_E_SYNTAX;
        }
    }
    return rc;
}

/* Moves the collected word to the list, which stays closed by a NULL. */
static int end_word(struct splitter *s)
{
    if (s->count == WORDS_MAX)
        return -LM_E_FULL;
    if (buf_error(&s->word) != 0)
        return -ENOMEM;
    char **words = realloc(s->words, (s->count + 2) * sizeof *words);
    if (!words)
        return -ENOMEM;
    s->words = words;
    words[s->count] = strndup(s->word.n ? s->word.p : "", s->word.n);
    words[s->count + 1] = NULL;
    buf_clear(&s->word);
    return words[s->count++] ? 0 : -ENOMEM;
}

int words_split(struct str text, char ***ret_words)
{
    struct splitter s = {.rest = text, .words = calloc(1, sizeof(char *))};
    int rc = s.words ? 0 : -ENOMEM;

    while (rc == 0) {
        while (s.rest.n && is_blank(s.rest.p[0]))
            take(&s);
        if (s.rest.n == 0)
            break;
        rc = take_word(&s);
        if (rc == 0)
            rc = end_word(&s);
    }
    if (rc == 0)
        *ret_words = s.words;
    else
        words_free(s.words);
    buf_fini(&s.word);
    return rc;
}

void words_free(char **words)
{
    for (char **w = words; w && *w; w++)
        free(*w);
    free(words);
}
