// SPDX-License-Identifier: ISC
/*
 * A CA as it lies in a folder, and who signs with it. Every call answers 0, or an exit
 * status of sysexits.h once the fault has been named on standard error.
 *
 *   ca.pem     the CA's certificate, and those of the CAs above it but the root; or the
 *              root's, and earlier roots that are still believed
 *   root.pem   beside a CA that is no root: the roots
 *   ca.key     its key, perhaps under a passphrase
 */
#ifndef KEYS_CA_H
#define KEYS_CA_H

#include "keys/folder.h"
#include "keys/options.h"
#include "pki/describe.h"
#include "pki/make.h"

struct keys_ca {
	const char *folder;     /* for messages */
	struct buffer pem;      /* ca.pem */
	struct pki_chain chain; /* the same; the first one signs */
	struct buffer sent;     /* PEM that stands behind what it signs: no root */
	struct buffer trusted;  /* PEM of the roots */
	struct pki_chain roots;
	struct pki_key *key;
	char *passphrase; /* of the key as it lies there, or NULL */
	int path_length;  /* how many CAs may stand below it; -1: any number */
	int64_t not_after;
};

/* Opens the CA of the options' folder to sign with it: asks for the passphrase where
 * there is one, then locks the folder. */
int keys_ca_open(const struct keys_options *o, const struct keys_folder *folder,
	struct keys_ca *ret);

/* What is known of a CA before it lies anywhere: the text of its ca.pem, and that of its
 * root.pem, or NULL for a root. The key is taken from *key. */
int keys_ca_of(const char *folder, const struct buffer *pem, const struct buffer *root,
	struct pki_key **key, struct keys_ca *ret);

/* Cleanup; keys and passphrases are wiped. */
void keys_ca_clear(struct keys_ca *ca);

/* Reads a private key, of the CA or of somebody else, that may be under a passphrase
 * (NULL: there is none); name is the file's, for messages. */
int keys_key_load(const struct keys_folder *folder, const char *name,
	const char *passphrase, struct pki_key **ret);

/* Writes a key, under a passphrase or, where that is NULL, without. */
int keys_key_write(const struct pki_key *key, const char *passphrase, struct buffer *ret);

/* Asks for the passphrase of a key, or takes it from the options' file; *ret is NULL
 * where the key needs none. */
int keys_key_passphrase(const struct keys_options *o, const struct keys_folder *folder,
	const char *name, char **ret);

#endif
