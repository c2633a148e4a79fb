/* SPDX-License-Identifier: MIT
 *
 * two_views_test.h - the same records in the journal and in chunks: whatever is asked of them, both
 * must say the same. A test is listed once, with IN_BOTH().
 */
#ifndef LM_STORE_TWO_VIEWS_TEST_H
#define LM_STORE_TWO_VIEWS_TEST_H

#include "hub/row_test.h"
#include "store/sealed_test.h"

static struct row row;
static struct store_view raw, sealed, *view;

/* Of what row holds. */
static inline void two_views_open(void)
{
    raw.journal = journal_view_take(row.journal, 0);
    sealed = sealed_view(raw.journal);
    assert_true(sealed.chunk_count > 0);
}

static inline int two_views_close(void **state)
{
    (void)state;
    sealed_view_fini(&sealed);
    journal_view_drop(row.journal, raw.journal);
    row_fini(&row);
    return 0;
}

static inline int in_journal(void **state)
{
    (void)state;
    view = &raw;
    return 0;
}

static inline int in_chunks(void **state)
{
    (void)state;
    view = &sealed;
    return 0;
}

#define IN_BOTH(test)                                                                              \
    cmocka_unit_test_setup(test, in_journal), cmocka_unit_test_setup(test, in_chunks)

#endif
