// SPDX-License-Identifier: ISC
/*
 * What the parts of an exchange share: exchange.c, sasl.c, external.c, classic.c. Not for
 * other rooms.
 */
#ifndef AUTH_EXCHANGE_PARTS_H
#define AUTH_EXCHANGE_PARTS_H

#include "auth/account.h"
#include "auth/exchange.h"
#include "auth/password.h"
#include "base/buffer.h"

struct Gsasl;
struct Gsasl_session;

enum { AUTH_REASON_SIZE = 256 };

/* The states of both kinds of exchange. */
enum auth_state {
	AUTH_STATE_START,
	AUTH_STATE_USERNAME, /* classic: asked for it */
	AUTH_STATE_PASSWORD, /* classic: asked for it */
	AUTH_STATE_RUNNING,  /* SASL and EXTERNAL: within the mechanism */
	AUTH_STATE_LAST, /* SASL: all is right, the peer has yet to take the last words */
	AUTH_STATE_OVER,
};

struct auth_mechanism {
	const char *name;
	enum config_mechanism flag;
	bool binding;      /* needs channel-binding data */
	bool server_first; /* an initial response answers a challenge not yet sent */
	bool certificate;  /* rests on the peer's certificate, and not on the library */
};

struct auth_exchange {
	const struct config *config;
	const struct auth_peer *peer;
	const struct auth_mechanism *mechanism; /* NULL: classic */
	enum auth_state state;
	enum auth_verdict verdict; /* of the last step */
	bool loaded;               /* account was looked up */
	int fault; /* negative errno of a look-up inside a callback, or 0 */
	int error; /* negative errno behind AUTH_TEMPORARY, or met at AUTH_DONE, or 0 */
	struct auth_account account;
	struct Gsasl *gsasl;
	struct Gsasl_session *session;
	char *binding; /* tls-exporter data in base64, or NULL */
	struct buffer text;
	char reason[AUTH_REASON_SIZE];
};

void auth_exchange_because(struct auth_exchange *x, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The reason and verdict for a store that cannot be used. */
enum auth_verdict auth_exchange_fault(struct auth_exchange *x, int r);

/* Asks whether there may be a login as account.name at all: 0 or -EUSERS. */
int auth_exchange_ask_leave(struct auth_exchange *x);

/* Looks up the user that the peer claims to be. 0; -EUSERS where that one may not try; or
 * another negative errno. */
int auth_exchange_claim(struct auth_exchange *x, const char *text, size_t len);

/* What a right or wrong password is worth: existence, lock, certificate and key are
 * looked at here, after all work is done. AUTH_DONE, AUTH_WRONG or AUTH_TEMPORARY. */
enum auth_verdict auth_exchange_judge(struct auth_exchange *x, bool right);

/* Whether the store still lets the peer's key in: AUTH_DONE, AUTH_WRONG or
 * AUTH_TEMPORARY. */
enum auth_verdict auth_exchange_judge_key(struct auth_exchange *x);

/* AUTH_DONE goes out: writes down the first login. */
enum auth_verdict auth_exchange_done(struct auth_exchange *x);

/* AUTH_CHALLENGE with these bytes in base64, or AUTH_TEMPORARY. */
enum auth_verdict auth_exchange_ask(
	struct auth_exchange *x, const void *data, size_t len);

/* A mechanism that this configuration and peer allow, or NULL. */
const struct auth_mechanism *auth_mechanism_find(
	const struct config *config, const struct auth_peer *peer, const char *name);

/* SASL. text is decoded; NULL where AUTH came without an initial response. */
int auth_sasl_start(struct auth_exchange *x);
enum auth_verdict auth_sasl_step(struct auth_exchange *x, const char *text, size_t len);
void auth_sasl_end(struct auth_exchange *x);

/* EXTERNAL. text is decoded; NULL where AUTH came without an initial response. */
enum auth_verdict auth_external_step(
	struct auth_exchange *x, const char *text, size_t len);

/* Classic. text is decoded; NULL for the AUTH itself. */
enum auth_verdict auth_classic_step(
	struct auth_exchange *x, const char *text, size_t len);

#endif
