// SPDX-License-Identifier: ISC
/*
 * Values are escaped byte by byte into their place, and taken back to the last whole one
 * where they pass their limit.
 */
#include "host/log_record.h"

#include <string.h>

#include "base/calendar.h"
#include "base/text.h"
#include "host/log_event.h"

enum { MESSAGE_MAX = 1024, FIELDS = 7, REASON = 6 };

struct field {
	const char *value; /* or NULL */
	const char *key;
	const char *journal;
	size_t max; /* bytes when escaped */
};

/* All limits together with keys, time and marks stay below HOST_LOG_LINE_MAX. */
static void
list_fields(struct field ret[FIELDS], const struct host_record *r, const char *session,
	const char *peer)
{
	const struct field fields[FIELDS] = {
		{ r->event, "event", "POSTERN_EVENT", 64 },
		{ session, "session", "POSTERN_SESSION", 64 },
		{ peer, "peer", "POSTERN_PEER", 128 },
		{ r->device, "device", "POSTERN_DEVICE", 128 },
		{ r->user, "user", "POSTERN_USER", 512 },
		{ r->queue_id, "queue_id", "POSTERN_QUEUE_ID", 64 },
		[REASON] = { r->reason, "reason", "POSTERN_REASON", 1024 },
	};

	memcpy(ret, fields, sizeof(fields));
}

/* Escapes one byte more; and `also`, if it is that one. */
static int
put_byte(struct buffer *b, char c, char also)
{
	char hex[3];

	if (c != also)
		return text_escape(b, &c, 1);
	text_hex(&c, 1, hex);
	return buffer_printf(b, "\\x%s", hex);
}

static int
put_value(struct buffer *b, const char *value, size_t max, char also)
{
	size_t start = buffer_len(b);

	for (; *value; value++) {
		size_t before = buffer_len(b);
		int r = put_byte(b, *value, also);

		if (r < 0)
			return r;
		if (buffer_len(b) - start > max) {
			b->end -= buffer_len(b) - before;
			return buffer_puts(b, "\\...");
		}
	}
	return 0;
}

static int
put_text_field(struct buffer *b, const struct field *f, bool quote)
{
	int r = buffer_printf(b, " %s=%s", f->key, quote ? "\"" : "");

	if (r == 0)
		r = put_value(b, f->value, f->max, '\0');
	if (r == 0 && quote)
		r = buffer_puts(b, "\"");
	return r;
}

static int
put_prefix(struct buffer *b, const struct timespec *now, long pid)
{
	char time[CALENDAR_STAMP_SIZE];

	calendar_stamp(now->tv_sec, time);
	return buffer_printf(b, "%s.%03ldZ " HOST_LOG_IDENTIFIER "[%ld]: ", time,
		now->tv_nsec / 1000000, pid);
}

int
host_log_record_text(struct buffer *b, const struct host_record *record,
	const char *session, const char *peer, const struct timespec *now, long pid)
{
	struct field fields[FIELDS];
	int r = put_prefix(b, now, pid);

	list_fields(fields, record, session, peer);
	if (r == 0 && record->message)
		r = put_value(b, record->message, MESSAGE_MAX, '=');
	for (size_t i = 0; r == 0 && i < FIELDS; i++) {
		const char *value = fields[i].value;

		if (value)
			r = put_text_field(b, &fields[i],
				i == REASON || !*value || strpbrk(value, " ="));
	}
	return r < 0 ? r : buffer_puts(b, "\n");
}

static int
put_journal_field(struct buffer *b, const char *name, const char *value, size_t max)
{
	int r = buffer_printf(b, "%s=", name);

	if (r == 0)
		r = put_value(b, value, max, '\0');
	return r < 0 ? r : buffer_puts(b, "\n");
}

int
host_log_record_fields(struct buffer *b, const struct host_record *record,
	const char *session, const char *peer)
{
	struct field fields[FIELDS];
	const char *id = record->event ? host_log_event_id(record->event) : NULL;
	int r = put_journal_field(
		b, "MESSAGE", record->message ? record->message : "", MESSAGE_MAX);

	list_fields(fields, record, session, peer);
	if (r == 0)
		r = buffer_printf(b,
			"PRIORITY=%d\nSYSLOG_IDENTIFIER=" HOST_LOG_IDENTIFIER "\n",
			record->priority & 7);
	if (r == 0 && id)
		r = buffer_printf(b, "MESSAGE_ID=%s\n", id);
	for (size_t i = 0; r == 0 && i < FIELDS; i++)
		if (fields[i].value)
			r = put_journal_field(
				b, fields[i].journal, fields[i].value, fields[i].max);
	return r;
}
