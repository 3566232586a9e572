// SPDX-License-Identifier: ISC
/*
 * Passwords of users. Buffers are wiped.
 */
#include "ctl/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/password.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "ctl/report.h"
#include "host/secret.h"

static int
fail_read(int error)
{
	switch (-error) {
	case ENODATA:
		return ctl_fail(
			EX_DATAERR, "standard input: ended where a password is expected");
	case E2BIG:
		return ctl_fail(EX_DATAERR,
			"standard input: a password of at most %d bytes and no NUL is "
			"expected",
			AUTH_PASSWORD_MAX);
	default:
		return ctl_fail(EX_IOERR, "standard input: %s", strerror(-error));
	}
}

static int
keep(const char *line, char **ret)
{
	*ret = strdup(line);
	return *ret ? 0 : ctl_fail(EX_TEMPFAIL, "out of memory");
}

int
ctl_password_from_stdin(char **ret)
{
	char line[HOST_SECRET_SIZE];
	int r = host_secret_read(STDIN_FILENO, line);

	r = r < 0 ? fail_read(r) : keep(line, ret);
	explicit_bzero(line, sizeof(line));
	return r;
}

static int
ask(const char *question, const char *name, char line[HOST_SECRET_SIZE])
{
	CLEANUP_FREE char *text = NULL;

	if (asprintf(&text, "%s for %s", question, name) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return host_secret_ask(STDIN_FILENO, STDERR_FILENO, text, line);
}

int
ctl_password_from_terminal(const char *name, char **ret)
{
	char first[HOST_SECRET_SIZE] = "", second[HOST_SECRET_SIZE] = "";
	int r;

	if (!isatty(STDIN_FILENO))
		return ctl_fail(EX_USAGE, "standard input is no terminal: --generate or "
					  "--password-stdin is "
					  "expected");
	r = ask("New password", name, first);
	if (r == 0)
		r = ask("The same again", name, second);
	if (r < 0)
		r = fail_read(r);
	else if (strcmp(first, second) != 0)
		r = ctl_fail(EX_DATAERR, "the two passwords are not the same");
	else
		r = keep(first, ret);
	explicit_bzero(first, sizeof(first));
	explicit_bzero(second, sizeof(second));
	return r;
}
