// SPDX-License-Identifier: ISC
/*
 * The slot of the session table and who enters: an address before anything else, a device
 * once it is proved, a user who has logged in. Entering happens under the table's lock,
 * so that of many who come at the same moment exactly as many enter as there is room for.
 * Owns the open files and the slot. Every fault ends in a log record and no limit.
 */
#include "smtpd/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"
#include "host/clock.h"
#include "smtp/reply.h"
#include "smtpd/limits_private.h"
#include "tls/refuse.h"

enum {
	ALERT_ACCESS_DENIED = 49,
	LOCK_MS = 500,
	COME_BACK = 60, /* seconds, to one who only has to wait for another to leave */
	GRACE = 60,     /* seconds behind timeout_session in which a session has ended */
	ROUNDS = 3,     /* of tables that are damaged while they are looked at */
};

static const char TABLE[] = "sessions";

/* Told of files. Damage was mended; anything else keeps the file from being used. */
static void
say(void *context, const char *path, int error)
{
	const struct smtpd_server *s = context;

	if (error == -EBADMSG)
		smtpd_log(s,
			(struct host_record){ .priority = LOG_ERR,
				.event = "shared-file",
				.reason = "damaged" },
			"%s was damaged; it is set aside as %s.damaged, and a new one "
			"begun",
			path, path);
	else if (error == -EUSERS)
		smtpd_log(s,
			(struct host_record){ .priority = LOG_WARNING,
				.event = "shared-file",
				.reason = "full" },
			"The session table in %s is full: this connection is not in it",
			path);
	else
		smtpd_log(s,
			(struct host_record){ .priority = LOG_ERR,
				.event = "shared-file",
				.reason = strerror(-error) },
			"Limits are those of this connection alone: %s: %s", path,
			strerror(-error));
}

static void
say_off(struct smtpd_server *s, int error)
{
	struct smtpd_limits *l = s->limits;

	if (l->off)
		return;
	l->off = true;
	say(s, s->config->run, error);
}

void
smtpd_limits_know(struct smtpd_limits *l, enum config_limited whose)
{
	l->is_known[whose] = host_session_account(&l->row, whose, &l->accounts[whose]);
}

bool
smtpd_limits_lock(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;
	int r = l->off || !l->table ? -EBADF : host_slots_lock(l->table, LOCK_MS);

	if (r < 0 && r != -EBADF)
		say_off(s, r);
	return r == 0;
}

bool
smtpd_limits_read(struct smtpd_server *s, struct host_account *a)
{
	struct smtpd_limits *l = s->limits;

	/* It tells by itself. */
	if (!l->off && host_ledger_read(&l->ledger, a) < 0)
		l->off = true;
	l->looked = host_clock_ms();
	return !l->off;
}

bool
smtpd_limits_write(struct smtpd_server *s, struct host_account *a)
{
	int r;

	if (s->limits->off)
		return false;
	r = host_ledger_write(&s->limits->ledger, a);
	if (r < 0)
		say_off(s, r);
	return r == 0;
}

/* The row as it stands, and the name that goes with it. */
static void
note_written(struct smtpd_limits *l)
{
	if (*l->name && !l->name_written && host_slots_mine(l->table) >= 0)
		l->name_written = host_sessions_write_user(l->table, &l->row, l->name) ==
				  0;
	l->written = host_clock_ms();
	l->shown = l->row.state;
	l->shown_messages = l->row.messages;
}

void
smtpd_limits_write_row(struct smtpd_limits *l)
{
	if (!l->table || l->turned_away || host_slots_mine(l->table) < 0)
		return;
	host_slots_write(l->table, &l->row);
	note_written(l);
}

/* Counts the other sessions, which also finds a free slot. Where neither is needed
 * nothing is looked at. */
static int
count_sessions(struct smtpd_server *s, enum config_limited whose, unsigned *ret)
{
	unsigned most = s->config->limits[whose].sessions;
	struct smtpd_limits *l = s->limits;
	int64_t stale = ((int64_t)s->config->timeout_session + GRACE) * 1000;

	*ret = 0;
	if (most == 0 && host_slots_mine(l->table) >= 0)
		return 0;
	return host_sessions_count(l->table, &l->row, whose, most > 0 ? most : UINT_MAX,
		host_clock_now_ns() / 1000000, stale, ret);
}

static bool
is_over(struct smtpd_server *s, enum config_limited whose, enum host_limited what)
{
	unsigned wait = smtpd_limits_wait(s, whose, what, 1);

	if (wait > 0)
		smtpd_limits_over(s, whose, what, wait, true);
	return wait > 0;
}

/* One more of an account's connections, where too many logins have not failed already. */
static bool
enter_account(struct smtpd_server *s, enum config_limited whose)
{
	struct host_account *a = &s->limits->accounts[whose];

	if (!smtpd_limits_any(s, whose) || !smtpd_limits_has(s->limits, whose) ||
		!smtpd_limits_read(s, a))
		return true;
	if (is_over(s, whose, HOST_LIMIT_FAILURES) ||
		is_over(s, whose, HOST_LIMIT_CONNECTIONS))
		return false;
	if (s->config->limits[whose].connections > 0) {
		smtpd_limits_charge(s, whose, HOST_LIMIT_CONNECTIONS, 1);
		smtpd_limits_write(s, a);
	}
	return true;
}

