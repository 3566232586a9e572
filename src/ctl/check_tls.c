// SPDX-License-Identifier: ISC
/*
 * Certificates, keys, lists and pins as the server will find them. What cannot be read is
 * said once, and nothing is concluded from it.
 */
#include "ctl/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "pki/describe.h"
#include "pki/file.h"
#include "pki/identity.h"
#include "pki/validity.h"
#include "tls/credentials.h"

enum { DAY = 24 * 3600, FILE_MAX = 1 << 20 };

static int
read_chain(
	const char *key, const char *path, struct pki_chain *ret, struct ctl_findings *f)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	int r = pki_file_read(AT_FDCWD, path, FILE_MAX, &pem);

	if (r == 0)
		r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), ret);
	if (r < 0)
		ctl_finding_remedy(f, "install -o root -g postern -m 0640 DIR/%s %s",
			strcmp(key, "tls_ca") == 0 ? "ca.pem" : "server.pem", path);
	if (r < 0)
		ctl_finding_add(f, CTL_ERROR, key, "%s: %s", path,
			r == -EBADMSG ? "no certificate in PEM" : strerror(-r));
	return r;
}

/* One certificate's dates. */
static void
check_dates(const char *key, const char *path, const struct pki_identity *id, int64_t now,
	const char *remedy, struct ctl_findings *f)
{
	const struct pki_validity v = { id->not_before, id->not_after };
	int64_t days = (id->not_after - now) / DAY;
	bool soon = pki_validity_ends_soon(&v, now);
	char day[CALENDAR_STAMP_SIZE];

	calendar_day(id->not_before > now ? id->not_before : id->not_after, day);
	if (id->not_after <= now || soon)
		ctl_finding_remedy(f, "%s", remedy);
	if (id->not_before > now)
		ctl_finding_remedy(f, "if the clock is wrong: timedatectl set-ntp true");
	if (id->not_before > now)
		ctl_finding_add(f, CTL_ERROR, key, "%s is valid from %s only", path, day);
	else if (id->not_after <= now)
		ctl_finding_add(f, CTL_ERROR, key, "%s has expired on %s", path, day);
	else if (soon)
		ctl_finding_add(f, CTL_WARNING, key, "%s expires on %s, in %lld days",
			path, day, (long long)days);
	else
		ctl_finding_add(f, CTL_FINE, key, "%s is valid until %s", path, day);
}

static void
check_use(const struct config *config, const struct pki_chain *chain,
	struct ctl_findings *f)
{
	const struct buffer *leaf = &chain->der[0];
	CLEANUP(pki_description_clear) struct pki_description what = { 0 };

	if (pki_describe(buffer_data(leaf), buffer_len(leaf), &what) < 0)
		return;
	if (!what.for_server) {
		ctl_finding_remedy(f,
			"install -o root -g postern -m 0640 DIR/server.pem %s, and "
			"server.key beside it",
			config->tls_cert);
		ctl_finding_add(f, CTL_ERROR, "tls_cert",
			"the certificate is not for servers (%s)",
			*what.uses ? what.uses : "no use is named");
	}
	if (pki_certificate_names(
		    buffer_data(leaf), buffer_len(leaf), config->hostname)) {
		ctl_finding_add(f, CTL_FINE, "hostname", "%s is in the certificate",
			config->hostname);
		return;
	}
	ctl_finding_remedy(f,
		"hostname = a name that the certificate has, in the configuration; or a "
		"certificate for %s by the same CA",
		config->hostname);
	ctl_finding_add(f, CTL_ERROR, "hostname",
		"%s is not among the certificate's names (%s): clients will not trust it",
		config->hostname, *what.others ? what.others : "none");
}

/* Each certificate is signed by the one behind it. */
static void
check_order(const struct pki_chain *chain, struct ctl_findings *f)
{
	for (size_t i = 0; i + 1 < chain->n; i++) {
		const struct buffer *one = &chain->der[i], *issuer = &chain->der[i + 1];

		if (pki_certificate_is_from(buffer_data(one), buffer_len(one),
			    buffer_data(issuer), buffer_len(issuer)))
			continue;
		ctl_finding_remedy(f,
			"put the issuers behind the certificate, each after whom it "
			"has signed");
		ctl_finding_add(f, CTL_ERROR, "tls_cert",
			"certificate %zu of the file is not signed by the one behind it",
			i + 1);
		return;
	}
}

static void
check_certificates(const char *key, const char *path, const struct pki_chain *chain,
	int64_t now, const char *remedy, struct ctl_findings *f)
{
	for (size_t i = 0; i < chain->n; i++) {
		CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };

		if (pki_identity_read(buffer_data(&chain->der[i]),
			    buffer_len(&chain->der[i]), &id) == 0)
			check_dates(key, path, &id, now, remedy, f);
	}
}

static void
check_server(const struct config *config, int64_t now, struct ctl_findings *f)
{
	struct pki_chain chain = { 0 };

	if (read_chain("tls_cert", config->tls_cert, &chain, f) < 0)
		return;
	check_certificates("tls_cert", config->tls_cert, &chain, now,
		"postern-keys renew server --dir DIR", f);
	check_order(&chain, f);
	check_use(config, &chain, f);
	pki_chain_clear(&chain);
}

