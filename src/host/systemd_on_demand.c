// SPDX-License-Identifier: ISC
/*
 * libsystemd, loaded when it is first called: a process that systemd has not started
 * needs neither it nor the five libraries that it brings, some of which make system calls
 * of their own when they are loaded, so that it must not be called behind walls. Its
 * function that is used here is defined below to hand the call on. Where it cannot be
 * loaded it answers -ENOSYS.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <systemd/sd-daemon.h>

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
