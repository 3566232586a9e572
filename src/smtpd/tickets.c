// SPDX-License-Identifier: ISC
/*
 * The table is opened for each use, by the smtp process alone, which forks nothing. A
 * table that cannot be used costs a whole handshake, never more: the one fault that
 * matters to a peer is an entry that has to end and does not. Keys are wiped when their
 * handshake is over.
 *
 * The tls process can ask for one key in a connection, by an id that it may have from
 * anywhere. So that one which was taken over cannot do so for somebody else, an entry is
 * for the address it was made from.
 */
#include "smtpd/tickets.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "base/secret.h"
#include "host/clock.h"
#include "host/tickets.h"
#include "pki/digest.h"
#include "smtpd/entry.h"
#include "smtpd/limits.h"
#include "tls/claim.h"
#include "tls/judge.h"
#include "tls/tickets.h"

_Static_assert((int)HOST_TICKET_TERMS == (int)PKI_SHA256_SIZE, "terms");

enum { LENGTH = 3 /* bytes, before each certificate of an entry */ };

void
smtpd_ticket_clear(struct smtpd_ticket *t)
{
	explicit_bzero(t, sizeof *t);
}

static void
wipe_entry(struct host_ticket *e)
{
	explicit_bzero(e, sizeof *e);
}

static void
say(void *context, const char *path, int error)
{
	const struct smtpd_server *s = context;
	bool damaged = error == -EBADMSG;

	smtpd_log(s,
		(struct host_record){ .priority = LOG_ERR,
			.event = "shared-file",
			.reason = damaged ? "damaged" : strerror(-error) },
		damaged ? "%s was damaged; a new one is begun, and no session before it "
			  "can be resumed"
			: "No session can be resumed: %s cannot be used",
		path);
}

static const struct host_tickets CLOSED = { .shared.fd = -1 };

static int
open_table(struct smtpd_server *s, const struct host_shared_report *report,
	struct host_tickets *ret)
{
	return host_tickets_open(s->config->run, report, ret);
}

static int
find_entry(struct smtpd_server *s, const void *id, struct host_ticket *ret)
{
	const struct host_shared_report report = { say, s };
	CLEANUP(host_tickets_close) struct host_tickets table = CLOSED;
	int r = open_table(s, &report, &table);

	return r < 0 ? r : host_tickets_find(&table, id, host_clock_now(), ret);
}

static int
drop_entry(struct smtpd_server *s, const void *id)
{
	const struct host_shared_report report = { say, s };
	CLEANUP(host_tickets_close) struct host_tickets table = CLOSED;
	int r = open_table(s, &report, &table);

	return r < 0 ? r : host_tickets_drop(&table, id, host_clock_now());
}

static bool
is_of_this_address(const struct smtpd_server *s, const struct host_ticket *e)
{
	uint8_t address[HOST_TICKET_ADDRESS];

	return smtpd_limits_address(s->connection, address) &&
	       secret_equal(address, e->address, sizeof address);
}

/* The certificates of an entry: how many, 0 for what cannot be read. */
static size_t
read_chain(const struct host_ticket *e, struct tls_span ret[TLS_PEER_CHAIN_MAX])
{
	struct reader r = { .at = e->chain, .left = e->chain_len };
	size_t n = 0;

	while (!r.bad && r.left > 0 && n < TLS_PEER_CHAIN_MAX) {
		struct reader one = reader_inner(&r, LENGTH);

		ret[n++] = (struct tls_span){ one.at, one.left };
	}
	return r.bad || r.left > 0 ? 0 : n;
}

/* What proof.c looks at once a key is proved, but for the names, which are those of the
 * claim that was made here. */
static enum pki_verdict
judge_proved(const struct smtpd_server *s, const struct smtpd_proof *p,
	const struct tls_span *chain, size_t n)
{
	switch (p->by) {
	case SMTPD_PROOF_BY_CHAIN:
		return PKI_TRUSTED;
	case SMTPD_PROOF_BY_PIN:
		return tls_judge_pinned(s->credentials, p->pinned);
	case SMTPD_PROOF_BY_DEVICE:
		return tls_judge_device(s->credentials, chain, n);
	case SMTPD_PROOF_BY_NOBODY:
		break;
	}
	return PKI_UNKNOWN_CA;
}

/* Whether the chain was verified on the terms of now. */
static bool
was_good(const struct smtpd_server *s, const struct host_ticket *e)
{
	uint8_t terms[HOST_TICKET_TERMS];

	return tls_judge_terms(s->credentials, terms) == 0 &&
	       memcmp(terms, e->terms, sizeof terms) == 0;
}

/* Whether whoever has proved the key of an entry would be let in now. */
static bool
may_resume(struct smtpd_server *s, const struct host_ticket *e, struct smtpd_proof *peer)
{
	CLEANUP(tls_message_clear) struct tls_message m = { .kind = TLS_CLAIM };
	struct tls_span chain[TLS_PEER_CHAIN_MAX];
	size_t n = read_chain(e, chain);
	const char *reason;

	if (!s->credentials || n == 0)
		return false;
	tls_claim_make(s->credentials, chain, n, was_good(s, e), &m.claim);
	if (smtpd_entry_judge(s, peer, &m.claim, &reason) == 0 &&
		judge_proved(s, peer, chain, n) == PKI_TRUSTED)
		return true;
	smtpd_proof_clear(peer);
	*peer = (struct smtpd_proof){ 0 };
	return false;
}

