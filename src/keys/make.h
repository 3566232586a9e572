// SPDX-License-Identifier: ISC
/*
 * Keys and certificates as this program orders them. Every call answers 0, or an exit
 * status of sysexits.h once the fault has been named on standard error.
 */
#ifndef KEYS_MAKE_H
#define KEYS_MAKE_H

#include "keys/folder.h"
#include "keys/options.h"
#include "pki/describe.h"
#include "pki/make.h"

/* Who signs: a CA as it lies in the folder. */
struct keys_ca {
	struct buffer pem;
	struct pki_chain chain;
	struct pki_key *key;
};

/* Appends a CA's certificate, and gives its key. */
int keys_make_ca(const struct keys_options *o, struct buffer *cert, struct buffer *key,
	struct keys_ca *ret);

/* Reads ca.pem and ca.key, which must belong together and be valid. */
int keys_ca_load(const struct keys_folder *folder, struct keys_ca *ret);
void keys_ca_clear(struct keys_ca *ca);

/* Makes a key and its certificate and appends them; ca may be NULL for one that signs
 * itself. A server's for the hosts of the options or for the machine's name, a client's
 * for their name. */
int keys_make_server(const struct keys_options *o, const struct keys_ca *ca,
	struct buffer *cert, struct buffer *key);
int keys_make_client(const struct keys_options *o, const struct keys_ca *ca,
	struct buffer *cert, struct buffer *key);

#endif