/* A slot for a connection that has none; one that is not let in has it for its counters
 * alone. Where there is none left it goes on without. */
static void
take_slot(struct smtpd_server *s, bool entered)
{
	struct smtpd_limits *l = s->limits;
	int r;

	if (host_slots_mine(l->table) >= 0 || l->has_none) {
		smtpd_limits_write_row(l);
		return;
	}
	r = host_slots_claim(l->table, entered ? &l->row : NULL);
	l->has_none = r < 0;
	l->name_written = false;
	if (r < 0)
		say(s, s->config->run, r);
	note_written(l);
}

static bool
enter(struct smtpd_server *s, enum config_limited whose, unsigned others)
{
	unsigned most = s->config->limits[whose].sessions;
	bool entered = true;

	if (most > 0 && others >= most) {
		smtpd_limits_over(s, whose, HOST_LIMIT_SESSIONS, COME_BACK, true);
		entered = false;
	}
	entered = entered && enter_account(s, whose);
	take_slot(s, entered);
	return entered;
}

/* One who has a slot and no limits enters by being in the table, soon. */
static bool
is_free_to_enter(const struct smtpd_server *s, enum config_limited whose)
{
	const struct smtpd_limits *l = s->limits;

	return l->table && host_slots_mine(l->table) >= 0 &&
	       s->config->limits[whose].sessions == 0 && !smtpd_limits_any(s, whose);
}

bool
smtpd_limits_enter(struct smtpd_server *s, enum config_limited whose)
{
	struct smtpd_limits *l = s->limits;
	unsigned others;
	bool entered = true;
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < ROUNDS; i++) {
		if (is_free_to_enter(s, whose))
			return true;
		if (!smtpd_limits_lock(s)) {
			smtpd_limits_write_row(l);
			return true;
		}
		r = count_sessions(s, whose, &others);
	}
	if (r < 0)
		say_off(s, r);
	else
		entered = enter(s, whose, others);
	host_slots_unlock(l->table);
	smtpd_limits_tell(s);
	return entered;
}

/* The address as bytes, IPv4 mapped into IPv6; all zero where the peer has none. */
static void
read_address(const struct host_connection *connection, struct host_session *row)
{
	static const uint8_t MAPPED[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (inet_pton(AF_INET, connection->peer, row->address + sizeof MAPPED) == 1)
		memcpy(row->address, MAPPED, sizeof MAPPED);
	else if (inet_pton(AF_INET6, connection->peer, row->address) != 1)
		memset(row->address, 0, sizeof row->address);
}

bool
smtpd_limits_address(
	const struct host_connection *connection, uint8_t ret[HOST_SESSION_ADDRESS])
{
	struct host_session row = { 0 };

	read_address(connection, &row);
	return host_session_address(&row, ret);
}

static void
read_peer(const struct host_connection *connection, struct host_session *row)
{
	const char *port = strrchr(connection->peer_port, ':');
	uint64_t number;

	read_address(connection, row);
	if (port && number_parse(port + 1, strlen(port + 1), 0, UINT16_MAX, &number) == 0)
		row->port = (uint16_t)number;
}

static void
begin_row(struct smtpd_server *s)
{
	struct host_session *row = &s->limits->row;

	row->since = row->changed = host_clock_now_ns() / 1000000;
	row->pid = (uint32_t)getpid();
	if (s->config->tls != CONFIG_TLS_IMPLICIT)
		row->state = HOST_SESSION_DIALOGUE + SMTP_STATE_CONNECTED;
	text_unhex(s->id, strlen(s->id), row->id, sizeof row->id);
	read_peer(s->connection, row);
	smtpd_limits_know(s->limits, CONFIG_LIMIT_ADDRESS);
}

static void
open_files(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	l->ledger.shared.fd = -1;
	if (host_slots_open(s->config->run, TABLE, &l->report, &l->table) < 0) {
		l->table = NULL;
		l->off = true;
		return;
	}
	l->has_ledger = host_ledger_open(s->config->run, &l->report, &l->ledger) == 0;
}

int
smtpd_limits_begin(struct smtpd_server *s)
{
	struct smtpd_limits *l = calloc(1, sizeof *l);

	if (!l)
		return 0;
	s->limits = l;
	l->report = (struct host_shared_report){ say, s };
	l->began = host_clock_ms();
	begin_row(s);
	open_files(s);
	return smtpd_limits_enter(s, CONFIG_LIMIT_ADDRESS) ? 0 : 1;
}

void
smtpd_limits_refuse(struct smtpd_server *s)
{
	CLEANUP(buffer_free) struct buffer reply = { 0 };
	bool speaks_tls = s->config->tls == CONFIG_TLS_IMPLICIT;

	smtp_reply_append(&reply, true, SMTP_REPLY_TURNED_AWAY, s->limits->text);
	if (speaks_tls) {
		s->limits->stats.n[HOST_STAT_HANDSHAKES + HOST_HANDSHAKE_REFUSED]++;
		s->limits->stats.n[host_stat_alert(true, ALERT_ACCESS_DENIED)]++;
	} else
		s->limits->stats.n[host_stat_code(421)]++;
	/* The slot is free before the peer has taken its time to leave. */
	smtpd_limits_end(s);
	if (speaks_tls)
		tls_refuse_alert(s->connection, ALERT_ACCESS_DENIED);
	else
		tls_refuse_text(s->connection, buffer_data(&reply), buffer_len(&reply));
}
