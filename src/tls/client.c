// SPDX-License-Identifier: ISC
/*
 * The client's TLS session. The socket is the caller's, the session is ours; credentials
 * keep the file names so that a fault can name them. Faults: those that the header
 * lists.
 */
#include "tls/client.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "tls/client_explain.h"
#include "tls/client_verify.h"

/* No system root is ever read; keys below 2048 bits of RSA are refused. */
static const char client_priority[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:"
	"+AES-128-GCM:+CHACHA20-POLY1305:%PROFILE_MEDIUM";

struct tls_client_credentials {
	gnutls_certificate_credentials_t gnutls;
	char *ca, *cert, *key;
	bool pinned; /* the server is known by its pin, and not by ca */
	uint8_t pin[PKI_PIN_SIZE];
};

struct tls_client {
	struct tls_client_credentials *credentials;
	gnutls_session_t session;
	int fd, cancel;
	char *host;
	struct tls_client_check check; /* of the server */
	char *description;
};

void
tls_client_credentials_free(struct tls_client_credentials *c)
{
	if (!c)
		return;
	if (c->gnutls)
		gnutls_certificate_free_credentials(c->gnutls);
	free(c->ca);
	free(c->cert);
	free(c->key);
	free(c);
}

static void
credentials_cleanup(struct tls_client_credentials **c)
{
	tls_client_credentials_free(*c);
}

static int
load_trust(struct tls_client_credentials *c, struct buffer *fault)
{
	int n = gnutls_certificate_set_x509_trust_file(
		c->gnutls, c->ca, GNUTLS_X509_FMT_PEM);

	if (n > 0)
		return 0;
	buffer_printf(fault,
		"cannot read certificates of CAs from %s (%s): --ca names a PEM file "
		"with the CA that the server is to be verified by",
		c->ca, n == 0 ? "there are none" : gnutls_strerror(n));
	return -EINVAL;
}

static int
load_pair(struct tls_client_credentials *c, struct buffer *fault)
{
	int r = gnutls_certificate_set_x509_key_file(
		c->gnutls, c->cert, c->key, GNUTLS_X509_FMT_PEM);

	if (r >= 0)
		return 0;
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		buffer_printf(fault,
			"the key %s does not belong to the certificate %s: --cert and "
			"--key name the two files of one pair",
			c->key, c->cert);
	else
		buffer_printf(fault,
			"cannot read the certificate %s with the key %s (%s): --cert and "
			"--key name PEM files that this user can read, the key without a "
			"passphrase",
			c->cert, c->key, gnutls_strerror(r));
	return -EINVAL;
}

/* What the server is verified by. */
static int
load_anchor(struct tls_client_credentials *c, const struct tls_client_files *files,
	struct buffer *fault)
{
	if (!files->pin)
		return load_trust(c, fault);
	c->pinned = true;
	memcpy(c->pin, files->pin, sizeof c->pin);
	return 0;
}

/* Our own pair, which is in files or in memory. */
static int
load_own(struct tls_client_credentials *c, const struct tls_client_files *files,
	struct buffer *fault)
{
	gnutls_datum_t cert = { (void *)files->cert_text, 0 };
	gnutls_datum_t key = { (void *)files->key_text, 0 };

	if (files->cert && files->key)
		return load_pair(c, fault);
	if (!files->cert_text)
		return 0;
	cert.size = (unsigned)strlen(files->cert_text);
	key.size = (unsigned)strlen(files->key_text);
	return gnutls_certificate_set_x509_key_mem(
		       c->gnutls, &cert, &key, GNUTLS_X509_FMT_PEM) < 0
		       ? -EINVAL
		       : 0;
}

int
tls_client_credentials_load(const struct tls_client_files *files,
	struct tls_client_credentials **ret, struct buffer *fault)
{
	CLEANUP(credentials_cleanup) struct tls_client_credentials *c = NULL;
	int r;

	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->ca = files->ca ? strdup(files->ca) : NULL;
	c->cert = files->cert ? strdup(files->cert) : NULL;
	c->key = files->key ? strdup(files->key) : NULL;
	if ((files->ca && !c->ca) || (files->cert && !c->cert) || (files->key && !c->key))
		return -ENOMEM;
	if (gnutls_certificate_allocate_credentials(&c->gnutls) < 0)
		return -ENOMEM;
	r = load_anchor(c, files, fault);
	if (r == 0)
		r = load_own(c, files, fault);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(c);
	return 0;
}

/* Called when the server's chain has come; whatever is not in order refuses it. */
static int
verify_server(gnutls_session_t session)
{
	struct tls_client *t = gnutls_session_get_ptr(session);

	return tls_client_verify(&t->check, session) == 0
		       ? 0
		       : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

static void
explain_server(const struct tls_client *t, struct buffer *fault)
{
	if (t->check.missing)
		buffer_printf(fault,
			"%s is not the server with that pin: neither its key nor an "
			"issuer in the chain that it shows has it, so that it may be "
			"somebody else's, or has a new key",
			t->host);
	else
		tls_client_explain_status(
			t->check.status, t->host, t->credentials->ca, fault);
}

/* Puts a failed GnuTLS call in words, and its error among those of errno. */
static int
explain_error(struct tls_client *t, int error, struct buffer *fault)
{
	int alert;

	switch (error) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		alert = (int)gnutls_alert_get(t->session);
		tls_client_explain_alert(
			alert, t->credentials->cert, t->credentials->key, fault);
		return alert == GNUTLS_A_INTERNAL_ERROR ? -EREMOTEIO : -EPROTO;
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		explain_server(t, fault);
		return -EPROTO;
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_UNEXPECTED_PACKET:
	case GNUTLS_E_RECORD_OVERFLOW:
		buffer_printf(fault,
			"%s does not answer in TLS: is this the port (465), or does it "
			"want --starttls (587)?",
			t->host);
		return -EPROTO;
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_SESSION_EOF:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		buffer_printf(fault, "%s has broken the connection off", t->host);
		return -ECONNRESET;
	case GNUTLS_E_MEMORY_ERROR:
		buffer_puts(fault, "out of memory");
		return -ENOMEM;
	default:
		buffer_printf(fault, "TLS with %s has failed: %s", t->host,
			gnutls_strerror(error));
		return -EPROTO;
	}
}

static int
late_fault(struct tls_client *t, struct buffer *fault)
{
	buffer_printf(fault, "%s has not answered in time", t->host);
	return -ETIMEDOUT;
}

/* Waits until the session can go on. */
static int
wait_session(struct tls_client *t, int64_t deadline, struct buffer *fault)
{
	struct pollfd fds[2] = {
		{ .fd = t->fd,
			.events = gnutls_record_get_direction(t->session) ? POLLOUT
									  : POLLIN },
		{ .fd = t->cancel, .events = POLLIN },
	};
	int64_t left = deadline - host_clock_ms();

	if (left > 0 && poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)left) < 0 &&
		errno != EINTR)
		return -errno;
	if (fds[1].revents)
		return -ECANCELED;
	return left > 0 ? 0 : late_fault(t, fault);
}

