// SPDX-License-Identifier: ISC
/*
 * A folder for each test in which shared files lie, and who is told of their faults.
 * Included by one test program each, behind its own headers.
 */
#ifndef SHARED_FIXTURE_H
#define SHARED_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/shared.h"

static char folder[64];

static struct {
	int n;
	int error; /* the last one */
	char path[4096];
} told;

static inline void
tell(void *context, const char *path, int error)
{
	(void)context;
	told.n++;
	told.error = error;
	snprintf(told.path, sizeof(told.path), "%s", path);
}

static const struct host_shared_report REPORT = { tell, NULL };

static inline int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s/postern-shared.XXXXXX", P_tmpdir);
	memset(&told, 0, sizeof(told));
	return mkdtemp(folder) ? 0 : -1;
}

static inline int
remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *
in_folder(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static inline bool
exists(const char *name)
{
	struct stat st;

	return lstat(in_folder(name), &st) == 0;
}

/* Writes over bytes of a file as somebody might who has no business there. */
static inline void
scribble(const char *name, off_t at, const void *data, size_t len)
{
	int fd CLEANUP_FD = open(in_folder(name), O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, at), len);
}

/* A child that runs work and ends with its answer, by which it is judged; it dies with
 * this process. */
static inline pid_t
spawn(int (*work)(void *), void *argument)
{
	pid_t parent = getpid(), pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(99);
	_exit(work(argument));
}

static inline void
assert_ends_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void
kill_and_reap(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Pseudo-random numbers that are the same in every run. */
static inline uint32_t
chance(void)
{
	static uint64_t state = 42;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33);
}

#endif
