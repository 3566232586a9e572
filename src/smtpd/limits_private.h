// SPDX-License-Identifier: ISC
/*
 * What limits.c and limits_use.c share.
 */
#ifndef SMTPD_LIMITS_PRIVATE_H
#define SMTPD_LIMITS_PRIVATE_H

#include "host/ledger.h"
#include "host/limit.h"
#include "host/sessions.h"
#include "smtpd/limits.h"

/* What was refused and is to be logged. */
struct smtpd_over {
	unsigned wait; /* 0: nothing */
	enum config_limited whose;
	enum host_limited what;
};

struct smtpd_limits {
	struct host_shared_report report;
	struct host_slots *table; /* NULL: it cannot be used */
	bool has_none;            /* no slot was left in it */
	struct host_ledger ledger;
	bool has_ledger;
	bool off;                     /* no limit is looked at any more */
	bool is_known[CONFIG_LIMITS]; /* whose accounts these are */
	struct host_account accounts[CONFIG_LIMITS];
	int64_t looked;              /* at an account the last time, by host_clock_ms */
	struct host_account failing; /* of the user from this source and device */
	bool is_failing_known;       /* whose account that is, in the login under way */
	struct host_failures failures;
	const char *user;                     /* of whom a record may speak, or NULL */
	char name[HOST_SESSION_USER_MAX + 1]; /* who has logged in; "" for nobody */
	bool name_written;
	struct host_session row;
	int64_t written; /* the row, by host_clock_ms */
	unsigned shown;  /* the state in it */
	uint32_t shown_messages;
	unsigned recipients; /* that there is room for, as of the last MAIL */
	enum config_limited recipients_whose;
	unsigned recipients_wait;       /* until there is room for one more, in seconds */
	int64_t began, handshake_began; /* by host_clock_ms; 0: there was none */
	bool handshake_counted;
	struct host_stats stats;
	bool turned_away; /* by a limit that ends the connection */
	struct smtpd_over over;
	char text[400]; /* for the peer */
};

/* Names the account of whom the row names. */
void smtpd_limits_know(struct smtpd_limits *l, enum config_limited whose);

/* Whether the account has any limit that is kept in the ledger. */
bool smtpd_limits_any(const struct smtpd_server *s, enum config_limited whose);

/* Whether the ledger can be used for that account. */
bool smtpd_limits_has(const struct smtpd_limits *l, enum config_limited whose);

/* Takes the lock that every change of an account needs. False where it cannot be had,
 * which ends all looking at limits, as the log says. */
bool smtpd_limits_lock(struct smtpd_server *s);

/* Reads an account into l->accounts; writes it back. False where that failed, as above.
 */
bool smtpd_limits_read(struct smtpd_server *s, struct host_account *a);
bool smtpd_limits_write(struct smtpd_server *s, struct host_account *a);

/* Room for n more, as the account that was read has it: 0, or seconds. */
unsigned smtpd_limits_wait(struct smtpd_server *s, enum config_limited whose,
	enum host_limited what, unsigned n);
void smtpd_limits_charge(struct smtpd_server *s, enum config_limited whose,
	enum host_limited what, unsigned n);

/* Enters the device or the user, whose account was named and whose mark is in the row:
 * one more session at a time, one more connection. False where that is over a limit. */
bool smtpd_limits_enter(struct smtpd_server *s, enum config_limited whose);

/* From now on a login asks first. */
void smtpd_limits_guard(struct smtpd_server *s);

/* Over a limit, for wait seconds: counted, and l->text says so. It may be called under
 * the lock; the log is told by the next one, which may not. */
void smtpd_limits_over(struct smtpd_server *s, enum config_limited whose,
	enum host_limited what, unsigned wait, bool closes);
void smtpd_limits_tell(struct smtpd_server *s);

/* Writes the row as it is. */
void smtpd_limits_write_row(struct smtpd_limits *l);

#endif
