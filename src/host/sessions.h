// SPDX-License-Identifier: ISC
/*
 * The session table: who is connected now, a slot of host/slots.h each. The row says
 * where from, which device and which user, and so is what others count who have to keep a
 * limit; the page holds what a row has no room for, the user's name and the counters of
 * host/stats.h. Only a slot whose lock is held is a session.
 */
#ifndef HOST_SESSIONS_H
#define HOST_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "host/ledger.h"
#include "host/slots.h"
#include "smtp/state.h"

enum {
	HOST_SESSION_ID = 8,
	HOST_SESSION_ADDRESS = 16,
	HOST_SESSION_DEVICE = 32,
	HOST_SESSION_USER_MAX = 480, /* of a user's name in the page, without NUL */
};

/* States beside those of the dialogue, which follow them in this order. */
enum host_session_state {
	HOST_SESSION_HANDSHAKE,
	HOST_SESSION_DIALOGUE, /* + enum smtp_state */
	HOST_SESSION_STATES = HOST_SESSION_DIALOGUE + SMTP_STATES,
};

/* A row, as it is stored. Zero where a thing is not known. */
struct host_session {
	int64_t since;   /* milliseconds since 1970, like the next */
	int64_t changed; /* the state */
	uint8_t id[HOST_SESSION_ID];
	uint8_t address[HOST_SESSION_ADDRESS]; /* IPv6, or IPv4 mapped into it */
	uint8_t device[HOST_SESSION_DEVICE];   /* the pin of a key that was proved */
	uint64_t user;     /* stands for the user; a hash of the name */
	uint64_t bytes;    /* that have come from the peer */
	uint32_t messages; /* accepted */
	uint32_t recipients;
	uint32_t pid;
	uint16_t port;
	uint8_t state;
	uint8_t spare[17];
};
_Static_assert(sizeof(struct host_session) == HOST_SLOTS_ROW, "session");

/* "handshake", or as smtp_state_name; "unknown" for a number that is no state. */
const char *host_session_state_name(unsigned state);

/* Whether both sessions are known to be of the same address, device or user; one network
 * of IPv6, by the upper 64 bits, is one address. */
bool host_session_same(const struct host_session *a, const struct host_session *b,
	enum config_limited whose);

/* What tells that address from others, the rest zero. False where it is not known. */
bool host_session_address(
	const struct host_session *session, uint8_t ret[HOST_SESSION_ADDRESS]);

/* Begins the account of the session's address, device or user; IPv6 by the upper 64 bits.
 * False where the session is not known to be anybody's. */
bool host_session_account(const struct host_session *session, enum config_limited whose,
	struct host_account *ret);

/* How many other sessions there are like mine, counted up to limit: owners are only asked
 * whether they live where there are that many rows. stale is the age in milliseconds at
 * which a session must have ended, now the time as in since. As host_slots_scan. */
int host_sessions_count(struct host_slots *s, const struct host_session *mine,
	enum config_limited whose, unsigned limit, int64_t now, int64_t stale,
	unsigned *ret);

/* The name that goes with mine->user, for the caller's own session. 0 or a negative
 * errno. */
int host_sessions_write_user(
	const struct host_slots *s, const struct host_session *mine, const char *name);

/* The same of any session; "" where none is there that fits the row. */
void host_sessions_read_user(const struct host_slots *s, unsigned slot,
	const struct host_session *session, char ret[HOST_SESSION_USER_MAX + 1]);

/* Calls each with every living session, until it answers otherwise than 0, which is
 * answered then; 0 or a negative errno. */
int host_sessions_each(struct host_slots *s,
	int (*each)(void *context, unsigned slot, const struct host_session *session),
	void *context);

#endif
