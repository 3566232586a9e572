// SPDX-License-Identifier: ISC
/*
 * What this connection shares with all others: its row in the session table, the limits
 * of its address, device and user, and the counters. Nothing here ever lets anybody in;
 * where the shared files cannot be used the connection goes on under its own limits
 * alone, and the log says so.
 */
#ifndef SMTPD_LIMITS_H
#define SMTPD_LIMITS_H

#include "host/sessions.h"
#include "host/stats.h"
#include "smtpd/session_private.h"

/* Begins, before anything is forked or read: opens the files, which close themselves in
 * a forked child, and enters the peer's address. 0; 1 where that is over a limit, which
 * was logged: smtpd_limits_refuse. */
int smtpd_limits_begin(struct smtpd_server *s);

/* What one address is to the limits: itself, or its network of IPv6. False where the peer
 * has none. */
bool smtpd_limits_address(
	const struct host_connection *connection, uint8_t ret[HOST_SESSION_ADDRESS]);

/* Tells the peer, and ends all of it. */
void smtpd_limits_refuse(struct smtpd_server *s);

/* The end, whatever has happened: counts, and frees the slot. */
void smtpd_limits_end(struct smtpd_server *s);

/* The handshake: that it begins, how it has ended (with the alert, -1 for none, that was
 * sent, or received), and that the device is proved, which is entered then. */
void smtpd_limits_handshake(struct smtpd_server *s);
void smtpd_limits_handshake_ended(
	struct smtpd_server *s, enum host_handshake how, int alert, bool sent);
void smtpd_limits_device(struct smtpd_server *s);

/* The session begins. True where the device is over a limit: the last words are among the
 * replies then. */
bool smtpd_limits_greet(struct smtpd_session *x);

/* An exchange has ended. NULL; or, where the peer is over a limit, what it is to be told:
 * the user is entered only by a login that was right. */
const char *smtpd_limits_login(struct smtpd_session *x, enum auth_verdict verdict);

/* A token is shown. NULL, or what the peer is to be told: the token is not looked at
 * then.
 */
const char *smtpd_limits_token(struct smtpd_session *x);

/* What it was, as auth_redeem has it: a wrong one is a failed login of the source. */
void smtpd_limits_token_judged(struct smtpd_session *x, int taken);

/* How long the answer to a wrong password or token waits, if not as long as this, in
 * milliseconds. */
unsigned smtpd_limits_delay(const struct smtpd_session *x, unsigned delay);

/* A sender, a recipient or a message is asked for. NULL, or what the peer is to be told.
 * A message counts once it is opened. */
const char *smtpd_limits_ask(struct smtpd_session *x, const struct smtp_request *request);

/* A message of so many bytes was accepted. */
void smtpd_limits_accepted(struct smtpd_session *x, size_t recipients, uint64_t bytes);

/* The session waits: its row says how it stands, unless that has changed so lately that
 * it may be different again at once; then x->show is when to come back, else 0. */
void smtpd_limits_show(struct smtpd_session *x);

/* The session ends; another one may follow behind STARTTLS. */
void smtpd_limits_session_ends(struct smtpd_session *x);

#endif
