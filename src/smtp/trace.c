// SPDX-License-Identifier: ISC
/*
 * Trace lines word by word: a word that would pass the margin goes to a new line. What
 * the peer chose is never trusted: a name that is no domain or address literal stands in
 * a comment, and bytes that could end a comment or a line become underscores.
 */
#include "smtp/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "smtp/address.h"

enum { MARGIN = 77, TAB_COLUMNS = 8, COMMENT_MAX = 255 };

struct fold {
	struct buffer *b;
	size_t column;
	int r; /* the first error */
};

/* Adds a word, after a blank or a fold unless it is the first. */
static void
fold_word(struct fold *f, const char *word)
{
	size_t len = strlen(word);

	if (f->column > 0 && f->column + 1 + len > MARGIN) {
		f->r = f->r ? f->r : buffer_puts(f->b, "\n\t");
		f->column = TAB_COLUMNS;
	} else if (f->column > 0) {
		f->r = f->r ? f->r : buffer_puts(f->b, " ");
		f->column++;
	}
	f->r = f->r ? f->r : buffer_append(f->b, word, len);
	f->column += len;
}

/* Copies what may stand in a comment or between brackets, with no blank in it. */
static void
sanitise(const char *text, char *ret, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++) {
		bool fine = *text > ' ' && *text <= '~' && !strchr("()\\<>", *text);

		ret[n++] = *text;
		if (!fine)
			ret[n - 1] = '_';
	}
	ret[n] = '\0';
}

/* A word with something in front and behind, as in "(user brad@447.edu)"; before may hold
 * the blank where folding is allowed, at its end. */
static void
fold_pair(struct fold *f, const char *before, const char *untrusted, const char *after)
{
	char clean[COMMENT_MAX + 1], word[COMMENT_MAX + 8];

	sanitise(untrusted, clean, sizeof(clean));
	if (*before)
		fold_word(f, before);
	snprintf(word, sizeof(word), "%s%s", clean, after);
	fold_word(f, word);
}

static void
fold_from(struct fold *f, const struct smtp_trace *t)
{
	size_t len = strlen(t->helo);
	bool named = smtp_domain_is_valid(t->helo, len) ||
		     smtp_literal_is_valid(t->helo, len);
	char peer[COMMENT_MAX + 1], word[COMMENT_MAX + 8];

	fold_word(f, "Received: from");
	fold_word(f, named ? t->helo : "unknown");
	if (t->peer) {
		sanitise(t->peer, peer, sizeof(peer));
		snprintf(word, sizeof(word), "([%s])", peer);
		fold_word(f, word);
	}
	if (!named && len > 0)
		fold_pair(f, "(helo", t->helo, ")");
}

static void
fold_proofs(struct fold *f, const struct smtp_trace *t)
{
	if (t->tls_version)
		fold_pair(f, "(using", t->tls_version, ")");
	if (t->device)
		fold_pair(f, "(device", t->device, ")");
	if (t->user)
		fold_pair(f, "(user", t->user, ")");
}

/* RFC 3848; HELO has no such letters. */
static const char *
protocol(const struct smtp_trace *t)
{
	if (!t->extended)
		return "SMTP";
	if (t->tls_version)
		return t->user ? "ESMTPSA" : "ESMTPS";
	return t->user ? "ESMTPA" : "ESMTP";
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_of_month(int year, int month)
{
	static const unsigned char DAYS[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return DAYS[month] + (month == 1 && is_leap(year));
}

/* RFC 5322 section 3.3. What lies before 1970 or behind 9999 is no time of a clock. */
static void
fold_date(struct fold *f, int64_t when)
{
	static const char DAYS[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue",
		"Wed" };
	static const char MONTHS[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t seconds = when < 0 || when > 253402300799 ? 0 : when;
	int days = (int)(seconds / 86400), second = (int)(seconds % 86400);
	int weekday = days % 7, year = 1970, month = 0;
	char date[64];

	for (; days >= 365 + is_leap(year); year++)
		days -= 365 + is_leap(year);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	snprintf(date, sizeof(date), "%s, %02d %s %04d %02d:%02d:%02d +0000",
		DAYS[weekday], days + 1, MONTHS[month], year, second / 3600,
		second / 60 % 60, second % 60);
	fold_word(f, date);
}

static int
append_return_path(struct buffer *b, const char *sender)
{
	int r = buffer_puts(b, "Return-Path: <");

	for (; *sender && r == 0; sender++) {
		bool fine = *sender >= ' ' && *sender <= '~';

		r = buffer_append(b, fine ? sender : "_", 1);
	}
	return r < 0 ? r : buffer_puts(b, ">\n");
}

int
smtp_trace_append(struct buffer *b, const struct smtp_trace *t)
{
	struct fold f = { .b = b };
	int r = append_return_path(b, t->sender);

	if (r < 0)
		return r;
	fold_from(&f, t);
	fold_proofs(&f, t);
	fold_pair(&f, "by", t->hostname, "");
	fold_pair(&f, "with", protocol(t), "");
	fold_pair(&f, "id", t->id, t->tls_cipher ? "" : ";");
	/* RFC 8314 section 4.3. */
	if (t->tls_cipher)
		fold_pair(&f, "tls", t->tls_cipher, ";");
	fold_date(&f, t->time);
	return f.r < 0 ? f.r : buffer_puts(b, "\n");
}
