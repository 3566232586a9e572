// SPDX-License-Identifier: ISC
/*
 * Trace lines word by word. What the peer chose is never trusted: a name that is no
 * domain or address literal stands in a comment, and bytes that could end a comment or a
 * line become underscores. The one fault is -ENOMEM.
 */
#include "smtp/trace.h"

#include <stdio.h>
#include <string.h>

#include "smtp/address.h"
#include "smtp/authres.h"
#include "smtp/date.h"
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

static int
append_results(struct buffer *b, const struct smtp_trace *t)
{
	struct smtp_authres results = {
		.hostname = t->hostname,
		.mechanism = t->mechanism,
		.user = t->user,
		.device = t->device,
	};

	return t->user && t->mechanism ? smtp_authres_append(b, &results) : 0;
}

static int
append_received(struct buffer *b, const struct smtp_trace *t)
{
	struct smtp_fold f = { .b = b };
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
	int r = append_return_path(b, t->sender);

	if (r == 0)
		r = append_results(b, t);
	return r < 0 ? r : append_received(b, t);
}
