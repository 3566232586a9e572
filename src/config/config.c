// SPDX-License-Identifier: ISC
/*
 * Loading: settings of the file, then overrides, then defaults, then the comparison of
 * keys with each other. Each step goes on after a fault, so that all faults are listed at
 * once.
 */
#include "config/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/file.h"
#include "config/key.h"
#include "config/load.h"
#include "config/value.h"

struct loading {
	struct config *config;
	const char *file;
	struct {
		unsigned line;        /* 0: not in the file */
		const char *override; /* as given to -o, or NULL */
		bool bad;
	} source[CONFIG_KEYS];
	struct buffer *faults;
};

static void
config_cleanup(struct config **c)
{
	config_free(*c);
}

static size_t
place(const struct config_key *key)
{
	return (size_t)(key - config_keys);
}

/* Where a setting stands: "FILE:LINE: KEY = VALUE: " or "-o KEY=VALUE: ". */
static int
put_setting(struct loading *l, unsigned line, const char *key, const char *value)
{
	int r = line ? buffer_printf(l->faults, "%s:%u: ", l->file, line)
		     : buffer_puts(l->faults, "-o ");

	if (r == 0)
		r = text_escape(l->faults, key, strlen(key));
	if (r == 0)
		r = buffer_puts(l->faults, line ? " = " : "=");
	if (r == 0)
		r = text_escape(l->faults, value, strlen(value));
	return r < 0 ? r : buffer_puts(l->faults, ": ");
}

static int
fault_unknown(struct loading *l, unsigned line, const char *name, const char *value)
{
	const struct config_key *near = config_key_near(name);
	int r = put_setting(l, line, name, value);

	if (r < 0)
		return r;
	if (near)
		return buffer_printf(
			l->faults, "unknown key; is %s meant?\n", near->name);
	return buffer_puts(
		l->faults, "unknown key; expected one of those in postern.conf(5)\n");
}

static int
set_value(
	struct loading *l, const struct config_key *key, unsigned line, const char *value)
{
	struct buffer why CLEANUP(buffer_free) = { 0 };
	int r = config_value_set(l->config, key, value, &why);

	if (r != -EINVAL)
		return r;
	l->source[place(key)].bad = true;
	r = put_setting(l, line, key->name, value);
	if (r == 0)
		r = buffer_append(l->faults, buffer_data(&why), buffer_len(&why));
	return r < 0 ? r : buffer_puts(l->faults, "\n");
}

/* A setting of the file. */
static int
take_setting(void *context, const char *name, const char *value, unsigned line)
{
	struct loading *l = context;
	const struct config_key *key = config_key_find(name);
	unsigned *seen;

	if (!key)
		return fault_unknown(l, line, name, value);
	seen = &l->source[place(key)].line;
	if (*seen > 0)
		return buffer_printf(l->faults,
			"%s:%u: %s is given twice; it stands in line %u already\n",
			l->file, line, name, *seen);
	*seen = line;
	return set_value(l, key, line, value);
}

static int
fault_override(struct loading *l, const char *text)
{
	int r = buffer_puts(l->faults, "-o ");

	if (r == 0)
		r = text_escape(l->faults, text, strlen(text));
	return r < 0 ? r : buffer_puts(l->faults, ": expected KEY=VALUE\n");
}

/* A setting of the command line: "KEY=VALUE". */
static int
take_override(struct loading *l, const char *text)
{
	const char *equals = strchr(text, '=');
	const struct config_key *key;
	char *name CLEANUP_FREE = NULL;

	if (!equals || equals == text)
		return fault_override(l, text);
	name = strndup(text, (size_t)(equals - text));
	if (!name)
		return -ENOMEM;
	key = config_key_find(name);
	if (!key)
		return fault_unknown(l, 0, name, equals + 1);
	l->source[place(key)].override = text;
	return set_value(l, key, 0, equals + 1);
}

static bool
is_set(const struct loading *l, size_t at)
{
	return l->source[at].line > 0 || l->source[at].override;
}

