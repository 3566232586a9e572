// SPDX-License-Identifier: ISC
/*
 * The client's configuration file, read by inih from a stream that counts lines: `key =
 * value`, `#` comments, in no section. The first fault ends the reading; it names file
 * and line. File names in it that are not absolute count from the file's own folder, or
 * from the home directory where they begin with `~/`.
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "client/settings.h"

struct reading {
	FILE *file;
	const char *path;
	unsigned line;
	bool too_long;
	int size;      /* bytes of a line, and one, that inih has room for */
	unsigned seen; /* which of keys[], as bits */
	struct client_settings found; /* what the file says */
	struct client_fault *fault;
};

/* What a value is. */
enum key_kind {
	KEY_SERVER,
	KEY_TLS,
	KEY_STARTTLS,
	KEY_TIMEOUT,
	KEY_PIN,
	KEY_PATH,
	KEY_TEXT
};

static const struct {
	const char *name;
	enum key_kind kind;
	size_t offset;
} keys[] = {
	{ "server", KEY_SERVER, 0 },
	{ "tls", KEY_TLS, 0 },
	{ "starttls", KEY_STARTTLS, 0 },
	{ "timeout", KEY_TIMEOUT, 0 },
	{ "pin", KEY_PIN, 0 },
	{ "ca", KEY_PATH, offsetof(struct client_settings, ca) },
	{ "cert", KEY_PATH, offsetof(struct client_settings, cert) },
	{ "key", KEY_PATH, offsetof(struct client_settings, key) },
	{ "password_file", KEY_PATH, offsetof(struct client_settings, password_file) },
	{ "user", KEY_TEXT, offsetof(struct client_settings, user) },
};

/* fgets for inih. Blanks in front are taken away: inih would take such a line for the
 * continuation of the one before. */
static char *
read_line(char *text, int size, void *stream)
{
	struct reading *r = stream;
	size_t blanks;

	if (!fgets(text, size, r->file))
		return NULL;
	r->line++;
	r->size = size;
	if (!strchr(text, '\n') && !feof(r->file))
		r->too_long = true;
	blanks = strspn(text, " \t");
	memmove(text, text + blanks, strlen(text + blanks) + 1);
	return r->too_long ? NULL : text;
}

static char *
resolve_path(const struct reading *r, const char *value)
{
	const char *home = getenv("HOME");
	const char *slash = strrchr(r->path, '/');
	char *path;
	int n;

	if (value[0] == '~' && value[1] == '/' && home)
		n = asprintf(&path, "%s%s", home, value + 1);
	else if (value[0] == '/' || !slash)
		n = asprintf(&path, "%s", value);
	else
		n = asprintf(&path, "%.*s/%s", (int)(slash - r->path), r->path, value);
	return n < 0 ? NULL : path;
}

static int
set_mode(struct reading *r, enum key_kind kind, const char *value,
	struct client_fault *fault)
{
	struct client_settings *s = &r->found;

	if (s->tls != CLIENT_TLS_UNSET)
		return client_fault_set(
			fault, EX_CONFIG, "tls and starttls say the same: keep one");
	if (kind == KEY_TLS)
		return client_settings_tls(s, "tls", value, fault);
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return client_fault_set(
			fault, EX_CONFIG, "starttls %.100s: expected yes or no", value);
	s->tls = value[0] == 'y' ? CLIENT_TLS_STARTTLS : CLIENT_TLS_IMPLICIT;
	return 0;
}

static int
set_key(struct reading *r, size_t i, const char *value, struct client_fault *fault)
{
	char **field = (char **)((char *)&r->found + keys[i].offset);

	if (*value == '\0')
		return client_fault_set(
			fault, EX_CONFIG, "%s: expected a value behind it", keys[i].name);
	if (r->seen & 1u << i)
		return client_fault_set(fault, EX_CONFIG,
			"%s stands here for the second time", keys[i].name);
	r->seen |= 1u << i;
	switch (keys[i].kind) {
	case KEY_SERVER:
		return client_settings_server(&r->found, "server", value, fault);
	case KEY_TIMEOUT:
		return client_settings_timeout(&r->found, "timeout", value, fault);
	case KEY_PIN:
		return client_settings_pin(&r->found, "pin", value, fault);
	case KEY_TLS:
	case KEY_STARTTLS:
		return set_mode(r, keys[i].kind, value, fault);
	case KEY_PATH:
	case KEY_TEXT:
		break;
	}
	*field = keys[i].kind == KEY_PATH ? resolve_path(r, value) : strdup(value);
	return *field ? 0 : client_fault_memory(fault);
}

/* 1 for inih to go on, 0 for a fault. */
static int
handle_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	struct client_fault fault = { 0 };
	size_t i = 0;

	if (r->fault->status != 0)
		return 0;
	while (i < sizeof keys / sizeof *keys && strcmp(keys[i].name, name) != 0)
		i++;
	if (*section != '\0')
		client_fault_set(&fault, EX_CONFIG,
			"%.100s stands in the section [%.100s]: expected no sections",
			name, section);
	else if (i == sizeof keys / sizeof *keys)
		client_fault_set(&fault, EX_CONFIG,
			"unknown key %.100s: expected server, tls, starttls, timeout, "
			"ca, pin, cert, key, user or password_file",
			name);
	else
		set_key(r, i, value, &fault);
	if (fault.status == 0)
		return 1;
	client_fault_set(
		r->fault, EX_CONFIG, "%s:%u: %.1500s", r->path, r->line, fault.text);
	return 0;
}

static void
take(char **to, char **from)
{
	if (!*to)
		*to = TAKE_PTR(*from);
}

/* What the file says goes where nothing is yet. */
static void
merge(struct client_settings *s, struct client_settings *found)
{
	if (!s->host) {
		take(&s->host, &found->host);
		if (s->port == 0)
			s->port = found->port;
	}
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
	take(&s->password_file, &found->password_file);
}

static int
read_file(struct reading *r)
{
	int line = ini_parse_stream(read_line, r, handle_key, r);

	if (r->too_long)
		return client_fault_set(r->fault, EX_CONFIG,
			"%s:%u: the line is too long: expected at most %d bytes", r->path,
			r->line, r->size - 2);
	if (ferror(r->file))
		return client_fault_set(r->fault, EX_CONFIG, "cannot read %s: %s",
			r->path, strerror(errno));
	if (line != 0)
		return client_fault_set(r->fault, EX_CONFIG,
			"%s:%d: expected key = value", r->path, line);
	return 0;
}

int
client_settings_load(
	struct client_settings *s, const char *path, struct client_fault *fault)
{
	CLEANUP_FREE char *standard = NULL;
	struct reading r = { .path = path, .fault = fault };
	const char *home = getenv("HOME");
	int result;

	if (!path) {
		if (!home ||
			asprintf(&standard, "%s/.config/postern/client.conf", home) < 0)
			return 0;
		r.path = standard;
	}
	r.file = fopen(r.path, "re");
	if (!r.file && !path && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!r.file)
		return client_fault_set(
			fault, EX_CONFIG, "cannot read %s: %s", r.path, strerror(errno));
	result = read_file(&r);
	fclose(r.file);
	if (result == 0)
		merge(s, &r.found);
	client_settings_clear(&r.found);
	return result;
}
