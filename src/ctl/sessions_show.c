// SPDX-License-Identifier: ISC
/*
 * Sessions as text and as JSON. Every name is escaped, so that no byte of a peer's is
 * ever taken for a terminal's command.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "ctl/sessions.h"

enum {
	ADDRESS_SIZE = INET6_ADDRSTRLEN,
	PEER_SIZE = ADDRESS_SIZE + 10,
	DEVICE_SHOWN = 16, /* digits of a pin, for people */
	DEVICE_WIDTH = 20, /* and of the column, which may have a label */
	MAPPED_AT = 12,    /* IPv4 in IPv6 */
};

static void
address_of(const struct host_session *row, char ret[ADDRESS_SIZE])
{
	struct in6_addr v6;

	memcpy(&v6, row->address, sizeof v6);
	if (IN6_IS_ADDR_V4MAPPED(&v6))
		inet_ntop(AF_INET, row->address + MAPPED_AT, ret, ADDRESS_SIZE);
	else if (IN6_IS_ADDR_UNSPECIFIED(&v6))
		snprintf(ret, ADDRESS_SIZE, "local");
	else
		inet_ntop(AF_INET6, &v6, ret, ADDRESS_SIZE);
}

static void
peer_of(const struct host_session *row, char ret[PEER_SIZE])
{
	char address[ADDRESS_SIZE];

	address_of(row, address);
	if (row->port == 0)
		snprintf(ret, PEER_SIZE, "%s", address);
	else
		snprintf(ret, PEER_SIZE, strchr(address, ':') ? "[%s]:%u" : "%s:%u",
			address, row->port);
}

static bool
has_device(const struct host_session *row)
{
	static const uint8_t NONE[HOST_SESSION_DEVICE];

	return memcmp(row->device, NONE, sizeof NONE) != 0;
}

/* Its label, or else the beginning of its pin. */
static void
device_of(const struct ctl_session *s, char ret[DEVICE_WIDTH + 1])
{
	char pin[2 * HOST_SESSION_DEVICE + 1];

	text_hex(s->row.device, sizeof s->row.device, pin);
	if (*s->label)
		snprintf(ret, DEVICE_WIDTH + 1, "%.*s", DEVICE_WIDTH, s->label);
	else if (has_device(&s->row))
		snprintf(ret, DEVICE_WIDTH + 1, "%.*s", DEVICE_SHOWN, pin);
	else
		snprintf(ret, DEVICE_WIDTH + 1, "-");
}

/* "7s", "12m", "3h": how long ago a time in milliseconds was. */
static void
age_of(int64_t then, int64_t now, char *ret, size_t size)
{
	int64_t seconds = then < now ? (now - then) / 1000 : 0;

	if (then < 0 || seconds >= INT64_C(100) * 86400)
		snprintf(ret, size, "?");
	else if (seconds < 60)
		snprintf(ret, size, "%" PRId64 "s", seconds);
	else if (seconds < 3600)
		snprintf(ret, size, "%" PRId64 "m%02" PRId64 "s", seconds / 60,
			seconds % 60);
	else
		snprintf(ret, size, "%" PRId64 "h%02" PRId64 "m", seconds / 3600,
			seconds / 60 % 60);
}

/* The least that is left of one thing, whoever's it is; -1 without a limit. */
static int64_t
least_left(const struct ctl_session *s, enum host_limited what)
{
	int64_t least = -1;

	for (unsigned whose = 0; whose < CONFIG_LIMITS; whose++)
		if (s->left[whose][what] >= 0 &&
			(least < 0 || s->left[whose][what] < least))
			least = s->left[whose][what];
	return least;
}

static void
left_of(const struct ctl_session *s, enum host_limited what, char *ret, size_t size)
{
	int64_t left = least_left(s, what);

	if (left < 0)
		snprintf(ret, size, "-");
	else
		snprintf(ret, size, "%" PRId64, left);
}

