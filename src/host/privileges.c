// SPDX-License-Identifier: ISC
/*
 * System calls that take rights away from this process. None can be undone; each failure
 * is the caller's reason not to serve.
 */
#include "host/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	CPU_SECONDS_MAX = 300,
	MEMORY_MAX = 8 << 20, /* the longest handshake and a full relay take 0.6 MB */
};

static int
find_user(const char *user, const struct passwd **ret)
{
	errno = 0;
	*ret = getpwnam(user);
	if (*ret)
		return 0;
	/* getpwnam(3): these mean that there is no such user, too. */
	return errno == 0 || errno == ESRCH || errno == EBADF || errno == EPERM ? -ENOENT
										: -errno;
}

int
host_privileges_find(const char *user)
{
	const struct passwd *pw;

	return find_user(user, &pw);
}

int
host_privileges_become(const char *user)
{
	const struct passwd *pw;
	int r;

	if (geteuid() != 0)
		return 0;
	r = find_user(user, &pw);
	if (r < 0)
		return r;
	if (pw->pw_uid == 0)
		return 0;
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
		setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return -errno;
	/* It must not be possible to go back. */
	if (setuid(0) == 0)
		return -EPERM;
	return 0;
}

static bool
has_no_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3], any = { 0 };

	if (syscall(SYS_capget, &head, has) < 0)
		return false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		any.effective |= has[i].effective;
		any.permitted |= has[i].permitted;
		any.inheritable |= has[i].inheritable;
	}
	return !any.effective && !any.permitted && !any.inheritable;
}

/* Root's number alone opens no more than root's files. What a program could get that is
 * started here goes as well, as far as the kernel lets whoever has not all rights of
 * root. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	for (unsigned long cap = 0;
		geteuid() == 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	/* A filter of the supervisor's may forbid it: then there must be none. */
	if (syscall(SYS_capset, &head, none) < 0 && !has_no_capabilities())
		return -EPERM;
	return 0;
}

int
host_privileges_lock(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return drop_capabilities();
}

static int
compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
host_privileges_keep(const int *fds, size_t n)
{
	enum { KEEP_MAX = 16 };
	int sorted[KEEP_MAX];
	unsigned from = 0;

	if (n > KEEP_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		sorted[i] = fds[i];
	qsort(sorted, n, sizeof *sorted, compare);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < 0 || (unsigned)sorted[i] < from)
			continue;
		if ((unsigned)sorted[i] > from &&
			close_range(from, (unsigned)sorted[i] - 1, 0) < 0)
			return -errno;
		from = (unsigned)sorted[i] + 1;
	}
	return close_range(from, ~0U, 0) < 0 ? -errno : 0;
}

static int
limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit l = { value, value };

	return setrlimit(what, &l) < 0 ? -errno : 0;
}

/* Beside what is on the heap by now, and that may be a long revocation list. */
static int
limit_memory(void)
{
	struct mallinfo2 heap = mallinfo2();
	struct rlimit now;
	rlim_t most = heap.arena + heap.hblkhd + MEMORY_MAX;

	if (getrlimit(RLIMIT_DATA, &now) < 0)
		return -errno;
	return limit(RLIMIT_DATA, most < now.rlim_max ? most : now.rlim_max);
}

static int
set_limits(void)
{
	int r = limit(RLIMIT_CPU, CPU_SECONDS_MAX);

	if (r < 0 || (r = limit(RLIMIT_FSIZE, 0)) < 0 ||
		(r = limit(RLIMIT_NPROC, 0)) < 0 || (r = limit_memory()) < 0)
		return r;
	return limit(RLIMIT_CORE, 0);
}

int
host_privileges_end_after(unsigned seconds)
{
	/* A signal that can be neither blocked nor handled; once the walls are up there
	 * is no call that could set the timer otherwise. */
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	struct itimerspec end = { .it_value = { .tv_sec = seconds } };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
		timer_settime(timer, 0, &end, NULL) < 0)
		return -errno;
	return 0;
}

int
host_privileges_bound(int parent, bool limits)
{
	int r = limits ? set_limits() : 0;

	if (r < 0)
		return r;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}
