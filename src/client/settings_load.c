// SPDX-License-Identifier: ISC
/*
 * The sources of settings one behind the other: environment, configuration file,
 * credentials of systemd. A password that stands in the environment is overwritten there.
 * Faults are of configuration, and name the variable, or file and line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/settings_file.h"

/* Values that need no reading. */
static const struct {
	const char *variable, *credential; /* either may be NULL */
	size_t offset;
} texts[] = {
	{ "POSTERN_CA", "postern.ca", offsetof(struct client_settings, ca) },
	{ "POSTERN_CERT", "postern.cert", offsetof(struct client_settings, cert) },
	{ "POSTERN_KEY", "postern.key", offsetof(struct client_settings, key) },
	{ "POSTERN_USER", NULL, offsetof(struct client_settings, user) },
	{ "POSTERN_PASSWORD_FILE", "postern.password",
		offsetof(struct client_settings, password_file) },
	{ "POSTERN_PASSWORD_COMMAND", NULL,
		offsetof(struct client_settings, password_command) },
	{ "POSTERN_PASSWORD", NULL, offsetof(struct client_settings, password) },
	{ "POSTERN_SECRETS", "postern.secrets",
		offsetof(struct client_settings, secrets) },
};

/* Values that are read, by the same functions as everywhere. */
static const struct {
	const char *variable;
	int (*read)(struct client_settings *s, const char *name, const char *value,
		struct client_fault *fault);
} values[] = {
	{ "POSTERN_SERVER", client_settings_server },
	{ "POSTERN_TLS", client_settings_tls },
	{ "POSTERN_PIN", client_settings_pin },
	{ "POSTERN_TIMEOUT", client_settings_timeout },
};

/* A variable that is set to something. */
static char *
variable(const char *name)
{
	char *value = getenv(name);

	return value && *value ? value : NULL;
}

static char **
field(struct client_settings *s, size_t offset)
{
	return (char **)((char *)s + offset);
}

static int
read_environment(struct client_settings *s, struct client_fault *fault)
{
	CLEANUP(client_settings_clear) struct client_settings found = { 0 };
	char *password = variable("POSTERN_PASSWORD");

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *value = variable(texts[i].variable);
		char **to = field(&found, texts[i].offset);

		*to = value ? strdup(value) : NULL;
		if (value && !*to)
			return client_fault_memory(fault);
	}
	if (password)
		explicit_bzero(password, strlen(password));
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const char *value = variable(values[i].variable);
		int r = value ? values[i].read(&found, values[i].variable, value, fault)
			      : 0;

		if (r < 0)
			return r;
	}
	client_settings_merge(s, &found);
	return 0;
}

/* The section for the server that was asked for, or NULL where it is a host. */
static struct client_settings_section *
find_section(struct client_settings_file *f, const char *name)
{
	for (size_t i = 0; name && i < f->n; i++) {
		if (strcmp(f->sections[i].name, name) == 0)
			return &f->sections[i];
	}
	return NULL;
}

static int
choose_section(struct client_settings *s, struct client_settings_file *f,
	const char *path, struct client_settings_section **ret,
	struct client_fault *fault)
{
	*ret = NULL;
	if (s->name) {
		*ret = find_section(f, s->name);
	} else if (f->standard) {
		*ret = find_section(f, f->standard);
		if (!*ret)
			return client_fault_set(fault, EX_CONFIG,
				"%s: default = %.100s: there is no [%.100s]", path,
				f->standard, f->standard);
	} else if (!f->top.settings.host && f->n == 1) {
		*ret = &f->sections[0];
	} else if (!f->top.settings.host && f->n > 1) {
		return client_fault_set(fault, EX_USAGE,
			"%s names several servers: choose one with --server NAME, or "
			"with default = NAME in its first lines",
			path);
	}
	return 0;
}

/* A section that says nothing else is the server of its name. */
static int
take_section(struct client_settings *s, struct client_settings_section *section,
	struct client_fault *fault)
{
	free(s->host);
	s->host = NULL;
	if (!section->settings.host) {
		section->settings.host = strdup(section->name);
		if (!section->settings.host)
			return client_fault_memory(fault);
	}
	client_settings_merge(s, &section->settings);
	return 0;
}

static int
read_file(struct client_settings *s, const char *path, bool optional, bool *ret_found,
	struct client_fault *fault)
{
	CLEANUP(client_settings_file_clear) struct client_settings_file file = { 0 };
	struct client_settings_section *section;
	int r;

	r = client_settings_file_read(path, optional, &file, fault);
	*ret_found = file.found;
	if (r == 0)
		r = choose_section(s, &file, path, &section, fault);
	if (r == 0 && section)
		r = take_section(s, section, fault);
	if (r == 0)
		client_settings_merge(s, &file.top.settings);
	return r;
}

static int
read_files(struct client_settings *s, const char *path, struct client_fault *fault)
{
	CLEANUP_FREE char *own = NULL;
	const char *home = getenv("HOME");
	bool found = false;
	int r = 0;

	if (!path)
		path = variable("POSTERN_CONFIG");
	if (path)
		return read_file(s, path, false, &found, fault);
	if (home && asprintf(&own, "%s/.config/postern/client.conf", home) < 0)
		return client_fault_memory(fault);
	if (home)
		r = read_file(s, own, true, &found, fault);
	if (r == 0 && !found)
		r = read_file(s, POSTERN_SYSCONFDIR "/postern/client.conf", true, &found,
			fault);
	return r;
}

/* Files in $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=). */
static int
read_credentials(struct client_settings *s, struct client_fault *fault)
{
	CLEANUP(client_settings_clear) struct client_settings found = { 0 };
	const char *folder = variable("CREDENTIALS_DIRECTORY");

	for (size_t i = 0; folder && i < sizeof texts / sizeof *texts; i++) {
		char *path;

		if (!texts[i].credential)
			continue;
		if (asprintf(&path, "%s/%s", folder, texts[i].credential) < 0)
			return client_fault_memory(fault);
		if (access(path, F_OK) == 0)
			*field(&found, texts[i].offset) = path;
		else
			free(path);
	}
	client_settings_merge(s, &found);
	return 0;
}

int
client_settings_load(
	struct client_settings *s, const char *path, struct client_fault *fault)
{
	int r = read_environment(s, fault);

	if (r == 0)
		r = read_files(s, path, fault);
	return r == 0 ? read_credentials(s, fault) : r;
}
