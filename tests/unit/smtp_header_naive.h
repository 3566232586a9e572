// SPDX-License-Identifier: ISC
/*
 * What the header reader has to answer for a whole message, found the slow way: a line at
 * a time, each looked at from its beginning, each byte judged alone.
 */
#ifndef TESTS_SMTP_HEADER_NAIVE_H
#define TESTS_SMTP_HEADER_NAIVE_H

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "smtp/header.h"

struct naive {
	const struct smtp_header_facts *facts;
	const char *in;
	size_t len, at; /* where the next line begins */
	enum smtp_data_fault fault;
	char *out; /* the header alone; has room for NAIVE_MORE bytes more than len */
	size_t stored;
	size_t body_at;
	size_t size, fields, received;
	bool dated, identified;
};

enum { NAIVE_MORE = 1024 };

struct naive_line {
	size_t from, text, end; /* in the message; text is behind the last byte of it */
	bool ended, crlf;
};

static inline struct naive_line
naive_next_line(const struct naive *n)
{
	struct naive_line l = { .from = n->at, .text = n->at };

	while (l.text < n->len && n->in[l.text] != '\n')
		l.text++;
	l.ended = l.text < n->len;
	l.end = l.ended ? l.text + 1 : l.text;
	if (l.ended && l.text > l.from && n->in[l.text - 1] == '\r') {
		l.crlf = true;
		l.text--;
	}
	return l;
}

/* Where the colon of a field stands, or 0: no field begins with one. */
static inline size_t
naive_colon(const struct naive *n, const struct naive_line *l)
{
	size_t i = l->from;

	while (i < l->text && (unsigned char)n->in[i] >= 33 &&
		(unsigned char)n->in[i] <= 126 && n->in[i] != ':')
		i++;
	if (i == l->from)
		return 0;
	while (i < l->text && (n->in[i] == ' ' || n->in[i] == '\t'))
		i++;
	if (i == l->text || n->in[i] != ':' || i - l->from >= SMTP_HEADER_COLON_MAX)
		return 0;
	return i;
}

static inline bool
naive_continues(const struct naive *n, const struct naive_line *l)
{
	return l->text > l->from && (n->in[l->from] == ' ' || n->in[l->from] == '\t');
}

static inline void
naive_fault(struct naive *n, enum smtp_data_fault fault)
{
	if (n->fault == SMTP_DATA_FINE)
		n->fault = fault;
}

/* Counts text byte by byte, from some place in the line on. */
static inline void
naive_count(struct naive *n, const struct naive_line *l, size_t from)
{
	for (size_t i = from; i < l->text && n->fault == SMTP_DATA_FINE; i++) {
		if (n->in[i] == '\r')
			naive_fault(n, SMTP_DATA_BARE_CR);
		else if (n->in[i] == '\0')
			naive_fault(n, SMTP_DATA_NUL);
		else if (++n->size > SMTP_HEADER_SIZE_MAX)
			naive_fault(n, SMTP_DATA_HEADER_TOO_BIG);
		else if (i - l->from >= SMTP_HEADER_LINE_MAX)
			naive_fault(n, SMTP_DATA_HEADER_LINE);
	}
	if (!l->ended || n->fault != SMTP_DATA_FINE)
		return;
	if (n->facts->crlf && !l->crlf)
		naive_fault(n, SMTP_DATA_BARE_LF);
	n->size += 2;
	if (n->size > SMTP_HEADER_SIZE_MAX)
		naive_fault(n, SMTP_DATA_HEADER_TOO_BIG);
}

static inline void
naive_put(struct naive *n, const char *data, size_t len)
{
	memcpy(n->out + n->stored, data, len);
	n->stored += len;
}

static inline void
naive_puts(struct naive *n, const char *text)
{
	naive_put(n, text, strlen(text));
}

static inline bool
naive_is(const struct naive *n, size_t from, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(n->in + from, name, len) == 0;
}

