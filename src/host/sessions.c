// SPDX-License-Identifier: ISC
/*
 * Rows that are compared, counted and listed. Owns nothing. What a row says is taken for
 * what somebody wrote: no number in it is used as a size or a place.
 */
#include "host/sessions.h"

#include <string.h>

/* What the page begins with. */
struct name {
	uint64_t key;
	char text[HOST_SESSION_USER_MAX];
};

const char *
host_session_state_name(unsigned state)
{
	if (state == HOST_SESSION_HANDSHAKE)
		return "handshake";
	if (state >= HOST_SESSION_STATES)
		return "unknown";
	return smtp_state_name((enum smtp_state)(state - HOST_SESSION_DIALOGUE));
}

static bool
is_known(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return true;
	return false;
}

/* How much of an address tells one peer from another: a whole network of IPv6 is one
 * peer's; one that begins with zeros is none, but where IPv4 is mapped. */
static size_t
length_of(const uint8_t *address)
{
	enum { NETWORK = 8 };

	return is_known(address, NETWORK) ? NETWORK : HOST_SESSION_ADDRESS;
}

static bool
is_same_address(const uint8_t *a, const uint8_t *b)
{
	return is_known(a, HOST_SESSION_ADDRESS) && memcmp(a, b, length_of(a)) == 0;
}

bool
host_session_same(const struct host_session *a, const struct host_session *b,
	enum config_limited whose)
{
	switch (whose) {
	case CONFIG_LIMIT_ADDRESS:
		return is_same_address(a->address, b->address);
	case CONFIG_LIMIT_DEVICE:
		return is_known(a->device, sizeof a->device) &&
		       memcmp(a->device, b->device, sizeof a->device) == 0;
	case CONFIG_LIMIT_USER:
		return a->user != 0 && a->user == b->user;
	case CONFIG_LIMITS:
		break;
	}
	return false;
}

bool
host_session_address(
	const struct host_session *session, uint8_t ret[HOST_SESSION_ADDRESS])
{
	memset(ret, 0, HOST_SESSION_ADDRESS);
	memcpy(ret, session->address, length_of(session->address));
	return is_known(ret, HOST_SESSION_ADDRESS);
}

bool
host_session_account(const struct host_session *session, enum config_limited whose,
	struct host_account *ret)
{
	uint8_t address[HOST_SESSION_ADDRESS];
	bool known;

	switch (whose) {
	case CONFIG_LIMIT_ADDRESS:
		known = host_session_address(session, address);
		host_account_name(ret, HOST_LEDGER_ADDRESS, address, sizeof address);
		return known;
	case CONFIG_LIMIT_DEVICE:
		host_account_name(
			ret, HOST_LEDGER_DEVICE, session->device, sizeof session->device);
		return is_known(session->device, sizeof session->device);
	case CONFIG_LIMIT_USER:
		host_account_name(
			ret, HOST_LEDGER_USER, &session->user, sizeof session->user);
		return session->user != 0;
	case CONFIG_LIMITS:
		break;
	}
	return false;
}

struct count {
	struct host_slots *slots;
	const struct host_session *mine;
	enum config_limited whose;
	int64_t oldest;
	bool ask; /* whether each of them lives */
	unsigned n;
};

static bool
count_row(void *context, unsigned slot, const void *row)
{
	struct count *c = context;
	struct host_session other;

	memcpy(&other, row, sizeof other);
	if (host_session_same(c->mine, &other, c->whose) &&
		(!c->ask || host_slots_is_held(c->slots, slot)))
		c->n++;
	return other.since < c->oldest;
}

int
host_sessions_count(struct host_slots *s, const struct host_session *mine,
	enum config_limited whose, unsigned limit, int64_t now, int64_t stale,
	unsigned *ret)
{
	struct count c = { s, mine, whose, now - stale, false, 0 };
	struct host_slots_visit visit = { count_row, &c };
	int r = host_slots_scan(s, &visit);

	if (r == 0 && c.n >= limit) {
		c.ask = true;
		c.n = 0;
		r = host_slots_scan(s, &visit);
	}
	if (r == 0)
		*ret = c.n;
	return r;
}

int
host_sessions_write_user(
	const struct host_slots *s, const struct host_session *mine, const char *user)
{
	struct name name = { .key = mine->user };
	size_t len = strnlen(user, sizeof name.text);

	memcpy(name.text, user, len);
	return host_slots_write_page(s, 0, &name, sizeof name);
}

void
host_sessions_read_user(const struct host_slots *s, unsigned slot,
	const struct host_session *session, char ret[HOST_SESSION_USER_MAX + 1])
{
	struct name name;

	*ret = '\0';
	if (session->user == 0 ||
		host_slots_read_page(s, slot, 0, &name, sizeof name) < 0 ||
		name.key != session->user)
		return;
	memcpy(ret, name.text, sizeof name.text);
	ret[sizeof name.text] = '\0';
}

struct listing {
	struct host_slots *slots;
	int (*each)(void *, unsigned, const struct host_session *);
	void *context;
	int r;
};

static bool
list_row(void *context, unsigned slot, const void *row)
{
	struct listing *l = context;
	struct host_session session;

	memcpy(&session, row, sizeof session);
	if (l->r == 0 && host_slots_is_held(l->slots, slot))
		l->r = l->each(l->context, slot, &session);
	return false;
}

int
host_sessions_each(struct host_slots *s,
	int (*each)(void *context, unsigned slot, const struct host_session *session),
	void *context)
{
	struct listing l = { s, each, context, 0 };
	struct host_slots_visit visit = { list_row, &l };
	int r = host_slots_scan(s, &visit);

	return r < 0 ? r : l.r;
}
