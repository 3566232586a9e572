// SPDX-License-Identifier: ISC
/*
 * A stamp is taken before its file is read, so that a change in between is read at the
 * next look. Owns configuration, credentials, log. Faults are log records, each told once
 * for as long as it stays the same.
 */
#include "smtpd/known.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "host/clock.h"
#include "host/memory.h"
#include "smtpd/check.h"
#include "smtpd/note.h"

static void
free_config(struct config **c)
{
	config_free(*c);
}

/* What walls are built around and descriptors were opened for at the start. */
static const struct {
	const char *key;
	size_t offset; /* of a char * in struct config */
} PLACES[] = {
	{ "user", offsetof(struct config, user) },
	{ "tls_cert", offsetof(struct config, tls_cert) },
	{ "tls_key", offsetof(struct config, tls_key) },
	{ "tls_ca", offsetof(struct config, tls_ca) },
	{ "tls_pins", offsetof(struct config, tls_pins) },
	{ "tls_crl", offsetof(struct config, tls_crl) },
	{ "users", offsetof(struct config, users) },
	{ "run", offsetof(struct config, run) },
	{ "cache", offsetof(struct config, cache) },
	{ "deliver", offsetof(struct config, mail) },
	{ "log", offsetof(struct config, log_file) },
};

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The first key by which two configurations differ that needs a new start, or NULL. */
static const char *
find_moved(const struct config *a, const struct config *b)
{
	for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
		const char *const *in_a = (const void *)((const char *)a +
							 PLACES[i].offset);
		const char *const *in_b = (const void *)((const char *)b +
							 PLACES[i].offset);

		if (!is_same(*in_a, *in_b))
			return PLACES[i].key;
	}
	if (a->log != b->log)
		return "log";
	return a->sandbox != b->sandbox ? "sandbox" : NULL;
}

/* 0 with *ret, or a negative errno with lines in faults. */
static int
load(const struct smtpd_known *k, struct config **ret, struct buffer *faults)
{
	CLEANUP(free_config) struct config *c = NULL;
	const struct smtpd_options *o = k->options;
	const char *moved;
	int r = config_load(o->config, o->overrides, o->n_overrides, &c, faults);

	if (r < 0)
		return r;
	if (smtpd_check_abilities(c, faults) > 0)
		return -EINVAL;
	moved = find_moved(k->config, c);
	if (moved) {
		buffer_printf(faults, "%s: %s has changed, which takes a new start\n",
			o->config, moved);
		return -EINVAL;
	}
	*ret = TAKE_PTR(c);
	return 0;
}

static void
say_fault(struct smtpd_known *k, struct buffer *faults)
{
	char *text = buffer_string(faults);
	size_t len;

	if (!text || is_same(text, k->fault))
		return;
	free(k->fault);
	k->fault = strdup(text);
	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		smtpd_note(k->log,
			(struct host_record){ .priority = LOG_ERR,
				.event = "configuration-kept",
				.reason = "fault" },
			"The configuration stays as it was: %.*s", (int)len, text);
	}
}

static bool
read_config(struct smtpd_known *k)
{
	CLEANUP(buffer_free) struct buffer faults = { 0 };
	struct config *c;
	int r;

	host_stamp_take(k->options->config, &k->stamps.config);
	r = load(k, &c, &faults);
	if (r < 0) {
		if (buffer_len(&faults) == 0)
			buffer_puts(&faults, strerror(-r));
		say_fault(k, &faults);
		return false;
	}
	config_free(k->config);
	k->config = c;
	if (k->fault)
		smtpd_note(k->log,
			(struct host_record){
				.priority = LOG_NOTICE, .event = "configuration-read" },
			"The configuration is mended, and read");
	free(TAKE_PTR(k->fault));
	return true;
}

/* 0, or a negative errno with a sentence in fault. */
static int
read_credentials(struct smtpd_known *k, struct buffer *fault)
{
	const struct config *c = k->config;

	tls_credentials_free(TAKE_PTR(k->credentials));
	if (c->tls == CONFIG_TLS_OFF)
		return 0;
	host_stamp_take(c->tls_cert, &k->stamps.cert);
	if (c->tls_ca)
		host_stamp_take(c->tls_ca, &k->stamps.ca);
	if (c->tls_crl)
		host_stamp_take(c->tls_crl, &k->stamps.crl);
	return tls_credentials_load(c, &k->credentials, fault);
}

static void
open_log(struct smtpd_known *k)
{
	struct host_log *log;

	if (!k->config->log_file)
		return;
	host_stamp_take(k->config->log_file, &k->stamps.log);
	if (host_log_open(k->config, &log) < 0)
		return;
	host_log_free(k->log);
	k->log = log;
	/* It may have been made just now. */
	host_stamp_take(k->config->log_file, &k->stamps.log);
}

static bool
credentials_differ(const struct smtpd_known *k)
{
	const struct config *c = k->config;

	if (c->tls == CONFIG_TLS_OFF)
		return k->credentials != NULL;
	if (k->credentials && tls_credentials_until(k->credentials) <= host_clock_now())
		return true;
	return host_stamp_differs(&k->stamps.cert, c->tls_cert) ||
	       host_stamp_differs(&k->stamps.ca, c->tls_ca) ||
	       host_stamp_differs(&k->stamps.crl, c->tls_crl);
}

void
smtpd_known_begin(struct smtpd_known *k, const struct smtpd_options *options,
	struct config *config, struct host_log *log)
{
	*k = (struct smtpd_known){ .options = options, .config = config, .log = log };
	if (config->log_file)
		host_stamp_take(config->log_file, &k->stamps.log);
}

void
smtpd_known_free(struct smtpd_known *k)
{
	tls_credentials_free(k->credentials);
	config_free(k->config);
	host_log_free(k->log);
	free(k->fault);
	*k = (struct smtpd_known){ 0 };
}

void
smtpd_known_renew(struct smtpd_known *k)
{
	CLEANUP(buffer_free) struct buffer fault = { 0 };
	bool differs = host_stamp_differs(&k->stamps.config, k->options->config);
	bool changed = differs && read_config(k);

	/* A fault is told by each handler that meets it. */
	if (changed || credentials_differ(k)) {
		read_credentials(k, &fault);
		differs = true;
	}
	if (host_stamp_replaced(&k->stamps.log, k->config->log_file))
		open_log(k);
	if (differs)
		host_memory_release();
}

bool
smtpd_known_load(struct smtpd_known *k)
{
	CLEANUP(buffer_free) struct buffer fault = { 0 };
	int r = read_credentials(k, &fault);

	if (r < 0)
		smtpd_note(k->log,
			(struct host_record){ .priority = LOG_ERR,
				.event = "fault",
				.reason = strerror(-r) },
			"Nobody can be admitted: %s",
			buffer_len(&fault) ? buffer_string(&fault) : strerror(-r));
	return r == 0;
}

bool
smtpd_known_reload(struct smtpd_known *k)
{
	bool well;

	open_log(k);
	free(TAKE_PTR(k->fault));
	well = read_config(k);
	return smtpd_known_load(k) && well;
}

bool
smtpd_known_would_begin(const struct smtpd_known *k)
{
	CLEANUP(buffer_free) struct buffer faults = { 0 };
	CLEANUP(free_config) struct config *c = NULL;

	return load(k, &c, &faults) == 0;
}