/* Says by what name the server is called, and has it verified. */
static void
expect_host(struct tls_client *t)
{
	t->check.host = t->host;
	t->check.pin = t->credentials->pinned ? t->credentials->pin : NULL;
	if (!tls_client_is_address(t->host))
		gnutls_server_name_set(
			t->session, GNUTLS_NAME_DNS, t->host, strlen(t->host));
	gnutls_session_set_ptr(t->session, t);
	gnutls_session_set_verify_function(t->session, verify_server);
}

static void
client_free(struct tls_client *t)
{
	if (!t)
		return;
	if (t->session)
		gnutls_deinit(t->session);
	if (t->description)
		gnutls_free(t->description);
	buffer_free(&t->check.pinned);
	free(t->host);
	free(t);
}

static void
client_cleanup(struct tls_client **t)
{
	client_free(*t);
}

static int
client_new(struct tls_client_credentials *credentials, int fd, int cancel,
	const char *host, struct tls_client **ret)
{
	CLEANUP(client_cleanup) struct tls_client *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->credentials = credentials;
	t->fd = fd;
	t->cancel = cancel;
	t->host = strdup(host);
	if (!t->host)
		return -ENOMEM;
	if (gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
					     GNUTLS_FORCE_CLIENT_CERT) < 0)
		return -ENOMEM;
	if (gnutls_priority_set_direct(t->session, client_priority, NULL) < 0)
		return -EINVAL;
	if (gnutls_credentials_set(
		    t->session, GNUTLS_CRD_CERTIFICATE, credentials->gnutls) < 0)
		return -ENOMEM;
	gnutls_handshake_set_timeout(t->session, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_int(t->session, fd);
	expect_host(t);
	*ret = TAKE_PTR(t);
	return 0;
}

