// SPDX-License-Identifier: ISC
/*
 * The opening of a session. It owns nothing but the lines it reads. Faults: the server
 * does not serve us (unavailable, or temporary with a 4yz code), offers no STARTTLS, or
 * answers what makes no sense (protocol).
 */
#include "client/hello.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/show.h"

enum { NAME_SIZE = 256 };

const char *
client_hello_quote(struct buffer *lines, struct buffer *words)
{
	for (size_t i = 0; i < buffer_len(lines); i++) {
		if (buffer_data(lines)[i] == '\n')
			buffer_data(lines)[i] = ' ';
	}
	if (client_show_clean(words, buffer_data(lines), buffer_len(lines)) < 0 ||
		!buffer_string(words))
		return "out of memory";
	return buffer_string(words);
}

int
client_hello_refused(struct client_link *l, const char *what, int permanent,
	unsigned code, struct buffer *lines, struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer words = { 0 };
	int status = code < 400 ? EX_PROTOCOL : code < 500 ? EX_TEMPFAIL : permanent;

	return client_fault_set(fault, status, "%s answers %s with: %.1500s",
		l->settings->host, what, client_hello_quote(lines, &words));
}

int
client_hello_banner(
	struct client_link *l, struct buffer *lines, struct client_fault *fault)
{
	unsigned code;
	int r;

	r = client_link_reply(l, client_link_deadline(l), &code, lines, fault);
	if (r != 0)
		return r;
	if (code != 220)
		return client_hello_refused(
			l, "our connection", EX_UNAVAILABLE, code, lines, fault);
	return 0;
}

int
client_hello_ask(struct client_link *l, const char *command, unsigned *ret_code,
	struct buffer *lines, struct client_fault *fault)
{
	int r = client_link_command(l, command, strlen(command), fault);

	if (r != 0)
		return r;
	return client_link_reply(l, client_link_deadline(l), ret_code, lines, fault);
}

/* This machine's name as EHLO takes it (RFC 5321 section 4.1.2). */
static void
own_name(char name[NAME_SIZE])
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789.-";

	if (gethostname(name, NAME_SIZE) < 0)
		name[0] = '\0';
	name[NAME_SIZE - 1] = '\0';
	if (name[0] == '\0' || strspn(name, fit) != strlen(name))
		snprintf(name, NAME_SIZE, "localhost");
}

static void
read_offers(struct buffer *lines, struct smtp_server_offers *ret)
{
	const char *line = buffer_data(lines);
	const char *end = line + buffer_len(lines);
	bool first = true;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((newline ? newline : end) - line);

		if (!first && len > 4)
			smtp_server_offers_read(ret, line + 4, len - 4);
		first = false;
		line += len + 1;
	}
}

int
client_hello_ehlo(
	struct client_link *l, struct smtp_server_offers *ret, struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	char name[NAME_SIZE];
	char command[NAME_SIZE + 8];
	const char *said = "EHLO";
	unsigned code;
	int r;

	own_name(name);
	snprintf(command, sizeof command, "EHLO %s", name);
	r = client_hello_ask(l, command, &code, &lines, fault);
	if (r != 0)
		return r;
	if (code == 500 || code == 502 || code == 504) {
		snprintf(command, sizeof command, "HELO %s", name);
		said = "HELO";
		r = client_hello_ask(l, command, &code, &lines, fault);
		if (r != 0)
			return r;
	}
	if (code != 250)
		return client_hello_refused(l, said, EX_UNAVAILABLE, code, &lines, fault);
	*ret = (struct smtp_server_offers){ 0 };
	if (strcmp(said, "EHLO") == 0)
		read_offers(&lines, ret);
	return 0;
}

int
client_hello_upgrade(struct client_link *l, struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	struct smtp_server_offers offers = { 0 };
	unsigned code;
	int r;

	r = client_hello_ehlo(l, &offers, fault);
	if (r != 0)
		return r;
	if (!offers.starttls)
		return client_fault_set(fault, EX_PROTOCOL,
			"%s does not offer STARTTLS, so nothing is sent: somebody on the "
			"way "
			"may have taken it out, or the server wants TLS from the start "
			"(port "
			"465, without --starttls)",
			l->settings->host);
	r = client_hello_ask(l, "STARTTLS", &code, &lines, fault);
	if (r != 0)
		return r;
	if (code != 220)
		return client_hello_refused(
			l, "STARTTLS", EX_UNAVAILABLE, code, &lines, fault);
	return client_link_start_tls(l, fault);
}

int
client_hello_probe(struct client_link *l, struct client_fault *fault)
{
	CLEANUP(buffer_free) struct buffer lines = { 0 };
	unsigned code;

	return client_hello_ask(l, "NOOP", &code, &lines, fault);
}