/* By the key that the fault begins with. */
static void
remedy_whole(const struct config *config, const char *text, struct ctl_findings *f)
{
	static const char INSTALL[] = "install -o root -g postern -m 0640 DIR/";

	if (strncmp(text, "tls_crl", 7) == 0)
		ctl_finding_remedy(f, "postern-keys crl --dir DIR, and %scrl.pem %s",
			INSTALL, config->tls_crl);
	else if (strncmp(text, "tls_ca", 6) == 0)
		ctl_finding_remedy(f, "%sca.pem %s", INSTALL, config->tls_ca);
	else if (strncmp(text, "tls_cert", 8) == 0)
		ctl_finding_remedy(f, "%sserver.pem %s", INSTALL, config->tls_cert);
	else
		ctl_finding_remedy(f, "%sserver.key %s, of the same DIR as %s", INSTALL,
			config->tls_key, config->tls_cert);
}

/* Everything together, as a connection reads it; but nothing is left in `cache`, which is
 * the service's. */
static void
check_whole(const struct config *config, struct ctl_findings *f)
{
	CLEANUP(buffer_free) struct buffer fault = { 0 };
	struct tls_credentials *credentials = NULL;
	struct config alone = *config;
	const char *text;
	int r;

	alone.cache = NULL;
	r = tls_credentials_load(&alone, &credentials, &fault);
	if (r == 0)
		r = tls_credentials_check_key(&alone, credentials, &fault);
	tls_credentials_free(credentials);
	if (r == 0) {
		ctl_finding_add(f, CTL_FINE, "tls_key", "%s is the certificate's key",
			config->tls_key);
		return;
	}
	text = buffer_len(&fault) ? buffer_string(&fault) : strerror(-r);
	remedy_whole(config, text, f);
	ctl_finding_add(f, CTL_ERROR, "tls", "%s", text);
}

/* Whether what is trusted for clients is a CA at all. */
static void
check_is_ca(const struct config *config, const struct buffer *der, struct ctl_findings *f)
{
	CLEANUP(pki_description_clear) struct pki_description what = { 0 };

	if (pki_describe(buffer_data(der), buffer_len(der), &what) < 0 || what.is_ca)
		return;
	ctl_finding_remedy(
		f, "install -o root -g postern -m 0640 DIR/ca.pem %s", config->tls_ca);
	ctl_finding_add(f, CTL_ERROR, "tls_ca",
		"%s has a certificate that is no CA's (%s): it can vouch for nobody",
		config->tls_ca, what.subject ? what.subject : "");
}

static void
check_roots(const struct config *config, int64_t now, struct ctl_findings *f)
{
	struct pki_chain chain = { 0 };

	if (!config->tls_ca) {
		if (!config->tls_pins)
			ctl_finding_add(f, CTL_WARNING, "tls_ca",
				"none, and no tls_pins: only devices of the store get "
				"in");
		return;
	}
	if (read_chain("tls_ca", config->tls_ca, &chain, f) < 0)
		return;
	check_certificates("tls_ca", config->tls_ca, &chain, now,
		"postern-keys renew ca --dir DIR", f);
	for (size_t i = 0; i < chain.n; i++)
		check_is_ca(config, &chain.der[i], f);
	pki_chain_clear(&chain);
}

static void
check_pin(const char *folder, const char *name, int64_t now, struct ctl_findings *f)
{
	struct pki_identity id;
	enum pki_verdict verdict = PKI_BAD;
	uint8_t pin[PKI_PIN_SIZE];
	int r = text_unhex(name, strlen(name), pin, sizeof(pin));

	if (r == 0)
		r = pki_pin_find(folder, pin, now, &id, &verdict, NULL);
	if (r < 0 || verdict != PKI_TRUSTED) {
		ctl_finding_remedy(f,
			"put a client's certificate there in PEM, named by its pin: "
			"postern-keys show FILE");
		ctl_finding_add(f, CTL_ERROR, "tls_pins", "%s/%s: %s", folder, name,
			r < 0 ? strerror(-r) : pki_verdict_name(verdict));
	}
	if (r < 0)
		return;
	if (verdict == PKI_TRUSTED &&
		pki_validity_ends_soon(
			&(struct pki_validity){ id.not_before, id.not_after }, now))
		ctl_finding_remedy(f,
			"postern-keys renew NAME --dir DIR, where the client's pair "
			"was made");
	if (verdict == PKI_TRUSTED &&
		pki_validity_ends_soon(
			&(struct pki_validity){ id.not_before, id.not_after }, now))
		ctl_finding_add(f, CTL_WARNING, "tls_pins", "%s/%s expires in %lld days",
			folder, name, (long long)(id.not_after - now) / DAY);
	pki_identity_clear(&id);
}

static void
check_pins(const char *folder, int64_t now, struct ctl_findings *f)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	if (!dir) {
		int error = errno;

		ctl_finding_remedy(f, "install -d -o root -g postern -m 0750 %s", folder);
		errno = error;
		ctl_finding_add(
			f, CTL_ERROR, "tls_pins", "%s: %s", folder, strerror(errno));
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		check_pin(folder, entry->d_name, now, f);
		n++;
	}
	closedir(dir);
	ctl_finding_add(f, CTL_FINE, "tls_pins", "%s has %zu file%s", folder, n,
		n == 1 ? "" : "s");
}

void
ctl_check_tls(const struct config *config, int64_t now, struct ctl_findings *f)
{
	if (config->tls == CONFIG_TLS_OFF) {
		ctl_finding_remedy(f, "tls = implicit");
		ctl_finding_add(f, CTL_WARNING, "tls",
			"off: only peers on this machine are served, in the clear");
		return;
	}
	check_server(config, now, f);
	check_whole(config, f);
	check_roots(config, now, f);
	ctl_check_lists(config, now, f);
	if (config->tls_pins)
		check_pins(config->tls_pins, now, f);
}
