// SPDX-License-Identifier: ISC
/*
 * Calls that each filter lets through or not, each made in a child of its own, which
 * reports the call it was stopped at by a pipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/filter.h"

static int report[2];

static void
tell(int call)
{
	if (write(report[1], &call, sizeof(call)) < 0)
		_exit(101);
}

static long
call_fcntl_owner(void)
{
	return fcntl(0, F_SETOWN, getpid());
}

static long
call_socket_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long
call_socket_unix(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static long
call_socket_stream(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long
call_open(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static long
call_exec(void)
{
	return syscall(SYS_execve, "/bin/true", NULL, NULL);
}

static long
call_kill(void)
{
	return kill(getpid(), 0);
}

static long
call_tgkill(void)
{
	return syscall(SYS_tgkill, getpid(), getpid(), 0);
}

static long
call_ptrace(void)
{
	return syscall(SYS_ptrace, 0, 0, 0, 0);
}

static long
call_read_memory(void)
{
	return syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0);
}

static long
call_pidfd_getfd(void)
{
	return syscall(SYS_pidfd_getfd, 0, 0, 0);
}

static long
call_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long
call_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long
call_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long
call_unshare(void)
{
	return syscall(SYS_unshare, 0);
}

static long
call_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long
call_limits(void)
{
	return syscall(SYS_prlimit64, 1, 0, NULL, NULL);
}

static long
call_chmod(void)
{
	return syscall(SYS_fchmodat, AT_FDCWD, "/nowhere", 0600);
}

static long
call_memory(void)
{
	return syscall(SYS_brk, NULL);
}

/* Who may do it: bits of 1 << filter. */
enum {
	TLS = 1 << HOST_FILTER_TLS,
	SMTP = 1 << HOST_FILTER_SMTP,
};

static const struct {
	const char *name;
	long (*call)(void);
	unsigned allowed;
} CALLS[] = {
	{ "brk", call_memory, TLS | SMTP },
	{ "openat", call_open, SMTP },
	{ "socket", call_socket_unix, 0 },
	{ "socket", call_socket_stream, 0 },
	{ "socket", call_socket_inet, 0 },
	{ "fcntl", call_fcntl_owner, 0 },
	{ "execve", call_exec, 0 },
	{ "kill", call_kill, 0 },
	{ "tgkill", call_tgkill, 0 },
	{ "ptrace", call_ptrace, 0 },
	{ "process_vm_readv", call_read_memory, 0 },
	{ "pidfd_getfd", call_pidfd_getfd, 0 },
	{ "clone", call_clone, 0 },
	{ "io_uring_setup", call_io_uring, 0 },
	{ "bpf", call_bpf, 0 },
	{ "unshare", call_unshare, 0 },
	{ "prctl", call_prctl, 0 },
	{ "prlimit64", call_limits, 0 },
	{ "fchmodat", call_chmod, 0 },
};

static void
try_call(enum host_filter filter, size_t i)
{
	int status, call = -1;
	pid_t pid;

	assert_int_equal(pipe(report), 0);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			host_filter_install(filter, tell) < 0)
			_exit(100);
		CALLS[i].call();
		_exit(0);
	}
	close(report[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (CALLS[i].allowed & 1U << filter) {
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_int_equal(read(report[0], &call, sizeof(call)), 0);
	} else {
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
		assert_int_equal(read(report[0], &call, sizeof(call)), sizeof(call));
		assert_string_equal(host_filter_call_name(call), CALLS[i].name);
	}
	close(report[0]);
}

static void
test_calls(void **state)
{
	(void)state;
	for (int filter = 0; filter < HOST_FILTERS; filter++)
		for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++)
			try_call((enum host_filter)filter, i);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(host_filter_call_name(SYS_read), "read");
	assert_string_equal(host_filter_call_name(SYS_io_uring_setup), "io_uring_setup");
	assert_string_equal(host_filter_call_name(-1), "unknown");
	assert_string_equal(host_filter_call_name(100000), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	/* A sanitizer makes calls of its own. */
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_calls),
#endif
		cmocka_unit_test(test_names),
	};

	(void)test_calls;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
