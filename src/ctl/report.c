// SPDX-License-Identifier: ISC
/*
 * Sentences for people. Nothing here ends the program; nothing is kept.
 */
#include "ctl/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int
ctl_fail(int status, const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("posternctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

const char *
ctl_store_words(int error)
{
	switch (-error) {
	case EBADMSG:
		return ":1: damaged line; expected \"postern-users 1 secret=\" and 64 "
		       "hexadecimal digits";
	case EPROTONOSUPPORT:
		return ":1: of another version of postern; expected \"postern-users 1\"";
	case ELOOP:
		return ": a symbolic link; `users' has to name the file itself";
	case EINVAL:
		return ": no regular file, as `users' has to be";
	case ENOENT:
		return ": its directory does not exist";
	default:
		return NULL;
	}
}

int
ctl_store_fail(const struct config *config, int error)
{
	const char *path = config->users, *words = ctl_store_words(error);

	if (words)
		return ctl_fail(error == -EBADMSG || error == -EPROTONOSUPPORT
					? EX_DATAERR
					: EX_CONFIG,
			"%s%s", path, words);
	switch (-error) {
	case EACCES:
	case EPERM:
	case EROFS:
		return ctl_fail(EX_NOPERM,
			"%s: %s; expected to run as root or as the server's user", path,
			strerror(-error));
	case E2BIG:
		return ctl_fail(EX_DATAERR,
			"%s: the user's line would have more than 4095 bytes", path);
	case EILSEQ:
		return ctl_fail(EX_SOFTWARE,
			"%s: the user's new line would not be whole; the store is as it "
			"was",
			path);
	case ETIMEDOUT:
		return ctl_fail(EX_TEMPFAIL,
			"%s.lock is held by another process; the store is as it was",
			path);
	case EINPROGRESS:
		return ctl_fail(EX_IOERR,
			"%s: changed, but its directory could not be written to the "
			"disk: the change may not outlast a crash",
			path);
	case ELIBACC:
		return ctl_fail(EX_UNAVAILABLE, "libgsasl cannot be loaded");
	case ENOMEM:
		return ctl_fail(EX_TEMPFAIL, "out of memory");
	default:
		return ctl_fail(EX_IOERR, "%s: %s; the store is as it was", path,
			strerror(-error));
	}
}

void
ctl_warn_damage(const struct config *config, size_t number)
{
	ctl_fail(0, "%s:%zu: damaged line; it is passed over and kept as it is",
		config->users, number);
}

int
ctl_end(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return ctl_fail(EX_IOERR, "standard output: %s", strerror(errno));
}
