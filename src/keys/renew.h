// SPDX-License-Identifier: ISC
/*
 * What the renewals of peers and of CAs have in common. Every call answers 0, or an exit
 * status once the fault has been named.
 */
#ifndef KEYS_RENEW_H
#define KEYS_RENEW_H

#include "keys/ca.h"
#include "keys/certificate.h"
#include "keys/old.h"
#include "keys/set.h"

/* A certificate that is to be made anew, with where it and its key lie. */
struct keys_renewal {
	const struct keys_options *o;
	const struct keys_folder *folder;
	const char *cert_name; /* relative to the folder */
	const char *key_name;
	struct keys_old whose;
	struct buffer pem; /* as it lies there */
	struct pki_chain chain;
	struct keys_certificate old;
	struct pki_key *key; /* the one that it gets, where it gets one; owned */
	struct keys_set set;
};

/* Reads the certificate, which may not be revoked. */
int keys_renewal_load(struct keys_renewal *renewal);
void keys_renewal_clear(struct keys_renewal *renewal);

/* Makes the new key, under a passphrase or, where that is NULL, without, and adds it to
 * the set, and what is replaced: the certificate, and with a new key the old one as well.
 * Without --new-key the certificate alone. */
int keys_renewal_begin(struct keys_renewal *renewal, const char *passphrase);

/* Copies of a certificate in other folders: they hold the key of the one that is
 * replaced, or of one that was replaced before. */
struct keys_copies {
	const struct keys_folder *folder;
	struct keys_old whose;
	const struct buffer *old; /* PEM of what is replaced */
	const struct buffer *new; /* what they are to hold */
};

/* Rewrites every file `below/NAME/file` that is such a copy, each by itself. */
int keys_copies_rewrite(
	const struct keys_copies *copies, const char *below, const char *file);

/* renew ca, and renew cas/NAME. */
int keys_renew_ca(const struct keys_options *o, const struct keys_folder *folder);
int keys_renew_below(const struct keys_options *o, const struct keys_folder *folder);

#endif
