// SPDX-License-Identifier: ISC
/*
 * The filters as they were compiled when Postern was built, and the handler of SIGSYS,
 * by which the kernel tells of a call that they do not let through.
 */
#include "host/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/filters.h"

#define PROGRAM(filter)                                                                  \
	{                                                                                \
		sizeof(filter) / sizeof(*(filter)), (struct sock_filter *)(filter)       \
	}

static void (*forbidden)(int call);

/* The handler is gone when it runs (SA_RESETHAND): a second forbidden call is the end. */
static void
take_forbidden(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	if (forbidden)
		forbidden(info->si_syscall);
	syscall(SYS_getppid);
}

int
host_filter_install(enum host_filter filter, void (*on_forbidden)(int call))
{
	static const struct sock_fprog PROGRAMS[HOST_FILTERS] = {
		[HOST_FILTER_TLS] = PROGRAM(TLS_FILTER),
		[HOST_FILTER_SMTP] = PROGRAM(SMTP_FILTER),
	};
	struct sigaction action = { .sa_sigaction = take_forbidden,
		.sa_flags = SA_SIGINFO | SA_RESETHAND };

	forbidden = on_forbidden;
	if (sigaction(SIGSYS, &action, NULL) < 0)
		return -errno;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &PROGRAMS[filter], 0, 0) < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	return 0;
}

const char *
host_filter_call_name(int call)
{
	size_t n = sizeof(CALL_NAME_AT) / sizeof(*CALL_NAME_AT);
	const char *name = CALL_NAMES;

	if (call >= 0 && (size_t)call < n)
		name += CALL_NAME_AT[call];
	return *name ? name : "unknown";
}
