// SPDX-License-Identifier: MIT
//
// What can be wrong with a filter, in the hub's own words (a test compares them with its table).

export const SENTENCES = {
    too_long:
        "a filter may have at most 4096 bytes: make it shorter",
    not_utf8:
        "a filter must be valid UTF-8: look at the encoding of what you pasted",
    too_many_terms:
        "a filter may have at most 64 terms: a list such as key:a,b,c is one",
    too_deep:
        "brackets may be nested at most 8 deep: leave out those that change nothing",
    quote_open:
        "this quote is never closed: add \" at its end, or write \"\\\"\" to search for a quote",
    quote_end:
        "after the closing quote of a value comes a space, a comma or a bracket",
    bracket_open:
        "this ( is never closed: add ), or put the text in quotes",
    bracket_close:
        "this ) closes nothing: remove it, or put the text in quotes",
    bracket_empty:
        "there is nothing between these brackets: remove them, or put them in quotes",
    operator:
        "AND and OR stand between two terms: add the other one, or put the word in quotes to search for it",
    regex:
        "the regular expression is not well-formed",
    regex_long:
        "a regular expression may have at most 1024 bytes: make it shorter",
    level:
        "level must be one of trace, debug, info, warn, error, fatal",
    stream:
        "stream must be one of stdout, stderr, system",
    unordered:
        "stream and message know no order: write : or :~ instead",
    id:
        "id is compared with whole numbers, as in id>1200 or id:7,8",
    time:
        "timestamp is compared with a time such as 2026-01-15T10:30:00Z, a date, or 5m for five minutes ago (s, m, h, d, w)",
    time_order:
        "timestamp knows only > >= < <=: write timestamp>=2026-01-15 timestamp<2026-01-16 for one day",
} as const;

export type FilterErrorName = keyof typeof SENTENCES;

/** `column` counts characters from 1. */
export class FilterError extends Error {
    override readonly name = "FilterError";
    constructor(
        readonly code: FilterErrorName,
        readonly column: number,
        detail?: string,
    ) {
        super(detail ? `${SENTENCES[code]}: ${detail}` : SENTENCES[code]);
    }
}
