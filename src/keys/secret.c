// SPDX-License-Identifier: ISC
/*
 * Passphrases. They are asked for at the terminal itself, so that standard input and
 * output are free for other things. Buffers are wiped; strings belong to the caller.
 */
#include "keys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "host/secret.h"
#include "keys/report.h"

static int
keep(const char *line, char **ret)
{
	*ret = strdup(line);
	return *ret ? 0 : keys_fail(EX_OSERR, "no memory");
}

static int
read_fault(const char *what, const char *where, int error)
{
	switch (-error) {
	case ENODATA:
		return keys_fail(
			EX_DATAERR, "%s ends where the %s is expected", where, what);
	case E2BIG:
		return keys_fail(EX_DATAERR,
			"%s: a %s of at most %d bytes and no NUL is expected", where,
			what, HOST_SECRET_MAX);
	default:
		return keys_fail(
			EX_NOINPUT, "%s cannot be read: %s", where, strerror(-error));
	}
}

int
keys_secret_from_file(const char *what, const char *path, char **ret)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char line[HOST_SECRET_SIZE] = "";
	int r = fd < 0 ? -errno : host_secret_read(fd, line);

	if (r == 0 && *line == '\0')
		r = -ENODATA;
	r = r < 0 ? read_fault(what, path, r) : keep(line, ret);
	explicit_bzero(line, sizeof(line));
	return r;
}

static int
ask(int terminal, const char *question, char **ret)
{
	char line[HOST_SECRET_SIZE] = "";
	int r = host_secret_ask(terminal, terminal, question, line);

	r = r < 0 ? read_fault("passphrase", "the terminal", r) : keep(line, ret);
	explicit_bzero(line, sizeof(line));
	return r;
}

static int
open_terminal(const char *what, const char *option, int *ret)
{
	*ret = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (*ret < 0)
		return keys_fail(EX_USAGE,
			"there is no terminal to ask for the %s: %s is expected", what,
			option);
	return 0;
}

int
keys_secret_ask(const char *what, const char *option, char **ret)
{
	CLEANUP_FD int terminal = -1;
	int r = open_terminal(what, option, &terminal);

	return r != 0 ? r : ask(terminal, what, ret);
}

static int
ask_twice(const char *what, const char *option, char **ret)
{
	CLEANUP_FD int terminal = -1;
	CLEANUP_SECRET char *first = NULL;
	CLEANUP_SECRET char *second = NULL;
	CLEANUP_FREE char *question = NULL;
	int r = open_terminal(what, option, &terminal);

	if (r != 0)
		return r;
	if (asprintf(&question, "new %s", what) < 0) {
		question = NULL;
		return keys_fail(EX_OSERR, "no memory");
	}
	r = ask(terminal, question, &first);
	if (r == 0)
		r = ask(terminal, "the same again", &second);
	if (r == 0 && strcmp(first, second) != 0)
		return keys_fail(EX_DATAERR, "the two are not the same");
	if (r == 0)
		*ret = TAKE_PTR(first);
	return r;
}

int
keys_secret_new(const char *what, const char *option, const char *path, char **ret)
{
	CLEANUP_SECRET char *secret = NULL;
	int r = path ? keys_secret_from_file(what, path, &secret)
		     : ask_twice(what, option, &secret);

	if (r != 0)
		return r;
	if (strlen(secret) < KEYS_SECRET_MIN || strlen(secret) > KEYS_SECRET_MAX)
		return keys_fail(EX_DATAERR, "the %s has to have %d to %d bytes", what,
			KEYS_SECRET_MIN, KEYS_SECRET_MAX);
	*ret = TAKE_PTR(secret);
	return 0;
}
