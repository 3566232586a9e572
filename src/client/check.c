// SPDX-License-Identifier: ISC
/*
 * The course of a check: each part adds its findings; what has failed ends it, because
 * the rest stands on it. It owns the link. Faults are those of the parts.
 */
#include "client/check.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "base/cleanup.h"
#include "client/check_parts.h"
#include "client/connect.h"
#include "host/clock.h"

enum { CONNECT_MS = 30000 };

static const char *const modes[] = {
	[CLIENT_TLS_UNSET] = "",
	[CLIENT_TLS_IMPLICIT] = "TLS from the first byte",
	[CLIENT_TLS_STARTTLS] = "STARTTLS",
	[CLIENT_TLS_OFF] = "no TLS",
};

double
client_check_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1000000;
}

int
client_check_failed(struct client_checking *c, const char *what)
{
	client_finding_add(&c->findings, CLIENT_ERROR, what, NULL, "%s", c->fault->text);
	return -ECANCELED;
}

static int
connect_to(struct client_checking *c)
{
	const struct client_settings *s = c->settings;
	int64_t limit = (int64_t)s->timeout * 1000;
	double began = client_check_now();
	int r = client_connect(s, -1,
		host_clock_ms() + (limit < CONNECT_MS ? limit : CONNECT_MS), &c->link.fd,
		c->fault);

	if (r != 0)
		return client_check_failed(c, "connection");
	client_finding_add(&c->findings, CLIENT_FINE, "connection", NULL,
		"port %u answers in %.1f ms", s->port, client_check_now() - began);
	return 0;
}

static int
course(struct client_checking *c)
{
	const struct client_settings *s = c->settings;
	int r;

	client_finding_add(&c->findings, CLIENT_FINE, "server", NULL, "%s, port %u, %s",
		s->host, s->port, modes[s->tls]);
	r = client_link_load(&c->link, s, c->fault);
	if (r < 0)
		return client_check_failed(c, "files");
	if (s->cert)
		client_check_own_certificate(c);
	client_check_names(c);
	r = connect_to(c);
	return r == 0 ? client_check_session(c) : r;
}

int
client_check(const struct client_settings *s, bool json, struct client_fault *fault)
{
	struct client_fault met = { 0 };
	struct client_checking c = { .settings = s,
		.findings = { .json = json },
		.fault = &met,
		.link = { .fd = -1,
			.cancel = -1,
			.traced = s->verbose || s->trace,
			.settings = s } };
	size_t errors, n;

	course(&c);
	client_link_close(&c.link);
	errors = c.findings.errors;
	n = c.findings.n;
	client_findings_end(&c.findings);
	if (errors == 0)
		return 0;
	return client_fault_set(fault, met.status != 0 ? met.status : EX_CONFIG,
		"%zu of %zu findings %s an error", errors, n, errors == 1 ? "is" : "are");
}
