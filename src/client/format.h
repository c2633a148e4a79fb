/* SPDX-License-Identifier: MIT
 *
 * format.h - printf for what log messages mostly hold: texts and whole numbers.
 *
 * A message is formatted for every record, and the C library's vsnprintf takes several times as
 * long as the rest of a log call. Flags, widths, floating point and all that is rare are left to
 * it.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CLIENT_FORMAT_H
#define LM_CLIENT_FORMAT_H

#include <logmill/common.h>
#include <stdarg.h>

/* Formats %s (with a precision as well), %c, %d, %i, %u, %x with l, ll, z, and %%, as vsnprintf()
 * would. The length, without a terminator; -1 when the format has anything else or the text is
 * longer than size: nothing is known of out then, and the arguments must be taken from the
 * start. */
int format_plain(char *out, size_t size, const char *format, va_list args)
    LM_FORMAT(3, 0) LM_CHECKED;

#endif