/* Whether the field whose bytes begin there and end before `end` is stored. */
static inline bool
naive_stays(struct naive *n, size_t from, size_t len, size_t colon, size_t end)
{
	size_t judged = end - from;

	if (naive_is(n, from, len, "bcc") || naive_is(n, from, len, "resent-bcc") ||
		naive_is(n, from, len, "return-path"))
		return false;
	if (!naive_is(n, from, len, "authentication-results"))
		return true;
	if (judged > SMTP_HEADER_HOLD)
		judged = SMTP_HEADER_HOLD;
	return smtp_authres_is_foreign(
		n->in + colon + 1, from + judged - colon - 1, &n->facts->ours);
}

/* A field with all its lines; the message goes on behind it. */
static inline void
naive_field(struct naive *n, struct naive_line l, size_t colon)
{
	size_t from = l.from, len = 0;

	n->size += colon + 1 - from;
	if (n->size > SMTP_HEADER_SIZE_MAX)
		naive_fault(n, SMTP_DATA_HEADER_TOO_BIG);
	while (!strchr(" \t:", n->in[from + len]))
		len++;
	if (len > SMTP_HEADER_NAME_MAX)
		naive_fault(n, SMTP_DATA_HEADER_NAME);
	if (++n->fields > SMTP_HEADER_FIELDS_MAX)
		naive_fault(n, SMTP_DATA_HEADER_TOO_BIG);
	n->received += naive_is(n, from, len, "received");
	if (n->received > SMTP_HEADER_RECEIVED_MAX)
		naive_fault(n, SMTP_DATA_LOOP);
	n->dated |= naive_is(n, from, len, "date");
	n->identified |= naive_is(n, from, len, "message-id");
	naive_count(n, &l, colon + 1);
	n->at = l.end;
	while (n->at < n->len && n->fault == SMTP_DATA_FINE) {
		l = naive_next_line(n);
		if (!naive_continues(n, &l))
			break;
		naive_count(n, &l, l.from);
		n->at = l.end;
	}
	if (naive_stays(n, from, len, colon, n->at))
		naive_put(n, n->in + from, n->at - from);
}

static inline void
naive_add(struct naive *n, const char *date)
{
	const char *end = n->facts->crlf ? "\r\n" : "\n";
	bool needed = !n->dated || !n->identified;

	if (needed && n->stored > 0 && n->out[n->stored - 1] != '\n')
		naive_puts(n, end);
	if (!n->dated) {
		naive_puts(n, "Date: ");
		naive_puts(n, date);
		naive_puts(n, end);
	}
	if (!n->identified) {
		naive_puts(n, "Message-ID: <");
		naive_puts(n, n->facts->id);
		naive_puts(n, "@");
		naive_puts(n, n->facts->ours.hostname);
		naive_puts(n, ">");
		naive_puts(n, end);
	}
}

/* How the header ends: what is added, the empty line, and where the body begins. */
static inline void
naive_end(struct naive *n, const char *date)
{
	struct naive_line l = naive_next_line(n);

	naive_add(n, date);
	n->body_at = n->at;
	if (n->at == n->len)
		return;
	if (l.ended && l.text == l.from) {
		naive_put(n, n->in + l.from, l.end - l.from);
		n->body_at = l.end;
		if (n->facts->crlf && !l.crlf)
			naive_fault(n, SMTP_DATA_BARE_LF);
	} else {
		naive_puts(n, n->facts->crlf ? "\r\n" : "\n");
	}
}

/* date is that of facts->time. The caller frees out. */
static inline struct naive
naive_header(const struct smtp_header_facts *facts, const char *date, const char *in,
	size_t len)
{
	struct naive n = { .facts = facts, .in = in, .len = len };

	n.out = malloc(len + NAIVE_MORE);
	while (n.at < len && n.fault == SMTP_DATA_FINE) {
		struct naive_line l = naive_next_line(&n);
		size_t colon = naive_colon(&n, &l);

		if (colon == 0)
			break;
		naive_field(&n, l, colon);
	}
	if (n.fault == SMTP_DATA_FINE)
		naive_end(&n, date);
	return n;
}

#endif