/* The columns in their order; where a terminal is too narrow, those with the greatest
 * number go first. */
static const struct column {
	const char *head;
	int width;
	bool right;
	unsigned spare;
} COLUMNS[] = {
	{ "SINCE", 7, true, 3 },
	{ "FROM", 21, false, 0 },
	{ "DEVICE", DEVICE_WIDTH, false, 2 },
	{ "USER", 24, false, 1 },
	{ "STATE", 14, false, 4 },
	{ "FOR", 7, true, 6 },
	{ "MSGS", 6, true, 5 },
	{ "RCPTS", 6, true, 7 },
	{ "BYTES", 10, true, 8 },
	{ "MSGSLEFT", 8, true, 9 },
	{ "RCPTLEFT", 8, true, 10 },
};

enum { N_COLUMNS = sizeof COLUMNS / sizeof *COLUMNS, BETWEEN = 2 };

/* Up to which number the columns fit a width; the first always does. */
static unsigned
last_spare(size_t width)
{
	unsigned last = N_COLUMNS;

	for (; width > 0 && last > 0; last--) {
		size_t n = 0;

		for (size_t i = 0; i < N_COLUMNS; i++)
			if (COLUMNS[i].spare <= last)
				n += (size_t)COLUMNS[i].width + (n > 0 ? BETWEEN : 0);
		if (n <= width)
			break;
	}
	return last;
}

/* A line of those columns that are shown. What is wider than its column makes room for
 * itself, as far as the line has any. */
static int
put_columns(struct buffer *b, const char *const texts[N_COLUMNS], unsigned last)
{
	bool first = true;
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_COLUMNS; i++) {
		const struct column *c = &COLUMNS[i];

		if (c->spare > last)
			continue;
		r = buffer_printf(b, c->right ? "%s%*s" : "%s%-*s", first ? "" : "  ",
			c->width, texts[i]);
		first = false;
	}
	return r < 0 ? r : buffer_puts(b, "\n");
}

static int
put_row(struct buffer *b, const struct ctl_session *s, int64_t now, unsigned last)
{
	CLEANUP(buffer_free) struct buffer user = { 0 };
	char device[DEVICE_WIDTH + 1], peer[PEER_SIZE];
	char since[16], lasts[16], left_messages[24], left_recipients[24];
	char messages[16], recipients[16], bytes[24];

	peer_of(&s->row, peer);
	age_of(s->row.since, now, since, sizeof since);
	age_of(s->row.changed, now, lasts, sizeof lasts);
	left_of(s, HOST_LIMIT_MESSAGES, left_messages, sizeof left_messages);
	left_of(s, HOST_LIMIT_RECIPIENTS, left_recipients, sizeof left_recipients);
	device_of(s, device);
	snprintf(messages, sizeof messages, "%" PRIu32, s->row.messages);
	snprintf(recipients, sizeof recipients, "%" PRIu32, s->row.recipients);
	snprintf(bytes, sizeof bytes, "%" PRIu64, s->row.bytes);
	if (text_escape(&user, *s->user ? s->user : "-",
		    strlen(*s->user ? s->user : "-")) < 0 ||
		!buffer_string(&user))
		return -ENOMEM;
	return put_columns(b,
		(const char *const[N_COLUMNS]){ since, peer, device, buffer_string(&user),
			host_session_state_name(s->row.state), lasts, messages,
			recipients, bytes, left_messages, left_recipients },
		last);
}

static int
put_head(struct buffer *b, unsigned last)
{
	const char *texts[N_COLUMNS];

	for (size_t i = 0; i < N_COLUMNS; i++)
		texts[i] = COLUMNS[i].head;
	return put_columns(b, texts, last);
}

/* Cuts what was appended behind at to so many columns; it is ASCII. */
static void
cut_line(struct buffer *b, size_t at, size_t width)
{
	if (width == 0 || buffer_len(b) - at <= width + 1)
		return;
	b->end = b->start + at + width;
	buffer_puts(b, "\n");
}

