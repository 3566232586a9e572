// SPDX-License-Identifier: ISC
/*
 * One AUTH exchange, from its first line to its verdict: the SASL mechanisms through
 * libgsasl, EXTERNAL by the peer's certificate, and the classic AUTH, which asks for
 * username and password in base64 and can enrol. An exchange decides who logs in, and
 * writes enrolments and first logins.
 *
 * What a peer is told does not say who exists, with these exceptions. The number of
 * iterations that SCRAM names follows each user's own password; an unknown user looks
 * like one whose password was generated. And where enrolment admits a name, the classic
 * AUTH asks for a password or gives one. The time of a check follows the iterations, too,
 * so whoever tells the peer that it was wrong has to hide that time.
 */
#ifndef AUTH_EXCHANGE_H
#define AUTH_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* What is proved of the peer by now. Borrowed for as long as the exchange lives. */
struct auth_peer {
	bool certificate;   /* the key of one is proved; false with tls = off alone */
	bool device;        /* the key is one of the store: auth/device.h */
	const uint8_t *pin; /* PKI_PIN_SIZE bytes, or NULL */
	char *const *names; /* of the certificate, as pki_identity has them; of a device,
			     * its user alone */
	size_t n_names;
	const uint8_t *exporter; /* tls-exporter (RFC 9266), or NULL */
	size_t exporter_len;
	/* Asked once the user is known and before any password is looked at, with the
	 * canonical address or "": whether there may be a login at all. NULL: always. */
	bool (*may_try)(void *context, const char *user);
	void *context;
};

enum auth_verdict {
	AUTH_CHALLENGE, /* text: base64 for a 334 */
	AUTH_DONE,      /* logged in; auth_exchange_user says who */
	AUTH_ENROLLED,  /* classic only: user stored; text: the password */
	AUTH_WRONG,     /* user, password or permission: the peer is not told which */
	AUTH_BROKEN,    /* not base64, or not what the mechanism allows */
	AUTH_LIMITED,   /* may_try has said no: nothing else was looked at */
	AUTH_TEMPORARY, /* the store cannot be read or written: 454 */
};

struct auth_exchange;

/* Names of the SASL mechanisms that this peer can use, in order of strength with a blank
 * between, for EHLO's AUTH line; "" where there are none. A string that the caller frees,
 * or NULL without memory. */
char *auth_mechanisms(const struct config *config, const struct auth_peer *peer);

/* Whether what the configuration offers can be had: 0, or -ELIBACC where a mechanism
 * needs libgsasl and that cannot be loaded. */
int auth_exchange_check(const struct config *config);

/* Starts the mechanism of that name, in any case, or the classic AUTH where mechanism is
 * NULL. 0 with *ret, -ENOTSUP for a mechanism that auth_mechanisms does not name, -EACCES
 * where that is known but left out of the configuration, and a stronger one is offered,
 * -ELIBACC where libgsasl cannot be loaded, -ENOMEM. */
int auth_exchange_start(const struct config *config, const struct auth_peer *peer,
	const char *mechanism, struct auth_exchange **ret);

/* One step. line is what the peer sent, without CRLF: an initial response or the answer
 * to the last challenge, or NULL where AUTH came without an initial response. An initial
 * response of "=" is the empty one (RFC 4954 section 4). *ret_text belongs to the
 * exchange and lives until the next step. */
enum auth_verdict auth_exchange_step(
	struct auth_exchange *x, const char *line, const char **ret_text);

/* The canonical address that was claimed or has logged in, or NULL before it is known. */
const char *auth_exchange_user(const struct auth_exchange *x);

/* Why the last step said what it said, for the log, never for the peer; never NULL. */
const char *auth_exchange_reason(const struct auth_exchange *x);

/* After AUTH_TEMPORARY, the negative errno that stood in the way. After AUTH_DONE, 0; or,
 * where the first login could not be written down, the negative errno of that: the user
 * is logged in all the same, but the store needs somebody's attention. */
int auth_exchange_error(const struct auth_exchange *x);

/* What was asked for, by its canonical name ("SCRAM-SHA-256"; "classic"). */
const char *auth_exchange_mechanism(const struct auth_exchange *x);

void auth_exchange_free(struct auth_exchange *x); /* wipes; NULL does nothing */

#endif
