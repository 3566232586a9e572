// SPDX-License-Identifier: ISC
/*
 * A machine over the header section. A name is held back until its colon says that it is
 * one; then the field's fate is known and its bytes pass, or are dropped, in blocks. The
 * one field whose fate hangs on its value is held back with it. All else lives in the
 * state, so that blocks may be cut anywhere. Owns nothing.
 */
#include "smtp/header.h"

#include <string.h>

#include "base/text.h"
#include "smtp/date.h"

enum header_state {
	HEADER_LINE_START,
	HEADER_START_CR,   /* a CR that begins a line, held */
	HEADER_NAME,       /* of a field, if a colon comes */
	HEADER_NAME_BLANK, /* behind it: the obsolete syntax of RFC 5322 section 4.5 */
	HEADER_VALUE,
	HEADER_VALUE_CR,
	HEADER_BODY,
};

enum header_fate {
	FATE_KEEP,
	FATE_DROP,
	FATE_JUDGE, /* held back until it is complete, or the hold is full */
};

struct scan {
	struct smtp_header *h;
	const char *at;
	const char *end;
	struct buffer *out;
	int r; /* the first error */
};

void
smtp_header_init(struct smtp_header *h, const struct smtp_header_facts *facts)
{
	memset(h, 0, offsetof(struct smtp_header, hold));
	h->facts = *facts;
	h->state = HEADER_LINE_START;
	h->fate = FATE_KEEP;
}

bool
smtp_header_ended(const struct smtp_header *h)
{
	return h->state == HEADER_BODY && h->fault == SMTP_DATA_FINE;
}

static void
scan_fault(struct scan *s, enum smtp_data_fault fault)
{
	if (s->h->fault == SMTP_DATA_FINE)
		s->h->fault = fault;
}

static void
scan_store(struct scan *s, const char *data, size_t len)
{
	if (s->r == 0)
		s->r = buffer_append(s->out, data, len);
}

static void
scan_hold(struct scan *s)
{
	s->h->hold[s->h->held++] = *s->at++;
}

static void
release(struct scan *s)
{
	scan_store(s, s->h->hold, s->h->held);
	s->h->held = 0;
}

/* Counts bytes of a line's text against both limits. */
static bool
count_text(struct scan *s, size_t n)
{
	struct smtp_header *h = s->h;
	size_t room = SMTP_HEADER_SIZE_MAX - h->size;
	size_t line_room = SMTP_HEADER_LINE_MAX - h->line;

	if (n > room || n > line_room) {
		scan_fault(s, room <= line_room ? SMTP_DATA_HEADER_TOO_BIG
						: SMTP_DATA_HEADER_LINE);
		return false;
	}
	h->size += n;
	h->line += n;
	return true;
}

/* What is held of a field says whether it may stay. */
static void
judge_field(struct scan *s)
{
	struct smtp_header *h = s->h;
	bool foreign = smtp_authres_is_foreign(
		h->hold + h->value_at, h->held - h->value_at, &h->facts.ours);

	h->fate = foreign ? FATE_KEEP : FATE_DROP;
	if (foreign)
		release(s);
	h->held = 0;
}

/* Bytes of the field that is being read, line ends included. */
static void
field_bytes(struct scan *s, const char *data, size_t n)
{
	struct smtp_header *h = s->h;

	if (h->fate == FATE_JUDGE) {
		size_t room = SMTP_HEADER_HOLD - h->held;
		size_t fits = n < room ? n : room;

		memcpy(h->hold + h->held, data, fits);
		h->held += fits;
		if (fits == n)
			return;
		judge_field(s);
		data += fits;
		n -= fits;
	}
	if (h->fate == FATE_KEEP)
		scan_store(s, data, n);
}

static void
end_field(struct scan *s)
{
	if (s->h->fate == FATE_JUDGE)
		judge_field(s);
}

static void
store_line_end(struct scan *s)
{
	if (s->h->facts.crlf)
		scan_store(s, "\r\n", 2);
	else
		scan_store(s, "\n", 1);
}

static void
store_text(struct scan *s, const char *text)
{
	scan_store(s, text, strlen(text));
}

