// SPDX-License-Identifier: ISC
/*
 * libsystemd, loaded when it is first called: a process that neither systemd has started
 * nor the journal hears needs neither it nor the five libraries that it brings. Its
 * functions that are used here are defined below to hand each call on. Where it cannot be
 * loaded they answer -ENOSYS.
 */
#include <dlfcn.h>
#include <errno.h>
#include <systemd/sd-daemon.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

static const char LIBRARY[] = "libsystemd.so.0";

static void *
find(const char *name)
{
	static void *library;

	if (!library)
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	return library ? dlsym(library, name) : NULL;
}

int
sd_listen_fds(int unset_environment)
{
	__typeof__(sd_listen_fds) *f = find("sd_listen_fds");

	return f ? f(unset_environment) : -ENOSYS;
}

int
sd_journal_sendv(const struct iovec *iov, int n)
{
	__typeof__(sd_journal_sendv) *f = find("sd_journal_sendv");

	return f ? f(iov, n) : -ENOSYS;
}
