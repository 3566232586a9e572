// SPDX-License-Identifier: ISC
/*
 * One open store answers all that is asked of it. A store that cannot be read lets nobody
 * in. Owns nothing beyond a call.
 */
#include "smtpd/entry.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "auth/policy.h"
#include "auth/redeem.h"
#include "auth/seen.h"
#include "base/cleanup.h"
#include "host/clock.h"
#include "host/stop.h"

enum {
	ALERT_CERTIFICATE_REVOKED = 44,
	ALERT_CERTIFICATE_EXPIRED = 45,
	ALERT_ACCESS_DENIED = 49,
	ALERT_INTERNAL_ERROR = 80,
};

struct entry {
	struct smtpd_server *s;
	struct smtpd_proof *p;
	struct tls_claim *claim;
	struct auth_store *store;
	const char *reason;
};

static int
refuse(struct entry *e, int alert, const char *reason)
{
	e->reason = reason;
	return alert;
}

static int
refuse_verdict(struct entry *e, enum pki_verdict verdict)
{
	return refuse(e, pki_verdict_alert(verdict), pki_verdict_name(verdict));
}

static int
refuse_for_own_fault(struct entry *e)
{
	return refuse(e, ALERT_INTERNAL_ERROR, "internal-error");
}

static int
refuse_for_store(struct entry *e, int error)
{
	const char *users = e->s->config->users;
	size_t line = e->store ? auth_store_damage(e->store) : 0;

	if (error == -EBADMSG && line > 0)
		smtpd_fault(e->s, error, "users: %s:%zu: damaged line", users, line);
	else
		smtpd_fault(e->s, error, "users: %s: %s", users, strerror(-error));
	return refuse_for_own_fault(e);
}

static int
judge_device(struct entry *e, const struct auth_device *d, enum auth_standing standing)
{
	const char *name = auth_standing_name(standing);
	enum pki_verdict verdict;

	switch (standing) {
	case AUTH_STANDING_REVOKED:
		return refuse(e, ALERT_CERTIFICATE_REVOKED, name);
	case AUTH_STANDING_EXPIRED:
		return refuse(e, ALERT_CERTIFICATE_EXPIRED, name);
	case AUTH_STANDING_LOCKED:
	case AUTH_STANDING_ORPHAN:
	case AUTH_STANDING_GONE:
		return refuse(e, ALERT_ACCESS_DENIED, name);
	case AUTH_STANDING_GOOD:
		verdict = smtpd_proof_claim_device(e->p, d, e->claim);
		return verdict == PKI_TRUSTED ? 0 : refuse_verdict(e, verdict);
	}
	return refuse_for_own_fault(e);
}

/* A certificate that nobody of ours has signed: a self-signed one may come to enrol. */
static int
judge_stranger(struct entry *e)
{
	enum pki_verdict verdict = PKI_UNKNOWN_CA;
	int r = auth_redeem_admits(e->store, e->s->config);

	if (r < 0)
		return refuse_for_store(e, r);
	if (r > 0)
		verdict = smtpd_proof_claim_nobody(e->p, e->claim);
	return verdict == PKI_TRUSTED ? 0 : refuse_verdict(e, verdict);
}

static int
judge_names(struct entry *e)
{
	const struct pki_identity *identity = &e->p->identity;
	int r = auth_may_enter(
		e->store, e->s->config, identity->names, identity->n_names);

	if (r < 0)
		return refuse_for_store(e, r);
	return r > 0 ? 0
		     : refuse(e, ALERT_ACCESS_DENIED,
			       auth_standing_name(AUTH_STANDING_LOCKED));
}

static int
judge(struct entry *e)
{
	enum auth_standing standing = AUTH_STANDING_ORPHAN;
	struct auth_device device;
	enum pki_verdict verdict;
	int r;

	if (buffer_len(&e->s->fault) > 0)
		return refuse_for_own_fault(e);
	/* Without the pin of a certificate there is nothing to look up. */
	if (e->claim->verdict == PKI_NO_CERTIFICATE || e->claim->identity.not_after == 0)
		return refuse_verdict(e, e->claim->verdict);
	r = auth_store_open(e->s->config->users, &e->store);
	if (r == 0)
		r = auth_device_find(e->store, e->claim->identity.pin, host_clock_now(),
			&device, &standing);
	if (r < 0)
		return refuse_for_store(e, r);
	if (r > 0)
		return judge_device(e, &device, standing);
	verdict = smtpd_proof_claim(e->s, e->p, e->claim);
	if (buffer_len(&e->s->fault) > 0)
		return refuse_for_own_fault(e);
	if (verdict == PKI_UNKNOWN_CA)
		return judge_stranger(e);
	return verdict == PKI_TRUSTED ? judge_names(e) : refuse_verdict(e, verdict);
}

int
smtpd_entry_judge(struct smtpd_server *s, struct smtpd_proof *p, struct tls_claim *claim,
	const char **ret_reason)
{
	struct entry e = { .s = s, .p = p, .claim = claim };
	int alert = judge(&e);

	auth_store_free(e.store);
	*ret_reason = e.reason;
	return alert;
}

static void
log_use_fault(const struct smtpd_server *s, int error)
{
	smtpd_log(s,
		(struct host_record){ .priority = LOG_WARNING,
			.event = "use-not-noted",
			.reason = strerror(-error) },
		"Cannot write down beside %s that device %s was here", s->config->users,
		s->device);
}

void
smtpd_entry_note_use(struct smtpd_server *s, const struct auth_device *d)
{
	int r = auth_seen_note(s->config->users, s->device, host_clock_now());

	if (r < 0)
		log_use_fault(s, r);
	s->first_use = !d->used;
}

void
smtpd_entry_note_first_use(const struct smtpd_server *s)
{
	int r;

	if (!s->first_use)
		return;
	r = auth_device_note_first_use(s->config->users, s->identity.pin,
		host_stop_asked() ? 0 : AUTH_WAIT_SERVICE);
	if (r < 0)
		log_use_fault(s, r);
}
