// SPDX-License-Identifier: ISC
/*
 * Trace lines word by word. What the peer chose is never trusted: a name that is no
 * domain or address literal stands in a comment, and bytes that could end a comment or a
 * line become underscores. The one fault is -ENOMEM.
 */
#include "smtp/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "smtp/authres.h"
#include "smtp/date.h"
#include "smtp/domain.h"
#include "smtp/fold.h"

static void
fold_from(struct smtp_fold *f, const struct smtp_trace *t)
{
	size_t len = strlen(t->helo);
	bool named = smtp_domain_is_valid(t->helo, len) ||
		     smtp_literal_is_valid(t->helo, len);
	char peer[SMTP_FOLD_CLEAN_SIZE], word[SMTP_FOLD_CLEAN_SIZE + 8];

	smtp_fold_word(f, "Received: from");
	smtp_fold_word(f, named ? t->helo : "unknown");
	if (t->peer) {
		smtp_fold_clean(t->peer, peer);
		snprintf(word, sizeof(word), "([%s])", peer);
		smtp_fold_word(f, word);
	}
	if (!named && len > 0)
		smtp_fold_pair(f, "(helo", t->helo, ")");
}

static void
fold_proofs(struct smtp_fold *f, const struct smtp_trace *t)
{
	if (t->tls_version)
		smtp_fold_pair(f, "(using", t->tls_version, ")");
	if (t->device)
		smtp_fold_pair(f, "(device", t->device, ")");
	if (t->user)
		smtp_fold_pair(f, "(user", t->user, ")");
}

/* RFC 3848, RFC 6531 section 3.7.3; HELO has no such letters. */
static const char *
protocol(const struct smtp_trace *t)
{
	static const char *const NAMES[2][2][2] = {
		{ { "ESMTP", "ESMTPA" }, { "ESMTPS", "ESMTPSA" } },
		{ { "UTF8SMTP", "UTF8SMTPA" }, { "UTF8SMTPS", "UTF8SMTPSA" } },
	};

	if (!t->extended)
		return "SMTP";
	return NAMES[t->utf8][t->tls_version != NULL][t->user != NULL];
}

/* Whole characters that may stand in an address; each other byte becomes a "_". */
static int
append_return_path(struct buffer *b, const struct smtp_trace *t)
{
	const char *at = t->sender, *end = at + strlen(at);
	int r = buffer_puts(b, "Return-Path: <");

	while (at < end && r == 0) {
		uint32_t c = 0;
		size_t n = utf8_char(at, (size_t)(end - at), &c);
		bool fine = c >= ' ' && c <= '~';

		if (n > 1)
			fine = t->utf8 && smtp_name_may_hold(c);
		n = fine ? n : 1;
		r = buffer_append(b, fine ? at : "_", n);
		at += n;
	}
	return r < 0 ? r : buffer_puts(b, t->crlf ? ">\r\n" : ">\n");
}

static int
append_results(struct buffer *b, const struct smtp_trace *t)
{
	struct smtp_authres results = {
		.hostname = t->hostname,
		.mechanism = t->mechanism,
		.user = t->user,
		.device = t->device,
		.crlf = t->crlf,
	};

	return t->user && t->mechanism ? smtp_authres_append(b, &results) : 0;
}

static int
append_received(struct buffer *b, const struct smtp_trace *t)
{
	struct smtp_fold f = { .b = b, .crlf = t->crlf };
	char date[SMTP_DATE_SIZE];

	fold_from(&f, t);
	fold_proofs(&f, t);
	smtp_fold_pair(&f, "by", t->hostname, "");
	smtp_fold_pair(&f, "with", protocol(t), "");
	smtp_fold_pair(&f, "id", t->id, t->tls_cipher ? "" : ";");
	/* RFC 8314 section 4.3. */
	if (t->tls_cipher)
		smtp_fold_pair(&f, "tls", t->tls_cipher, ";");
	smtp_date_write(t->time, date);
	smtp_fold_word(&f, date);
	return smtp_fold_end(&f);
}

int
smtp_trace_append(struct buffer *b, const struct smtp_trace *t)
{
	int r = append_return_path(b, t);

	if (r == 0)
		r = append_results(b, t);
	return r < 0 ? r : append_received(b, t);
}
