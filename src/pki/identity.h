// SPDX-License-Identifier: ISC
/*
 * What a certificate says of its holder, as plain data: whoever has read it needs no
 * X.509 any more. Whether any of it may be believed is decided elsewhere.
 */
#ifndef PKI_IDENTITY_H
#define PKI_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PKI_PIN_SIZE = 32,   /* SHA-256 of the SubjectPublicKeyInfo */
	PKI_PIN_HEX = 65,    /* the same as lower-case hexadecimal, with its NUL */
	PKI_SERIAL_MAX = 20, /* RFC 5280 section 4.1.2.2 */
	PKI_NAMES_MAX = 64,  /* names beyond that are not read */
	PKI_NAME_MAX = 254,  /* bytes; longer ones are not read */
	PKI_CERTIFICATE_MAX = 65536, /* bytes of a certificate, as DER or as a PEM file */
};

struct pki_identity {
	uint8_t pin[PKI_PIN_SIZE];
	uint8_t serial[PKI_SERIAL_MAX];
	size_t serial_len;
	int64_t not_before; /* seconds since 1970 */
	int64_t not_after;
	/* The rfc822Names where there is any SAN at all, else the CN; as written, and
	 * only those of printable ASCII or UTF-8 without NUL or control characters. */
	char **names;
	size_t n_names;
	bool has_san;
};

/* Reads one DER certificate. 0, -EBADMSG for what is none, -ENOMEM. On success the caller
 * ends it with pki_identity_clear. */
int pki_identity_read(const void *der, size_t len, struct pki_identity *ret);
void pki_identity_clear(struct pki_identity *id);

/* Whether both say the same of a holder, names in the same order. */
bool pki_identity_equal(const struct pki_identity *a, const struct pki_identity *b);

/* The verdict on a peer's chain, in the words of the alerts that answer it. */
enum pki_verdict {
	PKI_TRUSTED, /* a chain to a root of ours, nothing wrong */
	PKI_NO_CERTIFICATE,
	PKI_UNKNOWN_CA, /* nothing wrong but that no root of ours signed it */
	PKI_EXPIRED,
	PKI_NOT_YET_VALID,
	PKI_WRONG_PURPOSE, /* key usage or extended key usage */
	PKI_WEAK,          /* key or signature below the profile */
	PKI_REVOKED,
	PKI_BAD, /* malformed, bad signature, constraint violated */
	PKI_VERDICTS
};

/* A few words for the log, never NULL. */
const char *pki_verdict_name(enum pki_verdict verdict);

/* The TLS alert (RFC 8446 section 6.2) that refuses a peer for this verdict. */
int pki_verdict_alert(enum pki_verdict verdict);

/* Reads the GnuTLS verification status bits. */
enum pki_verdict pki_verdict_of_status(unsigned gnutls_status);

/* What is wrong with one DER certificate as a client's at time now, its chain aside:
 * dates, key usage (digitalSignature where there is any), extended key usage (clientAuth
 * or any, where there is one), the key's strength (GnuTLS' level medium, as
 * %PROFILE_MEDIUM has it), critical extensions that nobody here knows. PKI_TRUSTED where
 * nothing is. */
enum pki_verdict pki_client_judge(const void *der, size_t len, int64_t now);

struct gnutls_x509_crt_int;

/* Looks for the certificate with this pin in a directory of pinned certificates (files
 * named by pin in hexadecimal, PEM). The administrator put it there, so its names count.
 * The verdict is PKI_TRUSTED, or what is wrong with it as a client's certificate at time
 * now: dates, purpose, strength; a file whose key is not that of its name is PKI_BAD.
 * 0 with *ret (the caller clears it), *ret_verdict and, unless ret_crt is NULL, the
 * certificate, which the caller ends with pki_crt_free; -ENOENT where there is no such
 * file, another negative errno where it cannot be read. */
int pki_pin_find(const char *directory, const uint8_t pin[PKI_PIN_SIZE], int64_t now,
	struct pki_identity *ret, enum pki_verdict *ret_verdict,
	struct gnutls_x509_crt_int **ret_crt);

#endif
