// SPDX-License-Identifier: ISC
/*
 * Keys and certificates as this program orders them. Every call answers 0, or an exit
 * status of sysexits.h once the fault has been named on standard error.
 */
#ifndef KEYS_MAKE_H
#define KEYS_MAKE_H

#include "keys/ca.h"
#include "keys/options.h"

enum {
	KEYS_DAYS_CA = 3650,
	KEYS_DAYS_BELOW = 1825, /* a CA below another */
	KEYS_DAYS_PEER = 730,
	KEYS_DAYS_LIST = 30,
};

/* From when and until when something is valid that is made now. what is its name in a
 * message where it ends with its CA, which may be NULL, instead of after its days. */
struct keys_dates {
	int64_t from;
	int64_t until;
};

struct keys_dates keys_dates_of(const struct keys_options *o, unsigned usual,
	const struct keys_ca *ca, const char *what);

/* Makes a key and writes it, under a passphrase or, where that is NULL, without. */
int keys_make_key(enum pki_key_type type, const char *passphrase, struct buffer *text,
	struct pki_key **ret);

/* The name of a CA, after its key: no two have one name, or nobody could tell whose list
 * or signature something is. */
int keys_make_ca_name(
	const char *name, const struct pki_key *key, size_t size, char *ret);

/* Makes a CA: a root, or one below parent, whose name is that of the options. Appends its
 * ca.pem and its key. */
int keys_make_ca(const struct keys_options *o, const struct keys_ca *parent,
	const char *passphrase, struct buffer *pem, struct buffer *key,
	struct keys_ca *ret);

/* Makes a key and its certificate and appends them, the latter with the CAs that are to
 * be sent along; ca may be NULL for one that signs itself. A server's for the hosts of
 * the options or for the machine's name, a client's for their name. what is the
 * certificate's name in messages. */
int keys_make_server(const struct keys_options *o, const struct keys_ca *ca,
	const char *what, struct buffer *cert, struct buffer *key);
int keys_make_client(const struct keys_options *o, const struct keys_ca *ca,
	const char *what, struct buffer *cert, struct buffer *key);

#endif
