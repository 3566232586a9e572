// SPDX-License-Identifier: ISC
/*
 * The names this program puts into certificates and, a client's, into paths.
 */
#ifndef KEYS_NAME_H
#define KEYS_NAME_H

enum {
	KEYS_NAME_MAX = 64,    /* ub-common-name, RFC 5280 appendix A.1 */
	KEYS_CA_NAME_MAX = 48, /* with room for what tells two of one name apart */
};

/* What is wrong with a client's name, `brad` or `brad@447.edu`, as the end of a sentence;
 * NULL for one that is fit to be a folder's name. */
const char *keys_name_fault(const char *name);

/* What is wrong with a server's name, a DNS name or an IP address; NULL for a good one.
 */
const char *keys_host_fault(const char *host);

/* What is wrong with the name of a CA below another one; NULL for one that is fit to be a
 * folder's name. */
const char *keys_ca_name_fault(const char *name);

/* What is wrong with a domain; NULL for a good one. */
const char *keys_domain_fault(const char *domain);

#endif
