// SPDX-License-Identifier: ISC
/*
 * The client's configuration file, read by inih from a stream that counts lines: `key =
 * value`, `#` comments; behind a `[NAME]` for the server of that name alone. The first
 * fault ends the reading; it names file and line. File names in it that are not absolute
 * count from the file's own folder, or from the home directory where they begin with
 * `~/`. It owns what it has read until it is merged.
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "client/settings_file.h"
#include "client/words.h"

struct reading {
	FILE *file;
	const char *path;
	unsigned line;
	bool too_long;
	int size; /* bytes of a line, and one, that inih has room for */
	struct client_settings_file *found;
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
	KEY_TEXT,
	KEY_COMMAND,
	KEY_DEFAULT, /* stands above all sections */
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
	{ "password_command", KEY_COMMAND,
		offsetof(struct client_settings, password_command) },
	{ "secrets", KEY_PATH, offsetof(struct client_settings, secrets) },
	{ "user", KEY_TEXT, offsetof(struct client_settings, user) },
	{ "default", KEY_DEFAULT, 0 },
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
set_mode(struct client_settings *s, enum key_kind kind, const char *value,
	struct client_fault *fault)
{
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
set_default(struct reading *r, const struct client_settings_section *section,
	const char *value, struct client_fault *fault)
{
	if (section != &r->found->top)
		return client_fault_set(fault, EX_CONFIG,
			"default stands in [%.100s]: expected it above all sections",
			section->name);
	r->found->standard = strdup(value);
	return r->found->standard ? 0 : client_fault_memory(fault);
}

static int
set_text(struct reading *r, struct client_settings *s, size_t i, const char *value,
	struct client_fault *fault)
{
	CLEANUP(client_words_clear) struct client_words words = { 0 };
	char **field = (char **)((char *)s + keys[i].offset);

	if (keys[i].kind == KEY_COMMAND && client_words_split(value, &words) < 0)
		return client_fault_set(fault, EX_CONFIG,
			"%s: expected the whole path of a program, or ~/ and its path, "
			"then its arguments, every quote closed",
			keys[i].name);
	*field = keys[i].kind == KEY_PATH ? resolve_path(r, value) : strdup(value);
	return *field ? 0 : client_fault_memory(fault);
}

static int
set_key(struct reading *r, struct client_settings_section *section, size_t i,
	const char *value, struct client_fault *fault)
{
	struct client_settings *s = &section->settings;

	if (*value == '\0')
		return client_fault_set(
			fault, EX_CONFIG, "%s: expected a value behind it", keys[i].name);
	if (section->seen & 1u << i)
		return client_fault_set(fault, EX_CONFIG,
			"%s stands here for the second time", keys[i].name);
	section->seen |= 1u << i;
	switch (keys[i].kind) {
	case KEY_SERVER:
		return client_settings_server(s, "server", value, fault);
	case KEY_TIMEOUT:
		return client_settings_timeout(s, "timeout", value, fault);
	case KEY_PIN:
		return client_settings_pin(s, "pin", value, fault);
	case KEY_TLS:
	case KEY_STARTTLS:
		return set_mode(s, keys[i].kind, value, fault);
	case KEY_DEFAULT:
		return set_default(r, section, value, fault);
	case KEY_PATH:
	case KEY_TEXT:
	case KEY_COMMAND:
		break;
	}
	return set_text(r, s, i, value, fault);
}

static bool
is_section_name(const char *name)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789.-_";
	size_t len = strlen(name);

	return len > 0 && name[0] != '-' && strspn(name, fit) == len;
}

/* The section of that name, which is made where there is none; or NULL with fault set. */
static struct client_settings_section *
find_section(struct reading *r, const char *name, struct client_fault *fault)
{
	struct client_settings_file *f = r->found;
	struct client_settings_section *section;

	if (*name == '\0')
		return &f->top;
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->sections[i].name, name) == 0)
			return &f->sections[i];
	}
	if (!is_section_name(name)) {
		client_fault_set(fault, EX_CONFIG,
			"[%.100s]: expected a name of letters, digits and .-_", name);
		return NULL;
	}
	section = reallocarray(f->sections, f->n + 1, sizeof *section);
	if (!section) {
		client_fault_memory(fault);
		return NULL;
	}
	f->sections = section;
	section += f->n;
	*section = (struct client_settings_section){ .name = strdup(name) };
	if (!section->name) {
		client_fault_memory(fault);
		return NULL;
	}
	f->n++;
	return section;
}

static size_t
find_key(const char *name)
{
	size_t i = 0;

	while (i < sizeof keys / sizeof *keys && strcmp(keys[i].name, name) != 0)
		i++;
	return i;
}

/* 1 for inih to go on, 0 for a fault. */
static int
handle_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;
	struct client_fault fault = { 0 };
	struct client_settings_section *where;
	size_t i = find_key(name);

	if (r->fault->status != 0)
		return 0;
	if (i == sizeof keys / sizeof *keys)
		client_fault_set(&fault, EX_CONFIG,
			"unknown key %.100s: expected server, tls, starttls, timeout, "
			"ca, pin, cert, key, user, password_file, password_command, "
			"secrets or default",
			name);
	else if ((where = find_section(r, section, &fault)))
		set_key(r, where, i, value, &fault);
	if (fault.status == 0)
		return 1;
	client_fault_set(
		r->fault, EX_CONFIG, "%s:%u: %.1500s", r->path, r->line, fault.text);
	return 0;
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
client_settings_file_read(const char *path, bool optional,
	struct client_settings_file *ret, struct client_fault *fault)
{
	struct reading r = { .path = path, .found = ret, .fault = fault };
	int result;

	*ret = (struct client_settings_file){ 0 };
	r.file = fopen(path, "re");
	if (!r.file && optional && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!r.file)
		return client_fault_set(
			fault, EX_CONFIG, "cannot read %s: %s", path, strerror(errno));
	result = read_file(&r);
	fclose(r.file);
	ret->found = result == 0;
	return result;
}

void
client_settings_file_clear(struct client_settings_file *f)
{
	client_settings_clear(&f->top.settings);
	for (size_t i = 0; i < f->n; i++) {
		client_settings_clear(&f->sections[i].settings);
		free(f->sections[i].name);
	}
	free(f->sections);
	free(f->standard);
	*f = (struct client_settings_file){ 0 };
}
