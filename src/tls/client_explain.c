// SPDX-License-Identifier: ISC
/*
 * Refusals in words: an alert that the server has sent, or what is wrong with the
 * certificate that it has shown. Tables and sentences; nothing is owned, and the one
 * fault is a lack of memory, which loses words.
 */
#include "tls/client_explain.h"

#include <gnutls/gnutls.h>

/* Sentences by alert. Those of RFC 8446 section 6.2 that say nothing about certificates
 * share the last one. */
static const struct {
	int alert;
	const char *text;
} explanations[] = {
	{ GNUTLS_A_CERTIFICATE_REQUIRED,
		"the server asks for a client certificate and was shown none: name one "
		"with --cert and --key" },
	{ GNUTLS_A_UNKNOWN_CA,
		"the server does not know who issued our certificate: use one that the "
		"server's CA has issued, or have it put among the server's pinned "
		"certificates" },
	{ GNUTLS_A_CERTIFICATE_EXPIRED,
		"the server refuses our certificate because it has expired or is not "
		"valid yet: renew it, or set this machine's clock" },
	{ GNUTLS_A_CERTIFICATE_REVOKED,
		"the server refuses our certificate because it has been revoked: ask its "
		"administrator for a new one" },
	{ GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		"the server refuses our certificate because it is not made for clients "
		"or its key is too weak: use one that was issued to a client" },
	{ GNUTLS_A_BAD_CERTIFICATE,
		"the server refuses our certificate as damaged or wrongly signed: have "
		"it issued anew" },
	{ GNUTLS_A_CERTIFICATE_UNKNOWN,
		"the server refuses our certificate without saying why: ask its "
		"administrator" },
	{ GNUTLS_A_ACCESS_DENIED,
		"the server accepts our certificate but lets its holder "
		"in no more, or not now: ask its administrator whether "
		"the user is locked or over a limit" },
	{ GNUTLS_A_INTERNAL_ERROR,
		"the server cannot admit anybody because of a fault of its own: try "
		"again, or tell its administrator" },
	{ GNUTLS_A_DECRYPT_ERROR,
		"the server could not verify that we hold the key of our certificate: "
		"make sure that --cert and --key name the two files of one pair" },
	{ GNUTLS_A_PROTOCOL_VERSION,
		"the server has no version of TLS in common with us: it has to speak 1.2 "
		"or 1.3" },
	{ GNUTLS_A_INSUFFICIENT_SECURITY,
		"the server finds our TLS settings too weak: ask its administrator which "
		"it takes" },
};

int
tls_client_explain_alert(
	int alert, const char *cert, const char *key, struct buffer *fault)
{
	const char *name = gnutls_alert_get_name((gnutls_alert_description_t)alert);
	int r;

	for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++) {
		if (explanations[i].alert != alert)
			continue;
		r = buffer_puts(fault, explanations[i].text);
		if (r < 0 || !cert)
			return r;
		return buffer_printf(fault, " (certificate %s, key %s)", cert, key);
	}
	if (!name)
		name = "unknown";
	if (!cert)
		return buffer_printf(fault,
			"the server has ended the TLS session with the alert "
			"\"%s\", most likely because it was shown no client "
			"certificate: name one with --cert and --key",
			name);
	return buffer_printf(fault,
		"the server has ended the TLS session with the alert \"%s\": ask its "
		"administrator why",
		name);
}

void
tls_client_explain_status(
	unsigned status, const char *host, const char *ca, struct buffer *fault)
{
	if (status & GNUTLS_CERT_REVOKED)
		buffer_printf(fault, "the certificate of %s has been revoked", host);
	else if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		buffer_printf(fault,
			"the certificate of %s was not issued by a CA in %s: have --ca "
			"name the file with this server's CA",
			host, ca);
	else if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		buffer_printf(fault,
			"the certificate of %s %s: the server has to renew it, or this "
			"machine's clock is wrong",
			host,
			status & GNUTLS_CERT_EXPIRED ? "has expired"
						     : "is not valid yet");
	else if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		buffer_printf(fault,
			"the server's certificate is not for %s: connect by a name that "
			"stands in the certificate",
			host);
	else if (status & (GNUTLS_CERT_PURPOSE_MISMATCH | GNUTLS_CERT_SIGNER_NOT_CA))
		buffer_printf(fault,
			"the certificate that %s shows was not made for a server: it "
			"needs one of its own",
			host);
	else
		buffer_printf(fault,
			"the certificate of %s is damaged, too weak or wrongly signed "
			"(status 0x%x): the server needs a new one",
			host, status);
}