/* Draws a key for tickets that are made now. */
static void
draw_key(struct smtpd_ticket *t)
{
	if (pki_random(t->key, sizeof t->key) == 0 &&
		tls_tickets_id(t->key, host_clock_now(), t->id) == 0)
		t->state = SMTPD_TICKET_FRESH;
}

/* Looks for the entry. A table that cannot be used leaves no key at all. */
static void
choose_key(struct smtpd_server *s, struct smtpd_ticket *t, const void *id, size_t len,
	struct smtpd_proof *peer)
{
	CLEANUP(wipe_entry) struct host_ticket entry;
	int r = len == 0 ? -ENOENT : find_entry(s, id, &entry);

	if (r < 0 && r != -ENOENT)
		return;
	if (r == -ENOENT || !is_of_this_address(s, &entry)) {
		draw_key(t);
		return;
	}
	if (!may_resume(s, &entry, peer)) {
		/* Whatever was wrong, the whole handshake will say so to the peer. */
		if (drop_entry(s, id) == 0)
			draw_key(t);
		return;
	}
	memcpy(t->key, entry.key, sizeof t->key);
	memcpy(t->id, id, sizeof t->id);
	t->state = SMTPD_TICKET_RESUMES;
}

int
smtpd_ticket_answer(struct smtpd_server *s, struct smtpd_ticket *t, const void *id,
	size_t len, struct smtpd_proof *peer)
{
	if (!s->config->tickets)
		return smtpd_violated(s, "ticket-without-tickets");
	if (t->asked)
		return smtpd_violated(s, "second-ticket");
	t->asked = true;
	choose_key(s, t, id, len, peer);
	return tls_channel_ticket_key(
		&s->channel, t->key, t->state == SMTPD_TICKET_NONE ? 0 : sizeof t->key);
}

/* A connection that holds this key may have to say hello again (RFC 8446 section 4.1.4),
 * and have got, meanwhile and by another connection with the same key that gave it up, a
 * ticket for its second hello. */
int
smtpd_ticket_confirm(struct smtpd_server *s, const struct smtpd_ticket *t)
{
	const struct host_shared_report report = { say, s };
	CLEANUP(host_tickets_close) struct host_tickets table = CLOSED;
	CLEANUP(wipe_entry) struct host_ticket entry;
	int64_t now = host_clock_now();

	if (open_table(s, &report, &table) < 0 ||
		host_tickets_find(&table, t->id, now, &entry) < 0 ||
		!secret_equal(entry.key, t->key, sizeof t->key))
		return -EKEYREJECTED;
	host_tickets_sweep(&table, now);
	return 0;
}

void
smtpd_ticket_give_up(struct smtpd_ticket *t, struct smtpd_proof *peer)
{
	if (t->state != SMTPD_TICKET_RESUMES)
		return;
	smtpd_proof_clear(peer);
	*peer = (struct smtpd_proof){ 0 };
	t->state = SMTPD_TICKET_SPENT;
	explicit_bzero(t->key, sizeof t->key);
}

int
smtpd_ticket_end(struct smtpd_server *s, struct smtpd_ticket *t)
{
	int r;

	if (t->state != SMTPD_TICKET_SPENT)
		return 0;
	r = drop_entry(s, t->id);
	/* It is not the peer who was slow. */
	return r == -ETIMEDOUT ? -EBUSY : r;
}

/* Writes the chain of the transcript, leaf first. 0, or -E2BIG for one too long. */
static int
write_chain(const struct tls_span *transcript, struct host_ticket *e)
{
	struct tls_transcript t;
	int r = tls_transcript_read(transcript->data, transcript->len, &t);

	for (size_t i = 0; r == 0 && i < t.n_chain; i++) {
		size_t len = t.chain[i].len;
		uint8_t *at = e->chain + e->chain_len;

		if (len > sizeof e->chain ||
			LENGTH + len > sizeof e->chain - e->chain_len)
			return -E2BIG;
		at[0] = (uint8_t)(len >> 16);
		at[1] = (uint8_t)(len >> 8);
		at[2] = (uint8_t)len;
		memcpy(at + LENGTH, t.chain[i].data, len);
		e->chain_len += (uint32_t)(LENGTH + len);
	}
	return r;
}

void
smtpd_ticket_keep(struct smtpd_server *s, struct smtpd_ticket *t,
	const struct smtpd_proof *peer, const struct tls_span *transcript)
{
	const struct host_shared_report report = { say, s };
	CLEANUP(host_tickets_close) struct host_tickets table = CLOSED;
	CLEANUP(wipe_entry) struct host_ticket entry = { .made = host_clock_now() };

	if (t->state != SMTPD_TICKET_FRESH || peer->by == SMTPD_PROOF_BY_NOBODY ||
		!smtpd_limits_address(s->connection, entry.address) ||
		write_chain(transcript, &entry) < 0 || open_table(s, &report, &table) < 0)
		return;
	/* Of a pinned key or a device nobody has verified the issuers. */
	if (peer->by == SMTPD_PROOF_BY_CHAIN &&
		tls_judge_terms(s->credentials, entry.terms) < 0)
		return;
	memcpy(entry.id, t->id, sizeof entry.id);
	memcpy(entry.key, t->key, sizeof entry.key);
	if (host_tickets_put(&table, &entry) == 0)
		host_tickets_sweep(&table, entry.made);
}
