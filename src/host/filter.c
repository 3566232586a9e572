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
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/filters.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void (*forbidden)(int call);

/* The handler is gone when it runs (SA_RESETHAND): a second forbidden call is the end.
 * getsid is one in all filters. */
static void
take_forbidden(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	if (forbidden)
		forbidden(info->si_syscall);
	syscall(SYS_getsid, 0);
}

int
host_filter_watch(void (*on_forbidden)(int call))
{
	struct sigaction action = { .sa_sigaction = take_forbidden,
		.sa_flags = SA_SIGINFO | SA_RESETHAND };

	forbidden = on_forbidden;
	return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

static int
install(const struct sock_filter *code, size_t n)
{
	const struct sock_fprog program = { (unsigned short)n,
		(struct sock_filter *)code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	return 0;
}

static int
install_smtp(int log)
{
	struct sock_filter code[COUNT(SMTP_FILTER)];

	memcpy(code, SMTP_FILTER, sizeof code);
	code[SMTP_FILTER_LOG_AT].k = (uint32_t)log;
	return install(code, COUNT(code));
}

int
host_filter_install(enum host_filter filter, int log, void (*on_forbidden)(int call))
{
	int r = host_filter_watch(on_forbidden);

	if (r < 0)
		return r;
	switch (filter) {
	case HOST_FILTER_TLS:
		return install(TLS_FILTER, COUNT(TLS_FILTER));
	case HOST_FILTER_SMTP:
		return install_smtp(log);
	case HOST_FILTER_RESIDENT:
		return install(RESIDENT_FILTER, COUNT(RESIDENT_FILTER));
	case HOST_FILTERS:
		break;
	}
	return -EINVAL;
}

const char *
host_filter_call_name(int call)
{
	size_t n = COUNT(CALL_NAME_AT);
	const char *name = CALL_NAMES;

	if (call >= 0 && (size_t)call < n)
		name += CALL_NAME_AT[call];
	return *name ? name : "unknown";
}
