// SPDX-License-Identifier: ISC
#include "smtpd/check.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/policy.h"
#include "base/cleanup.h"
#include "tls/credentials.h"

int
smtpd_check_abilities(const struct config *config, struct buffer *faults)
{
	int n = 0;

	if (config->sandbox == CONFIG_SANDBOX_REQUIRE) {
		buffer_puts(faults,
			"sandbox = require: expected try or off: this version does not "
			"confine itself by Landlock and seccomp\n");
		n++;
	}
	if (config->tickets) {
		buffer_puts(faults,
			"tickets = on: expected off: this version does not resume "
			"sessions\n");
		n++;
	}
	return n;
}

static int
check_user(const struct config *config, struct buffer *faults)
{
	if (geteuid() == 0 && !getpwnam(config->user)) {
		buffer_printf(faults, "user: there is no user \"%s\" to become\n",
			config->user);
		return 1;
	}
	return 0;
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

static int
check_users(const struct config *config, struct buffer *faults)
{
	int r = auth_may_enter(config, NULL, 0);

	if (r >= 0)
		return 0;
	buffer_printf(faults, "users: %s: %s\n", config->users, strerror(-r));
	return 1;
}

int
smtpd_check(const struct config *config, struct buffer *faults)
{
	int n = check_user(config, faults) + check_tls(config, faults);

	if (config->tls_pins)
		n += check_folder("tls_pins", config->tls_pins, R_OK | X_OK, faults);
	n += check_users(config, faults);
	n += check_folder("deliver", config->mail, R_OK | W_OK | X_OK, faults);
	return n;
}
