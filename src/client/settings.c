// SPDX-License-Identifier: ISC
/*
 * Values of settings, each checked where it comes in. Strings belong to the settings.
 * Faults are of usage or configuration, and name the option or key.
 */
#include "client/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/secret.h"
#include "base/text.h"

enum { HOST_MAX = 253, USER_MAX = 254, TIMEOUT_DEFAULT = 300 };

void
client_settings_clear(struct client_settings *s)
{
	free(s->name);
	free(s->host);
	free(s->ca);
	free(s->cert);
	free(s->key);
	free(s->user);
	free(s->password_file);
	free(s->password_command);
	secret_free(s->password);
	free(s->secrets);
	*s = (struct client_settings){ 0 };
}

static int
server_fault(struct client_fault *fault, const char *name, const char *value)
{
	return client_fault_set(fault, EX_USAGE,
		"%s %.300s: expected HOST, HOST:PORT or [ADDRESS]:PORT, the port from 1 "
		"to "
		"65535",
		name, value);
}

static bool
is_host(const char *text, size_t len)
{
	if (len == 0 || len > HOST_MAX || text[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7f || strchr("/[]@\\", text[i]))
			return false;
	}
	return true;
}

/* Splits the value into host and port; *ret_port is NULL where none stands there. */
static bool
split_server(
	const char *value, const char **ret_host, size_t *ret_len, const char **ret_port)
{
	const char *colon = strchr(value, ':');
	const char *close;

	*ret_host = value;
	*ret_len = strlen(value);
	*ret_port = NULL;
	if (value[0] == '[') {
		close = strchr(value, ']');
		if (!close || (close[1] != '\0' && close[1] != ':'))
			return false;
		*ret_host = value + 1;
		*ret_len = (size_t)(close - value) - 1;
		*ret_port = close[1] == ':' ? close + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		*ret_len = (size_t)(colon - value);
		*ret_port = colon + 1;
	}
	return is_host(*ret_host, *ret_len);
}

int
client_settings_server(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault)
{
	const char *host, *port;
	uint64_t number;
	size_t len;

	if (!split_server(value, &host, &len, &port))
		return server_fault(fault, name, value);
	if (port) {
		if (number_parse(port, strlen(port), 1, 65535, &number) < 0)
			return server_fault(fault, name, value);
		s->port = (unsigned)number;
	}
	free(s->host);
	free(s->name);
	s->host = strndup(host, len);
	s->name = strdup(value);
	return s->host && s->name ? 0 : client_fault_memory(fault);
}

int
client_settings_port(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault)
{
	uint64_t number;

	if (number_parse(value, strlen(value), 1, 65535, &number) < 0)
		return client_fault_set(fault, EX_USAGE,
			"%s %.100s: expected a number from 1 to 65535", name, value);
	s->port = (unsigned)number;
	return 0;
}

int
client_settings_tls(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault)
{
	if (strcmp(value, "implicit") == 0)
		s->tls = CLIENT_TLS_IMPLICIT;
	else if (strcmp(value, "starttls") == 0)
		s->tls = CLIENT_TLS_STARTTLS;
	else if (strcmp(value, "off") == 0)
		s->tls = CLIENT_TLS_OFF;
	else
		return client_fault_set(fault, EX_USAGE,
			"%s %.100s: expected implicit, starttls or off", name, value);
	return 0;
}

int
client_settings_timeout(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault)
{
	uint64_t number;

	if (number_parse(value, strlen(value), 1, 86400, &number) < 0)
		return client_fault_set(fault, EX_USAGE,
			"%s %.100s: expected seconds, from 1 to 86400", name, value);
	s->timeout = (unsigned)number;
	return 0;
}

int
client_settings_pin(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault)
{
	if (text_unhex(value, strlen(value), s->pin, sizeof s->pin) < 0)
		return client_fault_set(fault, EX_USAGE,
			"%s %.100s: expected the SHA-256 of a public key, as 64 "
			"hexadecimal digits",
			name, value);
	s->pinned = true;
	return 0;
}

static void
take(char **to, char **from)
{
	if (!*to)
		*to = TAKE_PTR(*from);
}

void
client_settings_merge(struct client_settings *s, struct client_settings *found)
{
	if (!s->host) {
		take(&s->host, &found->host);
		if (s->port == 0)
			s->port = found->port;
	}
	take(&s->name, &found->name);
	if (s->tls == CLIENT_TLS_UNSET)
		s->tls = found->tls;
	if (s->timeout == 0)
		s->timeout = found->timeout;
	if (!s->cert && !s->key) {
		take(&s->cert, &found->cert);
		take(&s->key, &found->key);
	}
	/* Whatever verifies the server comes from one place. */
	if (!s->ca && !s->pinned) {
		take(&s->ca, &found->ca);
		s->pinned = found->pinned;
		memcpy(s->pin, found->pin, sizeof s->pin);
	}
	take(&s->user, &found->user);
	if (!client_settings_has_password(s)) {
		take(&s->password_file, &found->password_file);
		take(&s->password_command, &found->password_command);
		take(&s->password, &found->password);
	}
	take(&s->secrets, &found->secrets);
}

/* A user's name goes into commands and file names. */
static bool
is_user(const char *user)
{
	size_t len = strlen(user);

	if (len == 0 || len > USER_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)user[i] < ' ' || user[i] == 0x7f)
			return false;
	}
	return true;
}

int
client_settings_finish(struct client_settings *s, struct client_fault *fault)
{
	if (s->tls == CLIENT_TLS_UNSET)
		s->tls = CLIENT_TLS_IMPLICIT;
	if (s->timeout == 0)
		s->timeout = TIMEOUT_DEFAULT;
	if (!s->host)
		return client_fault_set(fault, EX_USAGE,
			"no server is named: give it with --server HOST[:PORT], or as "
			"server = HOST in ~/.config/postern/client.conf");
	if (s->port == 0)
		s->port = s->tls == CLIENT_TLS_STARTTLS ? 587 : 465;
	if (!!s->password_file + !!s->password_command + !!s->password > 1)
		return client_fault_set(fault, EX_USAGE,
			"the password is to come from a file and from a command: "
			"expected "
			"one of them");
	if (s->user && !is_user(s->user))
		return client_fault_set(fault, EX_USAGE,
			"--user: expected a name of at most 254 bytes without control "
			"characters");
	if (!s->cert != !s->key)
		return client_fault_set(fault, EX_USAGE,
			"%s is named without %s: --cert and --key go together",
			s->cert ? "a certificate" : "a key",
			s->cert ? "its key" : "its certificate");
	if (s->ca && s->pinned)
		return client_fault_set(fault, EX_USAGE,
			"a CA and a pin are named to verify the server by: expected one "
			"of them");
	if (s->tls != CLIENT_TLS_OFF && !s->ca && !s->pinned)
		return client_fault_set(fault, EX_CONFIG,
			"no CA is named to verify the server by: give it with --ca FILE, "
			"or as ca = FILE in ~/.config/postern/client.conf (it is the "
			"ca.pem of your bundle)");
	return 0;
}