int
ctl_sessions_text(struct buffer *b, const struct ctl_sessions *s, int64_t now,
	size_t width, size_t rows)
{
	bool all = rows == 0 || s->n <= rows;
	size_t at = buffer_len(b), n = all ? s->n : rows - 1;
	unsigned last = last_spare(width);
	int r = put_head(b, last);

	cut_line(b, at, width);
	for (size_t i = 0; r == 0 && i < n; i++) {
		at = buffer_len(b);
		r = put_row(b, &s->all[i], now, last);
		cut_line(b, at, width);
	}
	if (r < 0 || all)
		return r;
	at = buffer_len(b);
	r = buffer_printf(b, "... and %zu more\n", s->n - n);
	cut_line(b, at, width);
	return r;
}

static int
put_string(struct buffer *b, const char *key, const char *text)
{
	int r = json_name(b, key);

	if (r < 0)
		return r;
	return *text ? json_bytes(b, text, strlen(text)) : buffer_puts(b, "null");
}

static int
put_left(struct buffer *b, const struct ctl_session *s)
{
	int r = buffer_puts(b, ", \"left\": {");

	for (unsigned whose = 0; r == 0 && whose < CONFIG_LIMITS; whose++) {
		r = buffer_printf(
			b, "%s\"%s\": {", whose > 0 ? ", " : "", host_limit_whose(whose));
		for (unsigned what = 0; r == 0 && what < HOST_LIMITED; what++) {
			int64_t left = s->left[whose][what];

			r = buffer_printf(b, "%s\"%s\": ", what > 0 ? ", " : "",
				host_limit_what(what));
			if (r == 0)
				r = left < 0 ? buffer_puts(b, "null")
					     : buffer_printf(b, "%" PRId64, left);
		}
		if (r == 0)
			r = buffer_puts(b, "}");
	}
	return r < 0 ? r : buffer_puts(b, "}");
}

static int
put_object(struct buffer *b, const struct ctl_session *s)
{
	char device[2 * HOST_SESSION_DEVICE + 1] = "", address[ADDRESS_SIZE];
	char id[2 * HOST_SESSION_ID + 1];
	int r;

	text_hex(s->row.id, sizeof s->row.id, id);
	address_of(&s->row, address);
	if (has_device(&s->row))
		text_hex(s->row.device, sizeof s->row.device, device);
	r = buffer_printf(b, "{\"session\": \"%s\", \"pid\": %" PRIu32, id, s->row.pid);
	if (r == 0)
		r = json_time(b, "since", s->row.since / 1000);
	if (r == 0)
		r = put_string(b, "address", address);
	if (r == 0)
		r = json_number(b, "port", s->row.port);
	if (r == 0)
		r = put_string(b, "device", device);
	if (r == 0)
		r = put_string(b, "label", s->label);
	if (r == 0)
		r = put_string(b, "user", s->user);
	if (r == 0)
		r = put_string(b, "state", host_session_state_name(s->row.state));
	if (r == 0)
		r = json_time(b, "state_since", s->row.changed / 1000);
	if (r == 0)
		r = buffer_printf(b,
			", \"messages\": %" PRIu32 ", \"recipients\": %" PRIu32
			", \"bytes\": %" PRIu64,
			s->row.messages, s->row.recipients, s->row.bytes);
	if (r == 0)
		r = put_left(b, s);
	return r < 0 ? r : buffer_puts(b, "}");
}

int
ctl_sessions_json(struct buffer *b, const struct ctl_sessions *s)
{
	int r = buffer_puts(b, "[");

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		r = buffer_puts(b, i > 0 ? ",\n  " : "\n  ");
		if (r == 0)
			r = put_object(b, &s->all[i]);
	}
	return r < 0 ? r : buffer_puts(b, s->n > 0 ? "\n]\n" : "]\n");
}
