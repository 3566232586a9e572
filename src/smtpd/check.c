// SPDX-License-Identifier: ISC
/*
 * Each check appends its faults as lines and answers how many there were; none of them
 * ends the others. Nothing is written, nothing stays open.
 */
#include "smtpd/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/exchange.h"
#include "auth/store.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "host/clock.h"
#include "host/privileges.h"
#include "host/sandbox.h"
#include "pki/identity.h"
#include "smtpd/walls.h"
#include "tls/credentials.h"

int
smtpd_check_abilities(const struct config *config, struct buffer *faults)
{
	int n = 0;

	if (config->sandbox == CONFIG_SANDBOX_REQUIRE && host_sandbox_missing()) {
		buffer_printf(faults,
			"sandbox = require: this kernel has no %s, or not for us\n",
			host_sandbox_missing());
		n++;
	}
	return n;
}

/* Whoever starts the service as root has it become the user, whom there has to be. */
static int
check_user(const struct config *config, struct buffer *faults)
{
	int r = host_privileges_find(config->user);

	if (r == 0)
		return 0;
	if (r == -ENOENT)
		buffer_printf(faults, "user: there is no user \"%s\" to become\n",
			config->user);
	else
		buffer_printf(faults, "user: %s: %s\n", config->user, strerror(-r));
	return 1;
}

static int
check_tls(const struct config *config, struct buffer *faults)
{
	CLEANUP(buffer_free) struct buffer fault = { 0 };
	struct tls_credentials *credentials = NULL;
	int r;

	if (config->tls == CONFIG_TLS_OFF)
		return 0;
	r = tls_credentials_load(config, &credentials, &fault);
	if (r == 0)
		r = tls_credentials_check_key(config, credentials, &fault);
	tls_credentials_free(credentials);
	if (r == 0)
		return 0;
	buffer_printf(faults, "%s\n",
		buffer_len(&fault) ? buffer_string(&fault) : strerror(-r));
	return 1;
}

/* A folder that the service reads, and writes where mode asks for it. */
static int
check_folder(const char *key, const char *path, int mode, struct buffer *faults)
{
	struct stat st;

	if (stat(path, &st) < 0 || access(path, mode) < 0)
		buffer_printf(faults, "%s: %s: %s\n", key, path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		buffer_printf(faults, "%s: %s: expected a directory\n", key, path);
	else
		return 0;
	return 1;
}

/* A store that is not there is an empty one, in a folder where it can be made. */
static int
check_store_folder(const struct config *config, struct buffer *faults)
{
	CLEANUP_FREE char *folder = strdup(config->users);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!slash)
		return 0;
	slash[slash == folder] = '\0';
	return check_folder("users", folder,
		config->enrol == CONFIG_ENROL_OFF ? X_OK : W_OK | X_OK, faults);
}

struct damage {
	const char *path;
	struct buffer *faults;
	int n;
};

static int
note_damage(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct damage *d = context;

	(void)line, (void)len;
	if (whole)
		return 0;
	d->n++;
	return buffer_printf(d->faults, "users: %s:%zu: damaged line\n", d->path, number);
}

static int
check_users(const struct config *config, struct buffer *faults)
{
	struct damage d = { .path = config->users, .faults = faults };
	struct auth_store *store = NULL;
	int r = auth_store_open(config->users, &store);

	if (r == 0)
		r = auth_store_each(store, note_damage, &d);
	auth_store_free(store);
	if (r < 0) {
		buffer_printf(faults, "users: %s: %s\n", config->users,
			r == -ELOOP ? "a symbolic link; expected the file itself"
				    : strerror(-r));
		return d.n + 1;
	}
	return d.n + check_store_folder(config, faults);
}

/* 1 where the path leads into the folder or is it, 0 where not, negative where that
 * cannot be said. */
static int
lies_in(const char *path, const char *folder)
{
	CLEANUP_FREE char *home = realpath(folder, NULL);
	CLEANUP_FREE char *real = realpath(path, NULL);
	size_t len = home ? strlen(home) : 0;

	if (!home || !real)
		return -ENOENT;
	if (len == 1)
		len = 0;
	return strncmp(real, home, len) == 0 && (real[len] == '/' || !real[len]);
}

/* Behind the walls such a link leads nowhere. */
static bool
leads_out(const char *folder, const char *name)
{
	CLEANUP(buffer_free) struct buffer path = { 0 };

	return buffer_printf(&path, "%s/%s", folder, name) == 0 && buffer_string(&path) &&
	       lies_in(buffer_string(&path), folder) == 0;
}

static int
check_pin(const char *folder, const char *name, struct buffer *faults)
{
	struct pki_identity identity;
	enum pki_verdict verdict = PKI_BAD;
	uint8_t pin[PKI_PIN_SIZE];
	int r = text_unhex(name, strlen(name), pin, sizeof pin);

	if (r == 0)
		r = pki_pin_find(
			folder, pin, host_clock_now(), &identity, &verdict, NULL);
	if (r == 0)
		pki_identity_clear(&identity);
	if (leads_out(folder, name)) {
		buffer_printf(faults,
			"tls_pins: %s/%s: a symbolic link out of the folder; expected "
			"the file itself\n",
			folder, name);
		return 1;
	}
	if (r == 0 && verdict == PKI_TRUSTED)
		return 0;
	buffer_printf(faults,
		"tls_pins: %s/%s: %s; expected a client's certificate in PEM, in a file "
		"named "
		"by its pin\n",
		folder, name, r < 0 ? strerror(-r) : pki_verdict_name(verdict));
	return 1;
}

static int
check_pins(const char *path, struct buffer *faults)
{
	int n = check_folder("tls_pins", path, R_OK | X_OK, faults);
	struct dirent *entry;
	DIR *dir;

	if (n > 0)
		return n;
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			n += check_pin(path, entry->d_name, faults);
	closedir(dir);
	return n;
}

/* What others believe must not lie where one that was taken over can write. */
static int
check_cache(const struct config *config, struct buffer *faults)
{
	CLEANUP_FREE char *store = smtpd_store_folder(config);
	const char *const reach[] = { config->run, config->mail, store };
	int n = 0;

	for (size_t i = 0; config->cache && i < sizeof reach / sizeof *reach; i++)
		if (reach[i] && lies_in(config->cache, reach[i]) > 0) {
			buffer_printf(faults,
				"cache: %s: expected a folder that is not in %s\n",
				config->cache, reach[i]);
			n++;
		}
	return n;
}

int
smtpd_check(const struct config *config, struct buffer *faults)
{
	int n = check_user(config, faults) + check_tls(config, faults);

	if (config->tls_pins)
		n += check_pins(config->tls_pins, faults);
	if (auth_exchange_check(config) < 0) {
		buffer_puts(faults, "mechanisms: libgsasl cannot be loaded; expected it "
				    "to be installed, or "
				    "no mechanism that needs it\n");
		n++;
	}
	n += check_users(config, faults);
	n += check_folder("run", config->run, R_OK | W_OK | X_OK, faults);
	n += check_cache(config, faults);
	n += check_folder("deliver", config->mail, R_OK | W_OK | X_OK, faults);
	return n;
}
