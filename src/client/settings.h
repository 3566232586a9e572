// SPDX-License-Identifier: ISC
/*
 * Where to connect and as whom: what the command line says, behind it the environment,
 * then the configuration file, then what systemd passes as credentials. A value that is
 * set already stays, so who is asked first wins.
 */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include <stdbool.h>

#include "client/fault.h"
#include "pki/identity.h"

enum client_tls {
	CLIENT_TLS_UNSET,
	CLIENT_TLS_IMPLICIT, /* TLS from the first byte (RFC 8314), port 465 */
	CLIENT_TLS_STARTTLS, /* RFC 3207, port 587 */
	CLIENT_TLS_OFF,      /* in the clear, to this machine alone */
};

/* A zeroed one has nothing set. Strings are owned. */
struct client_settings {
	char *name; /* the server as it was asked for: a host, or a section of the file */
	char *host;
	unsigned port; /* 0 while not set */
	enum client_tls tls;
	char *ca, *cert, *key;
	bool pinned; /* the server is known by pin, and not by ca */
	uint8_t pin[PKI_PIN_SIZE];
	const char *cert_text, *key_text; /* PEM in memory, borrowed, instead of files */
	char *user;
	/* Where the password comes from; at most one of the three. */
	char *password_file;
	char *password_command; /* words of client/words.h */
	char *password;
	char *secrets;    /* a file like ~/.netrc, or NULL */
	unsigned timeout; /* seconds that the server may keep silent; 0 while not set */
	bool verbose;
	bool trace; /* the dialogue goes to stderr, with times */
	bool plain; /* no line editing, no colours, no hints */
};

void client_settings_clear(struct client_settings *s);

/* "HOST", "HOST:PORT", "ADDRESS", "[ADDRESS]:PORT". name is the option or key that a
 * fault names. 0, or a negative number with fault set; so with all that follow. */
int client_settings_server(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault);
int client_settings_port(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault);
int client_settings_tls(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault);
int client_settings_pin(struct client_settings *s, const char *name, const char *value,
	struct client_fault *fault);
int client_settings_timeout(struct client_settings *s, const char *name,
	const char *value, struct client_fault *fault);

/* Whether a password's source is named, so that whoever named it wants it used. */
static inline bool
client_settings_has_password(const struct client_settings *s)
{
	return s->password_file || s->password_command || s->password;
}

/* Takes over what is not set yet; found keeps the rest. */
void client_settings_merge(struct client_settings *s, struct client_settings *found);

/* Fills in what is not set: from the environment, then from the file at path, then from
 * systemd's credentials. Where path is NULL the file is POSTERN_CONFIG, or
 * ~/.config/postern/client.conf, or /etc/postern/client.conf, if there is one. */
int client_settings_load(
	struct client_settings *s, const char *path, struct client_fault *fault);

/* Defaults for what is still not set, and whether it fits together. */
int client_settings_finish(struct client_settings *s, struct client_fault *fault);

#endif
