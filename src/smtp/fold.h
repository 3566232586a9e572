// SPDX-License-Identifier: ISC
/*
 * Writes a header field word by word, folded below 78 columns where that is possible. The
 * first error stays in the struct. Words that a peer chose are made harmless: nothing in
 * them can end a comment, a word or a line.
 */
#ifndef SMTP_FOLD_H
#define SMTP_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum { SMTP_FOLD_CLEAN_SIZE = 256 };

/* Start with all but b, and crlf where it is true, zeroed; b is the caller's. */
struct smtp_fold {
	struct buffer *b;
	bool crlf; /* lines end so, instead of with LF */
	size_t column;
	int r; /* 0 or -ENOMEM */
};

/* Adds a word, after a blank or a fold unless it is the first. */
void smtp_fold_word(struct smtp_fold *f, const char *word);

/* Two words, as in "(user brad@447.edu)": before, unless it is "", then what nobody
 * vouches for with after glued to it. */
void smtp_fold_pair(struct smtp_fold *f, const char *before, const char *untrusted,
	const char *after);

/* Copies what may stand in a comment or between brackets; every other byte becomes an
 * underscore. What is longer than ret is cut. */
void smtp_fold_clean(const char *untrusted, char ret[static SMTP_FOLD_CLEAN_SIZE]);

/* Ends the field's last line. 0, or the first error of all calls. */
int smtp_fold_end(struct smtp_fold *f);

#endif
