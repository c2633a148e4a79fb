// SPDX-License-Identifier: MIT
//
// What the hub's own page is made of, beside what index.ts offers to others.
export * from "./index.js";
export { markHits, parseAnsi } from "./ansi.js";
export { keptBookmarks } from "./bookmarks.js";
export { Choice } from "./Choice.js";
export type { Theme } from "./colour.js";
export { columnsFromText, columnsToText, type Column } from "./columns.js";
export { EVERYTHING, filterFromQuery, filterToParams, marksOf, toLogFilter, type Filter } from "./filter.js";
export { bytes, compact, count, dayAndClock, duration, fullTime, hueClass, plural } from "./format.js";
export { firstPage, type FirstPage } from "./history.js";
export { Histogram } from "./Histogram.js";
export { ClockIcon, Logo, SignOutIcon, ThemeIcon, WrapIcon } from "./icons.js";
export { safeText } from "./layout.js";
export { lineAsText } from "./copied.js";
export { KEEPS, loadPrefs, nextTheme, nextTime, savePrefs, themeName, timeName, type Prefs } from "./prefs.js";
export { LEVELS, type Row } from "./record.js";
export { Session } from "./session.js";
export { Signal, useSignal } from "./signal.js";
export { ConnectionStatus, Counts, Status } from "./Status.js";
export { inWords as unreadInWords } from "./unread.js";
export { useAnswer } from "./useAnswer.js";
export { useTheme } from "./useTheme.js";
export { Viewer, type ViewerProps } from "./Viewer.js";
export { Problem, Words } from "./Words.js";
export { loadViews, saveViews, type View } from "./views.js";
export { timeFromWords } from "./words_to_time.js";
