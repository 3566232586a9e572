// SPDX-License-Identifier: ISC
/*
 * One certificate, read and described.
 */
#ifndef KEYS_CERTIFICATE_H
#define KEYS_CERTIFICATE_H

#include "keys/folder.h"
#include "pki/crl.h"
#include "pki/describe.h"
#include "pki/identity.h"

struct keys_certificate {
	struct pki_identity id;
	struct pki_description what;
};

/* 0, -EBADMSG or -ENOMEM. On success the caller ends it with keys_certificate_clear. */
int keys_certificate_read(const struct buffer *der, struct keys_certificate *ret);
void keys_certificate_clear(struct keys_certificate *c);

/* Reads a file of certificates of the folder: its text behind what *ret_pem holds, its
 * certificates, and what the first one says. 0, or an exit status once the fault has been
 * named. The caller clears all three. */
int keys_certificate_load(const struct keys_folder *folder, const char *name,
	struct buffer *ret_pem, struct pki_chain *ret_chain,
	struct keys_certificate *ret);

enum keys_state {
	KEYS_VALID,
	KEYS_EXPIRES_SOON, /* within KEYS_SOON_DAYS */
	KEYS_EXPIRED,
	KEYS_REVOKED,
	KEYS_NOT_YET_VALID,
};

enum { KEYS_SOON_DAYS = 30 };

/* revoked is the entry of the certificate in a revocation list, or NULL. */
enum keys_state keys_certificate_state(
	const struct keys_certificate *c, const struct pki_crl_entry *revoked);
const char *keys_state_name(enum keys_state state);

/* In a word, whom the certificate is for: ca, server, client, any or other. */
const char *keys_certificate_purpose(const struct keys_certificate *c);

/* Whether its names are those of users. */
bool keys_certificate_has_users(const struct keys_certificate *c);

/* Appends all that it says as an object of JSON without its last brace. 0 or -ENOMEM. */
int keys_certificate_json(struct buffer *b, const char *file,
	const struct keys_certificate *c, const struct pki_crl_entry *revoked);

#endif