/* Whether a call that has failed is to be made again: 0 for yes, or an error. */
static int
try_again(struct tls_client *t, int error, int64_t deadline, struct buffer *fault)
{
	if (gnutls_error_is_fatal(error))
		return explain_error(t, error, fault);
	if (error == GNUTLS_E_INTERRUPTED)
		return 0;
	if (deadline == 0)
		return -EAGAIN;
	/* A warning, or a wish to renegotiate, is let pass; a flood of them ends in time.
	 */
	if (error != GNUTLS_E_AGAIN)
		return host_clock_ms() < deadline ? 0 : late_fault(t, fault);
	return wait_session(t, deadline, fault);
}

int
tls_client_start(struct tls_client_credentials *credentials, int fd, int cancel,
	const char *host, int64_t deadline, struct tls_client **ret, struct buffer *fault)
{
	CLEANUP(client_cleanup) struct tls_client *t = NULL;
	int error;
	int r;

	r = client_new(credentials, fd, cancel, host, &t);
	if (r < 0)
		return r;
	while ((error = gnutls_handshake(t->session)) < 0) {
		r = try_again(t, error, deadline, fault);
		if (r == 0)
			continue;
		if (gnutls_error_is_fatal(error))
			gnutls_alert_send_appropriate(t->session, error);
		return r;
	}
	t->description = gnutls_session_get_desc(t->session);
	*ret = TAKE_PTR(t);
	return 0;
}

int
tls_client_read(struct tls_client *t, void *data, size_t len, int64_t deadline,
	size_t *ret_len, struct buffer *fault)
{
	for (;;) {
		ssize_t n = gnutls_record_recv(t->session, data, len);
		int r;

		if (n >= 0) {
			*ret_len = (size_t)n;
			return 0;
		}
		r = try_again(t, (int)n, deadline, fault);
		if (r < 0)
			return r;
	}
}

int
tls_client_write(struct tls_client *t, const void *data, size_t len, int64_t deadline,
	struct buffer *fault)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = gnutls_record_send(t->session, p, len);
		int r;

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		r = try_again(t, (int)n, deadline, fault);
		if (r < 0)
			return r;
	}
	return 0;
}

int
tls_client_exporter(struct tls_client *t, uint8_t ret[TLS_CLIENT_EXPORTER_SIZE])
{
	gnutls_datum_t binding = { NULL, 0 };
	int r = -ENOTSUP;

	/* Without either, two sessions can have the same (RFC 9266 section 3). */
	if (gnutls_protocol_get_version(t->session) != GNUTLS_TLS1_3 &&
		!gnutls_session_ext_master_secret_status(t->session))
		return r;
	if (gnutls_session_channel_binding(t->session, GNUTLS_CB_TLS_EXPORTER, &binding) <
		0)
		return r;
	if (binding.size == TLS_CLIENT_EXPORTER_SIZE) {
		memcpy(ret, binding.data, binding.size);
		r = 0;
	}
	gnutls_free(binding.data);
	return r;
}

const struct buffer *
tls_client_pinned(const struct tls_client *t, bool *ret_is_issuer)
{
	if (!t->check.pin)
		return NULL;
	*ret_is_issuer = t->check.is_issuer;
	return &t->check.pinned;
}

int
tls_client_peer(const struct tls_client *t, struct buffer *ret)
{
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(t->session, &n);

	return chain ? buffer_append(ret, chain->data, chain->size) : -ENODATA;
}

int
tls_client_own(const struct tls_client *t, struct buffer *ret)
{
	const gnutls_datum_t *own = gnutls_certificate_get_ours(t->session);

	return own ? buffer_append(ret, own->data, own->size) : -ENODATA;
}

const char *
tls_client_describe(const struct tls_client *t)
{
	return t->description ? t->description : "TLS";
}

void
tls_client_end(struct tls_client *t)
{
	if (t)
		gnutls_bye(t->session, GNUTLS_SHUT_WR);
	client_free(t);
}
