// SPDX-License-Identifier: ISC
/*
 * Keeps the column and breaks before a word that would pass the margin. Owns nothing; the
 * one fault is -ENOMEM.
 */
#include "smtp/fold.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MARGIN = 77, TAB_COLUMNS = 8 };

void
smtp_fold_word(struct smtp_fold *f, const char *word)
{
	size_t len = strlen(word);

	if (f->column > 0 && f->column + 1 + len > MARGIN) {
		f->r = f->r ? f->r : buffer_puts(f->b, f->crlf ? "\r\n\t" : "\n\t");
		f->column = TAB_COLUMNS;
	} else if (f->column > 0) {
		f->r = f->r ? f->r : buffer_puts(f->b, " ");
		f->column++;
	}
	f->r = f->r ? f->r : buffer_append(f->b, word, len);
	f->column += len;
}

void
smtp_fold_clean(const char *untrusted, char ret[static SMTP_FOLD_CLEAN_SIZE])
{
	size_t n = 0;

	for (; *untrusted && n + 1 < SMTP_FOLD_CLEAN_SIZE; untrusted++) {
		bool fine = *untrusted > ' ' && *untrusted <= '~' &&
			    !strchr("()\\<>", *untrusted);

		ret[n++] = *untrusted;
		if (!fine)
			ret[n - 1] = '_';
	}
	ret[n] = '\0';
}

void
smtp_fold_pair(
	struct smtp_fold *f, const char *before, const char *untrusted, const char *after)
{
	char clean[SMTP_FOLD_CLEAN_SIZE], word[SMTP_FOLD_CLEAN_SIZE + 8];

	smtp_fold_clean(untrusted, clean);
	if (*before)
		smtp_fold_word(f, before);
	snprintf(word, sizeof(word), "%s%s", clean, after);
	smtp_fold_word(f, word);
}

int
smtp_fold_end(struct smtp_fold *f)
{
	return f->r < 0 ? f->r : buffer_puts(f->b, f->crlf ? "\r\n" : "\n");
}
