// SPDX-License-Identifier: ISC
/*
 * A small machine that steps from one interesting place to the next: the beginning of a
 * line, a CR, what follows it. Between them memchr searches and memmove moves. What is
 * held back at the end of a block (a dot, a CR) lives in the state alone, never in the
 * output, so that blocks may be cut anywhere.
 */
#include "smtp/data.h"

#include <string.h>

enum data_state {
	DATA_LINE_START,
	DATA_DOT,    /* a dot that begins a line */
	DATA_DOT_CR, /* and a CR behind it */
	DATA_TEXT,
	DATA_CR,
	DATA_END,
};

struct scan {
	struct smtp_data *d;
	const char *at;
	const char *end;
	char *out; /* where the next byte goes; never beyond at */
};

void
smtp_data_init(struct smtp_data *d, uint64_t max_size)
{
	*d = (struct smtp_data){
		.state = DATA_LINE_START,
		.dots = true,
		.max_size = max_size == 0 ? UINT64_MAX : max_size,
	};
}

void
smtp_data_init_counted(struct smtp_data *d, uint64_t max_size, enum smtp_body body)
{
	smtp_data_init(d, max_size);
	d->dots = false;
	d->binary = body == SMTP_BODY_BINARY;
	d->state = DATA_TEXT;
}

uint64_t
smtp_data_room(const struct smtp_data *d)
{
	return d->max_size - d->size;
}

static void
scan_fault(struct scan *s, enum smtp_data_fault fault)
{
	if (s->d->fault == SMTP_DATA_FINE)
		s->d->fault = fault;
}

/* Takes n bytes of text at s->at into the output, up to the first that is too many. */
static void
scan_text(struct scan *s, size_t n)
{
	struct smtp_data *d = s->d;
	uint64_t line_room = d->binary ? UINT64_MAX : SMTP_DATA_LINE_MAX - d->line;
	uint64_t room = smtp_data_room(d);
	size_t fits = n;

	if (d->fault == SMTP_DATA_FINE) {
		if (room < fits) {
			fits = room;
			d->fault = SMTP_DATA_TOO_BIG;
		}
		if (line_room < fits) {
			fits = line_room;
			d->fault = SMTP_DATA_LINE_TOO_LONG;
		}
		if (s->out != s->at)
			memmove(s->out, s->at, fits);
		s->out += fits;
		d->size += fits;
		d->line += fits;
	}
	s->at += n;
}

static void
scan_newline(struct scan *s)
{
	struct smtp_data *d = s->d;

	if (d->fault == SMTP_DATA_FINE && smtp_data_room(d) < 2)
		d->fault = SMTP_DATA_TOO_BIG;
	if (d->fault == SMTP_DATA_FINE) {
		*s->out++ = '\n';
		d->size += 2;
	}
	d->line = 0;
	s->at++;
}

/* From inside a line to behind its CR, or to the end of the block. */
static void
scan_line(struct scan *s)
{
	size_t n = (size_t)(s->end - s->at);
	const char *cr = memchr(s->at, '\r', n);
	const char *lf = NULL;
	size_t before;

	if (cr)
		n = (size_t)(cr - s->at);
	if (s->d->fault == SMTP_DATA_FINE)
		lf = memchr(s->at, '\n', n);
	if (lf) {
		before = (size_t)(lf - s->at);
		scan_text(s, before);
		scan_fault(s, SMTP_DATA_BARE_LF);
		n -= before;
	}
	scan_text(s, n);
	s->d->state = DATA_TEXT;
	if (cr) {
		s->d->state = DATA_CR;
		s->at++;
	}
}

/* One step from where the machine stands; there is at least one byte. */
static void
scan_step(struct scan *s)
{
	struct smtp_data *d = s->d;

	switch ((enum data_state)d->state) {
	case DATA_LINE_START:
		if (*s->at == '.') {
			d->state = DATA_DOT;
			s->at++;
			return;
		}
		scan_line(s);
		return;
	case DATA_DOT:
		if (*s->at == '\r') {
			d->state = DATA_DOT_CR;
			s->at++;
			return;
		}
		scan_line(s);
		return;
	case DATA_DOT_CR:
	case DATA_CR:
		if (*s->at != '\n') {
			scan_fault(s, SMTP_DATA_BARE_CR);
			scan_line(s);
		} else if (d->state == DATA_DOT_CR) {
			d->state = DATA_END;
			s->at++;
		} else {
			d->state = d->dots ? DATA_LINE_START : DATA_TEXT;
			scan_newline(s);
		}
		return;
	case DATA_TEXT:
		scan_line(s);
		return;
	case DATA_END:
		return;
	}
}

static void
scan_block(struct scan *s, const char *end)
{
	s->end = end;
	while (s->at < end && s->d->state != DATA_END)
		scan_step(s);
}

/* Lines are what matters, and what must not stand in them. */
static void
scan_lines(struct scan *s, const char *in, size_t len)
{
	struct smtp_data *d = s->d;
	const char *nul = NULL;

	if (d->fault == SMTP_DATA_FINE)
		nul = memchr(in, '\0', len);
	if (nul) {
		/* What stands before a NUL counts first; a CR before it is bare. */
		scan_block(s, nul);
		smtp_data_finish(d);
		if (d->state != DATA_END)
			scan_fault(s, SMTP_DATA_NUL);
	}
	scan_block(s, in + len);
}

bool
smtp_data_scan(struct smtp_data *d, const char *in, size_t len, char *out,
	size_t *ret_out, size_t *ret_consumed)
{
	struct scan s = { .d = d, .at = in, .out = out };

	*ret_out = 0;
	*ret_consumed = 0;
	if (len == 0)
		return false;
	if (d->binary)
		scan_text(&s, len);
	else
		scan_lines(&s, in, len);
	*ret_out = (size_t)(s.out - out);
	*ret_consumed = (size_t)(s.at - in);
	return d->state == DATA_END;
}

void
smtp_data_finish(struct smtp_data *d)
{
	bool after_cr = d->state == DATA_CR || d->state == DATA_DOT_CR;

	if (after_cr && d->fault == SMTP_DATA_FINE)
		d->fault = SMTP_DATA_BARE_CR;
}