/* RFC 6409 sections 8.2 and 8.3. */
static void
add_missing(struct scan *s)
{
	const struct smtp_header_facts *facts = &s->h->facts;
	char date[SMTP_DATE_SIZE];

	if (!s->h->dated) {
		smtp_date_write(facts->time, date);
		store_text(s, "Date: ");
		store_text(s, date);
		store_line_end(s);
	}
	if (!s->h->identified) {
		store_text(s, "Message-ID: <");
		store_text(s, facts->id);
		store_text(s, "@");
		store_text(s, facts->ours.hostname);
		store_text(s, ">");
		store_line_end(s);
	}
}

/* The empty line has come, and is held. */
static void
end_header(struct scan *s)
{
	add_missing(s);
	release(s);
	s->h->state = HEADER_BODY;
}

/* The line that has begun, and may be held, is no field. */
static void
begin_body(struct scan *s)
{
	add_missing(s);
	store_line_end(s);
	release(s);
	s->h->state = HEADER_BODY;
}

static enum header_fate
name_field(struct scan *s, const char *name, size_t len)
{
	struct smtp_header *h = s->h;

	h->dated |= text_equal(name, len, "Date");
	h->identified |= text_equal(name, len, "Message-ID");
	if (text_equal(name, len, "Received") && ++h->received > SMTP_HEADER_RECEIVED_MAX)
		scan_fault(s, SMTP_DATA_LOOP);
	if (text_equal(name, len, "Authentication-Results"))
		return FATE_JUDGE;
	/* All recipients share one file (RFC 5322 sections 3.6.3 and 3.6.6). */
	if (text_equal(name, len, "Bcc") || text_equal(name, len, "Resent-Bcc"))
		return FATE_DROP;
	/* RFC 5321 section 4.4: there is one, and it is ours. */
	return text_equal(name, len, "Return-Path") ? FATE_DROP : FATE_KEEP;
}

/* RFC 5322 section 2.2; UTF-8 has no place in a name (RFC 6532 section 3.2). */
static bool
is_name(char c)
{
	return c > ' ' && c <= '~' && c != ':';
}

/* The colon has come, and is held with all before it. */
static void
begin_field(struct scan *s)
{
	struct smtp_header *h = s->h;
	size_t len = 0;

	h->line = 0;
	if (!count_text(s, h->held))
		return;
	while (is_name(h->hold[len]))
		len++;
	if (len > SMTP_HEADER_NAME_MAX)
		scan_fault(s, SMTP_DATA_HEADER_NAME);
	if (++h->fields > SMTP_HEADER_FIELDS_MAX)
		scan_fault(s, SMTP_DATA_HEADER_TOO_BIG);
	h->fate = name_field(s, h->hold, len);
	h->value_at = h->held;
	if (h->fate == FATE_KEEP)
		release(s);
	else if (h->fate == FATE_DROP)
		h->held = 0;
	h->state = HEADER_VALUE;
}

static void
step_line_start(struct scan *s)
{
	struct smtp_header *h = s->h;

	if (text_is_blank(*s->at) && h->fields > 0) {
		h->line = 0;
		h->state = HEADER_VALUE;
		return;
	}
	end_field(s);
	if (*s->at == '\r') {
		scan_hold(s);
		h->state = HEADER_START_CR;
	} else if (*s->at == '\n' && h->facts.crlf) {
		scan_fault(s, SMTP_DATA_BARE_LF);
	} else if (*s->at == '\n') {
		scan_hold(s);
		end_header(s);
	} else if (is_name(*s->at)) {
		h->state = HEADER_NAME;
	} else {
		begin_body(s);
	}
}

static void
step_start_cr(struct scan *s)
{
	if (*s->at != '\n') {
		begin_body(s);
		return;
	}
	scan_hold(s);
	end_header(s);
}

