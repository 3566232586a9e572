// SPDX-License-Identifier: ISC
/*
 * Names: what the resolver says of the host, and where others would look for the server.
 * Nobody vouches for answers, so they are compared with what is configured and never
 * followed.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "client/check_parts.h"
#include "client/srv.h"

enum { LIST_SIZE = 512, ADDRESS_SIZE = 64 };

static void
list_addresses(const struct addrinfo *list, char ret[LIST_SIZE])
{
	size_t len = 0;

	ret[0] = '\0';
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		char text[ADDRESS_SIZE];

		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0,
			    NI_NUMERICHOST) != 0 ||
			len + strlen(text) + 3 > LIST_SIZE)
			continue;
		len += (size_t)snprintf(
			ret + len, LIST_SIZE - len, "%s%s", len > 0 ? ", " : "", text);
	}
}

static void
check_addresses(struct client_checking *c)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	double began = client_check_now();
	char text[LIST_SIZE];
	int r = getaddrinfo(c->settings->host, NULL, &hints, &list);

	/* The connection says what is wrong and what to do. */
	if (r != 0)
		return;
	list_addresses(list, text);
	freeaddrinfo(list);
	client_finding_add(&c->findings, CLIENT_FINE, "addresses", NULL, "%s (%.1f ms)",
		text, client_check_now() - began);
}

/* The domain that others would start from: that of the user, or the host. */
static const char *
domain_of(const struct client_settings *s)
{
	const char *at = s->user ? strrchr(s->user, '@') : NULL;

	return at && at[1] != '\0' ? at + 1 : s->host;
}

static bool
is_ours(const struct client_settings *s, const struct client_srv *record)
{
	return strcasecmp(record->target, s->host) == 0 && record->port == s->port;
}

static void
judge_records(struct client_checking *c, const char *name, const struct client_srv *found,
	int n)
{
	const struct client_settings *s = c->settings;

	for (int i = 0; i < n; i++) {
		if (is_ours(s, &found[i])) {
			client_finding_add(&c->findings, CLIENT_FINE, "SRV", NULL,
				"%s names %s, port %u", name, s->host, s->port);
			return;
		}
	}
	if (found[0].target[0] == '\0')
		client_finding_add(&c->findings, CLIENT_WARNING, "SRV",
			"if the server serves this domain, have its DNS say so, or take "
			"the record away",
			"%s says that there is no such service", name);
	else
		client_finding_add(&c->findings, CLIENT_WARNING, "SRV",
			"if that is the server, name it with --server; if not, have the "
			"record mended",
			"%s names %s, port %u, which is not the server that is asked "
			"here",
			name, found[0].target, found[0].port);
}

static void
check_records(struct client_checking *c)
{
	static const char *const services[] = {
		[CLIENT_TLS_IMPLICIT] = "_submissions._tcp",
		[CLIENT_TLS_STARTTLS] = "_submission._tcp",
	};
	const struct client_settings *s = c->settings;
	struct client_srv found[CLIENT_SRV_MAX];
	const char *domain = domain_of(s);
	char name[CLIENT_SRV_NAME + 32];
	int n;

	if (s->tls == CLIENT_TLS_OFF || strspn(domain, "0123456789.") == strlen(domain) ||
		strchr(domain, ':'))
		return;
	snprintf(name, sizeof name, "%s.%s", services[s->tls], domain);
	n = client_srv_find(services[s->tls], domain, found);
	if (n > 0)
		judge_records(c, name, found, n);
	else if (n == -EBADMSG)
		client_finding_add(&c->findings, CLIENT_WARNING, "SRV",
			"ask whoever runs the DNS of this machine",
			"%s: the answer makes no sense", name);
	else
		client_finding_add(&c->findings, CLIENT_FINE, "SRV", NULL,
			"%s: %s; none is needed where the server is named", name,
			n == -EAGAIN ? "nobody answers" : "there is none");
}

void
client_check_names(struct client_checking *c)
{
	check_addresses(c);
	check_records(c);
}
