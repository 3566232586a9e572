// SPDX-License-Identifier: ISC
/*
 * For a server under valgrind, loaded before libc; it takes away the two calls with which
 * they do not get along. A valgrind that knows no pidfd_open(2): a signalfd for SIGCHLD
 * stands for the descriptor of the one child, readable when the child has ended, as the
 * real one is; one child a process, and no other use of SIGCHLD. A process that may not
 * write files: valgrind has to write its counts from within.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int child_fd = -1;
static pid_t child;

int
pidfd_open(pid_t pid, unsigned int flags)
{
	siginfo_t info = { 0 };
	sigset_t set;

	(void)flags;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	child_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	child = pid;
	/* If it has ended before the signal was held back, nobody else will say so. */
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid == pid)
		kill(getpid(), SIGCHLD);
	return child_fd;
}

int
pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned int flags)
{
	(void)info;
	(void)flags;
	if (pidfd < 0 || pidfd != child_fd) {
		errno = EBADF;
		return -1;
	}
	return kill(child, number);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	if (type == P_PIDFD && child_fd >= 0 && id == (id_t)child_fd) {
		type = P_PID;
		id = (id_t)child;
	}
	return (int)syscall(SYS_waitid, type, id, info, options, NULL);
}

int
setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (resource == RLIMIT_FSIZE)
		return 0;
	return (int)syscall(SYS_setrlimit, resource, limit);
}