/* The name of the machine, where the configuration gives none. */
static int
default_hostname(struct loading *l)
{
	const struct config_key *key = &config_keys[CONFIG_KEY_HOSTNAME];
	struct buffer why CLEANUP(buffer_free) = { 0 };
	char name[HOST_NAME_MAX + 1] = "";
	int r;

	if (gethostname(name, sizeof(name) - 1) < 0)
		return -errno;
	r = config_value_set(l->config, key, name, &why);
	if (r != -EINVAL)
		return r;
	l->source[CONFIG_KEY_HOSTNAME].bad = true;
	r = buffer_puts(l->faults, "hostname: the machine is called \"");
	if (r == 0)
		r = text_escape(l->faults, name, strlen(name));
	return r < 0 ? r
		     : buffer_puts(l->faults,
			       "\", which is no domain name; expected hostname = NAME\n");
}

static int
set_defaults(struct loading *l)
{
	struct config *c = l->config;
	int r = 0;

	if (!is_set(l, CONFIG_KEY_HOSTNAME))
		r = default_hostname(l);
	if (r == 0 && !is_set(l, CONFIG_KEY_DOMAINS) && c->hostname)
		r = config_value_set(
			c, &config_keys[CONFIG_KEY_DOMAINS], c->hostname, l->faults);
	for (size_t i = 0; r == 0 && i < CONFIG_KEYS; i++)
		if (config_keys[i].fallback && !is_set(l, i))
			r = config_value_set(
				c, &config_keys[i], config_keys[i].fallback, l->faults);
	return r;
}

/* Faults `tls = off` where the key at other has the value that it has. */
static int
fault_tls_off(struct loading *l, size_t other, const char *needs)
{
	const struct config_key *key = &config_keys[other];
	size_t at = CONFIG_KEY_TLS;
	int r;

	if (l->source[at].override)
		r = buffer_printf(l->faults, "-o %s: ", l->source[at].override);
	else
		r = buffer_printf(
			l->faults, "%s:%u: tls = off: ", l->file, l->source[at].line);
	if (r < 0)
		return r;
	return buffer_printf(l->faults,
		"expected %s beside it, since there are no "
		"certificates; %s is %s%s\n",
		needs, key->name, config_value_word(l->config, key),
		is_set(l, other) ? "" : " by default");
}

/* Keys that must fit each other. */
static int
compare(struct loading *l)
{
	const struct config *c = l->config;
	int r = 0;

	if (c->tls != CONFIG_TLS_OFF)
		return 0;
	if (c->bind != CONFIG_BIND_ANY && !l->source[CONFIG_KEY_BIND].bad)
		r = fault_tls_off(l, CONFIG_KEY_BIND, "bind = any");
	if (r == 0 && c->enrol == CONFIG_ENROL_CERTIFICATE &&
		!l->source[CONFIG_KEY_ENROL].bad)
		r = fault_tls_off(l, CONFIG_KEY_ENROL,
			"enrol = off, enrol = window or enrol = any");
	return r;
}

int
config_load_text(const char *name, const char *text, size_t len, char *const *overrides,
	size_t n_overrides, struct config **ret, struct buffer *faults)
{
	struct config *c CLEANUP(config_cleanup) = calloc(1, sizeof(*c));
	struct loading l = { .config = c, .file = name, .faults = faults };
	size_t before = buffer_len(faults);
	int r = 0;

	if (!c)
		return -ENOMEM;
	if (len > 0)
		r = config_file_parse(name, text, len, take_setting, &l, faults);
	for (size_t i = 0; r == 0 && i < n_overrides; i++)
		r = take_override(&l, overrides[i]);
	if (r == 0)
		r = set_defaults(&l);
	if (r == 0)
		r = compare(&l);
	if (r < 0)
		return r;
	if (buffer_len(faults) > before)
		return -EINVAL;
	*ret = TAKE_PTR(c);
	return 0;
}

int
config_load(const char *path, char *const *overrides, size_t n_overrides,
	struct config **ret, struct buffer *faults)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	int r = path ? config_file_read(path, &text) : 0;

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		int q = buffer_printf(
			faults, "%s: cannot be read: %s\n", path, strerror(-r));

		return q < 0 ? q : r;
	}
	return config_load_text(path, buffer_data(&text), buffer_len(&text), overrides,
		n_overrides, ret, faults);
}

void
config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		config_value_clear(c, &config_keys[i]);
	free(c);
}

bool
config_serves(const struct config *c, const char *domain)
{
	for (size_t i = 0; i < c->n_domains; i++)
		if (strcmp(c->domains[i], domain) == 0)
			return true;
	return false;
}
