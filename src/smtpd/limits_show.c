// SPDX-License-Identifier: ISC
/*
 * How this connection stands, in its row of the session table, and what it has come to,
 * in the counters. Owns nothing. What cannot be written is not shown.
 */
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "smtpd/limits_private.h"

/* A state that lasts less is not worth a write. */
enum { SHOW_AFTER_MS = 50 };

static void
set_state(struct smtpd_limits *l, unsigned state)
{
	if (l->row.state == state)
		return;
	l->row.state = (uint8_t)state;
	l->row.changed = host_clock_now_ns() / 1000000;
}

void
smtpd_limits_handshake(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	if (!l)
		return;
	l->handshake_began = host_clock_ms();
	set_state(l, HOST_SESSION_HANDSHAKE);
	if (l->shown != HOST_SESSION_HANDSHAKE)
		smtpd_limits_write_row(l);
}

void
smtpd_limits_handshake_ended(
	struct smtpd_server *s, enum host_handshake how, int alert, bool sent)
{
	struct smtpd_limits *l = s->limits;

	if (!l || l->handshake_began == 0 || l->handshake_counted)
		return;
	l->handshake_counted = true;
	l->stats.n[HOST_STAT_HANDSHAKES + how]++;
	if (alert >= 0)
		l->stats.n[host_stat_alert(sent, alert)]++;
	host_stats_observe(&l->stats, HOST_STAT_HANDSHAKE_TIME,
		host_clock_ms() - l->handshake_began);
}

void
smtpd_limits_device(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	smtpd_limits_handshake_ended(s, HOST_HANDSHAKE_PROVED, -1, true);
	if (!l)
		return;
	set_state(l, HOST_SESSION_DIALOGUE + SMTP_STATE_CONNECTED);
	memcpy(l->row.device, s->identity.pin, sizeof l->row.device);
	/* A stranger makes as many keys as it likes: only its address counts. */
	if (s->enrols_only)
		return;
	smtpd_limits_know(l, CONFIG_LIMIT_DEVICE);
	smtpd_limits_enter(s, CONFIG_LIMIT_DEVICE);
}

bool
smtpd_limits_greet(struct smtpd_session *x)
{
	struct smtpd_limits *l = x->s->limits;

	if (!l)
		return false;
	smtpd_limits_guard(x->s);
	if (!l->turned_away)
		return false;
	x->state = SMTPD_SESSION_CLOSES;
	x->why = "limited";
	if (smtp_dialogue_turn_away(x->dialogue, l->text, &x->replies) < 0)
		x->state = SMTPD_SESSION_LOST;
	return true;
}

void
smtpd_limits_show(struct smtpd_session *x)
{
	struct smtpd_limits *l = x->s->limits;
	int64_t now;

	x->show = 0;
	if (!l)
		return;
	set_state(l, HOST_SESSION_DIALOGUE + smtp_dialogue_state(x->dialogue));
	l->row.bytes = x->s->channel.received;
	if (l->row.state == l->shown && l->row.messages == l->shown_messages)
		return;
	now = host_clock_ms();
	if (now - l->written < SHOW_AFTER_MS)
		x->show = l->written + SHOW_AFTER_MS;
	else
		smtpd_limits_write_row(l);
}

void
smtpd_limits_session_ends(struct smtpd_session *x)
{
	struct smtpd_limits *l = x->s->limits;

	for (unsigned code = 400; l && x->dialogue && code < 600; code++) {
		unsigned n = smtp_dialogue_refusals(x->dialogue, code);

		if (n > 0)
			l->stats.n[host_stat_code(code)] += n;
	}
}

static void
count(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	smtpd_limits_handshake_ended(s, HOST_HANDSHAKE_FAULT, -1, true);
	l->stats.n[HOST_STAT_CONNECTIONS]++;
	l->stats.n[HOST_STAT_BYTES] += s->channel.received;
	host_stats_observe(&l->stats, HOST_STAT_SESSION_TIME, host_clock_ms() - l->began);
	host_stats_add(l->table, &l->stats);
}

void
smtpd_limits_end(struct smtpd_server *s)
{
	struct smtpd_limits *l = s->limits;

	if (!l)
		return;
	if (l->table && host_slots_mine(l->table) >= 0)
		count(s);
	s->limits = NULL;
	s->peer.may_try = NULL;
	host_slots_free(l->table);
	if (l->has_ledger)
		host_ledger_close(&l->ledger);
	free(l);
}
