// SPDX-License-Identifier: ISC
/*
 * crl.pem: the revocation lists of a folder's CA and of those that its clients' chains go
 * through, in one file, as a server needs them. Every call answers 0, or an exit status
 * once the fault has been named.
 *
 * There stand: a list of the CA itself, and of each earlier key of it that lies in
 * old/ca; those of the CAs below, as their own crl.pem in cas/ has them; those of the CAs
 * above, as they stood there before or come by --with. Of two lists of one CA the later
 * counts.
 */
#ifndef KEYS_LISTS_H
#define KEYS_LISTS_H

#include "keys/ca.h"
#include "pki/crl.h"

enum { KEYS_SIGNERS_MAX = 16 };

/* A key that signs lists here, with its certificate. */
struct keys_signer {
	struct buffer der;
	struct pki_key *key; /* not ours where it is the CA's own */
	bool owned;
	int64_t not_after;
	struct pki_crl_entry *more; /* what comes into its list */
	size_t n_more;
};

struct keys_lists {
	const struct keys_options *options;
	const struct keys_folder *folder;
	const struct keys_ca *ca;
	struct keys_signer signers[KEYS_SIGNERS_MAX]; /* the CA itself first */
	size_t n_signers;
	struct pki_crls found; /* every list that was found anywhere */
};

/* Reads all lists, and the keys that sign here. */
int keys_lists_read(const struct keys_options *o, const struct keys_folder *folder,
	const struct keys_ca *ca, struct keys_lists *ret);
void keys_lists_clear(struct keys_lists *lists);

/* The list that a signer has now, or NULL. */
const struct pki_crl *keys_lists_of(const struct keys_lists *lists, size_t signer);

/* Adds a certificate to the list of a signer. The serial number stays the caller's. */
int keys_lists_revoke(
	struct keys_lists *lists, size_t signer, const struct pki_crl_entry *entry);

/* Makes all anew, and stores them as crl.pem. */
int keys_lists_store(struct keys_lists *lists);

/* Appends the text of crl.pem, made anew, instead of storing it. */
int keys_lists_make(struct keys_lists *lists, struct buffer *ret);

/* Appends a list without entries of a CA that lies nowhere yet. */
int keys_lists_begin(
	const struct keys_options *o, const struct keys_ca *ca, struct buffer *ret);

#endif