static void
step_name(struct scan *s)
{
	struct smtp_header *h = s->h;
	bool blank = h->state == HEADER_NAME_BLANK;

	while (s->at < s->end && h->held < SMTP_HEADER_COLON_MAX - 1 &&
		(blank ? text_is_blank(*s->at) : is_name(*s->at)))
		scan_hold(s);
	if (s->at == s->end)
		return;
	if (*s->at == ':') {
		scan_hold(s);
		begin_field(s);
	} else if (text_is_blank(*s->at) && !blank) {
		h->state = HEADER_NAME_BLANK;
	} else {
		begin_body(s);
	}
}

static void
take_line_end(struct scan *s, const char *end)
{
	if (SMTP_HEADER_SIZE_MAX - s->h->size < 2) {
		scan_fault(s, SMTP_DATA_HEADER_TOO_BIG);
		return;
	}
	s->h->size += 2;
	field_bytes(s, end, strlen(end));
	s->at++;
	s->h->state = HEADER_LINE_START;
}

/* To the end of the line, of the block, or to what may not stand there. */
static void
step_value(struct scan *s)
{
	size_t n = (size_t)(s->end - s->at);
	const char *stop;

	stop = memchr(s->at, '\n', n);
	n = stop ? (size_t)(stop - s->at) : n;
	stop = memchr(s->at, '\r', n);
	n = stop ? (size_t)(stop - s->at) : n;
	stop = memchr(s->at, '\0', n);
	n = stop ? (size_t)(stop - s->at) : n;
	if (!count_text(s, n))
		return;
	field_bytes(s, s->at, n);
	s->at += n;
	if (s->at == s->end)
		return;
	if (*s->at == '\0') {
		scan_fault(s, SMTP_DATA_NUL);
	} else if (*s->at == '\r') {
		s->at++;
		s->h->state = HEADER_VALUE_CR;
	} else if (s->h->facts.crlf) {
		scan_fault(s, SMTP_DATA_BARE_LF);
	} else {
		take_line_end(s, "\n");
	}
}

static void
step_value_cr(struct scan *s)
{
	if (*s->at == '\n')
		take_line_end(s, "\r\n");
	else
		scan_fault(s, SMTP_DATA_BARE_CR);
}

/* One step from where the machine stands; there is at least one byte. */
static void
scan_step(struct scan *s)
{
	switch ((enum header_state)s->h->state) {
	case HEADER_LINE_START:
		step_line_start(s);
		return;
	case HEADER_START_CR:
		step_start_cr(s);
		return;
	case HEADER_NAME:
	case HEADER_NAME_BLANK:
		step_name(s);
		return;
	case HEADER_VALUE:
		step_value(s);
		return;
	case HEADER_VALUE_CR:
		step_value_cr(s);
		return;
	case HEADER_BODY:
		return;
	}
}

int
smtp_header_feed(struct smtp_header *h, const char *in, size_t len, struct buffer *out,
	size_t *ret_taken)
{
	struct scan s = { .h = h, .at = in, .end = in + len, .out = out };

	while (s.at < s.end && h->state != HEADER_BODY && h->fault == SMTP_DATA_FINE)
		scan_step(&s);
	*ret_taken = h->fault == SMTP_DATA_FINE ? (size_t)(s.at - in) : len;
	return s.r;
}

/* A last line without an end. What is added needs one, unless nothing of it is stored. */
static void
finish_value(struct scan *s)
{
	end_field(s);
	if (s->h->fate == FATE_KEEP && !(s->h->dated && s->h->identified))
		store_line_end(s);
	add_missing(s);
}

int
smtp_header_finish(struct smtp_header *h, struct buffer *out)
{
	struct scan s = { .h = h, .out = out };

	if (h->fault != SMTP_DATA_FINE)
		return 0;
	switch ((enum header_state)h->state) {
	case HEADER_LINE_START:
		end_field(&s);
		add_missing(&s);
		break;
	case HEADER_START_CR:
	case HEADER_NAME:
	case HEADER_NAME_BLANK:
		begin_body(&s);
		break;
	case HEADER_VALUE:
		finish_value(&s);
		break;
	case HEADER_VALUE_CR:
		scan_fault(&s, SMTP_DATA_BARE_CR);
		break;
	case HEADER_BODY:
		break;
	}
	h->state = HEADER_BODY;
	return s.r;
}
