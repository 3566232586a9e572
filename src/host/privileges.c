// SPDX-License-Identifier: ISC
/*
 * System calls that take rights away from this process. None can be undone; each failure
 * is the caller's reason not to serve.
 */
#include "host/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPU_SECONDS_MAX = 300 };

int
host_privileges_become(const char *user)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		/* getpwnam(3): these mean that there is no such user, too. */
		return errno == 0 || errno == ESRCH || errno == EBADF || errno == EPERM
			       ? -ENOENT
			       : -errno;
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

int
host_privileges_lock(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
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

static int
set_limits(void)
{
	int r = limit(RLIMIT_CPU, CPU_SECONDS_MAX);

	if (r < 0 || (r = limit(RLIMIT_FSIZE, 0)) < 0 || (r = limit(RLIMIT_NPROC, 0)) < 0)
		return r;
	return limit(RLIMIT_CORE, 0);
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
