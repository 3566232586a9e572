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
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/filter.h"

enum { LOG = 30, OTHER = 31 }; /* descriptors that are not open */

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
call_clone_namespace(void)
{
	return syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, 0, 0, 0, 0);
}

static long
call_clone_thread(void)
{
	return syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0);
}

static long
call_accept(void)
{
	return accept4(-1, NULL, NULL, 0);
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

static long
map(int protection, int flags)
{
	return syscall(SYS_mmap, NULL, 4096, protection, flags, -1, 0);
}

static long
call_map(void)
{
	return map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static long
call_map_code(void)
{
	return map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
}

static long
call_map_droppable(void)
{
	return map(PROT_READ | PROT_WRITE, 0x08 | MAP_ANONYMOUS);
}

static long
call_map_file(void)
{
	return map(PROT_READ, MAP_PRIVATE);
}

static long
call_map_shared(void)
{
	return map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
}

static long
call_protect(void)
{
	return syscall(SYS_mprotect, NULL, 0, PROT_READ | PROT_EXEC);
}

static long
call_send(void)
{
	return send(OTHER, "", 1, 0);
}

static long
call_send_elsewhere(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	return sendto(OTHER, "", 1, 0, (struct sockaddr *)&a, sizeof(a));
}

static long
call_send_message(void)
{
	return sendmsg(OTHER, &(struct msghdr){ 0 }, 0);
}

static long
call_receive_message(void)
{
	return recvmsg(OTHER, &(struct msghdr){ 0 }, 0);
}

static long
call_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	return connect(OTHER, (struct sockaddr *)&a, sizeof(a));
}

static long
call_dup(void)
{
	return dup(LOG);
}

static long
call_dup_by_fcntl(void)
{
	return fcntl(LOG, F_DUPFD_CLOEXEC, 0);
}

static long
call_flags(void)
{
	return fcntl(LOG, F_SETFL, 0);
}

static long
call_own_lock(void)
{
	return fcntl(OTHER, F_OFD_SETLK, &(struct flock){ .l_type = F_RDLCK });
}

static long
call_truncate(void)
{
	return ftruncate(OTHER, 0);
}

static long
call_truncate_log(void)
{
	return ftruncate(LOG, 0);
}

/* The kernel does not look at the upper half. */
static long
call_truncate_log_by_disguise(void)
{
	return syscall(SYS_ftruncate, 1UL << 32 | LOG, 0);
}

static long
call_truncate_stderr(void)
{
	return ftruncate(STDERR_FILENO, 0);
}

static long
call_write_at(void)
{
	return pwrite(OTHER, "", 1, 0);
}

static long
call_write_log_at(void)
{
	return pwrite(LOG, "", 1, 0);
}

static long
call_mode_of_log(void)
{
	return fchmod(LOG, 0666);
}

static long
call_owner_of_log(void)
{
	return fchown(LOG, 0, 0);
}

static long
call_seek(void)
{
	return lseek(LOG, 0, SEEK_SET);
}

static long
call_times(void)
{
	return futimens(OTHER, NULL);
}

static long
call_times_of_log(void)
{
	return futimens(LOG, NULL);
}

static long
call_times_of_path(void)
{
	return utimensat(AT_FDCWD, "/nowhere", NULL, 0);
}

static long
call_read_link(void)
{
	char to[8];

	return readlink("/nowhere", to, sizeof(to));
}

static long
call_make_file(void)
{
	return open("/nowhere/at/all", O_WRONLY | O_CREAT, 0600);
}

static long
call_make_program(void)
{
	return open("/nowhere/at/all", O_WRONLY | O_CREAT, 04755);
}

static long
call_make_folder(void)
{
	return mkdirat(AT_FDCWD, "/nowhere/at/all", S_ISVTX | 0500);
}

static long
call_make_group_folder(void)
{
	return mkdirat(AT_FDCWD, "/nowhere/at/all", 02755);
}

static long
call_change_mode(void)
{
	return fchmod(OTHER, 0640);
}

static long
call_set_id(void)
{
	return fchmod(OTHER, 04755);
}

static long
call_wait(void)
{
	return syscall(SYS_futex, &(int){ 0 }, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL,
		NULL, 0);
}

static long
call_requeue(void)
{
	return syscall(SYS_futex, &(int){ 0 }, FUTEX_REQUEUE, 1, NULL, NULL, 0);
}

static long
call_forget(void)
{
	return syscall(SYS_madvise, NULL, 0, MADV_DONTNEED);
}

static long
call_advise(void)
{
	return syscall(SYS_madvise, NULL, 0, MADV_PAGEOUT);
}

static long
call_end_child(void)
{
	return syscall(SYS_pidfd_send_signal, OTHER, SIGKILL, NULL, 0);
}

static long
call_stop_child(void)
{
	return syscall(SYS_pidfd_send_signal, OTHER, SIGSTOP, NULL, 0);
}

/* Who may do it: bits of 1 << filter. */
enum {
	TLS = 1 << HOST_FILTER_TLS,
	SMTP = 1 << HOST_FILTER_SMTP,
};

struct attempt {
	const char *name;
	long (*call)(void);
	unsigned allowed;
};

static const struct attempt CALLS[] = {
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
	{ "clone", call_clone_namespace, 0 },
	{ "clone", call_clone_thread, 0 },
	{ "accept4", call_accept, 0 },
	{ "io_uring_setup", call_io_uring, 0 },
	{ "bpf", call_bpf, 0 },
	{ "unshare", call_unshare, 0 },
	{ "prctl", call_prctl, 0 },
	{ "prlimit64", call_limits, 0 },
	{ "fchmodat", call_chmod, 0 },
	{ "mmap", call_map, TLS | SMTP },
	{ "mmap", call_map_droppable, TLS | SMTP },
	{ "mmap", call_map_code, 0 },
	{ "mmap", call_map_file, 0 },
	{ "mmap", call_map_shared, 0 },
	{ "mprotect", call_protect, 0 },
	{ "sendto", call_send, TLS | SMTP },
	{ "sendto", call_send_elsewhere, 0 },
	{ "sendmsg", call_send_message, TLS },
	{ "recvmsg", call_receive_message, 0 },
	{ "connect", call_connect, 0 },
	{ "dup", call_dup, 0 },
	{ "fcntl", call_dup_by_fcntl, 0 },
	{ "fcntl", call_flags, 0 },
	{ "fcntl", call_own_lock, SMTP },
	{ "ftruncate", call_truncate, SMTP },
	{ "ftruncate", call_truncate_log, 0 },
	{ "ftruncate", call_truncate_log_by_disguise, 0 },
	{ "ftruncate", call_truncate_stderr, 0 },
	{ "pwrite64", call_write_at, SMTP },
	{ "pwrite64", call_write_log_at, 0 },
	{ "fchmod", call_mode_of_log, 0 },
	{ "fchown", call_owner_of_log, 0 },
	{ "lseek", call_seek, 0 },
	{ "utimensat", call_times, SMTP },
	{ "utimensat", call_times_of_log, 0 },
	{ "utimensat", call_times_of_path, 0 },
	{ "readlink", call_read_link, 0 },
	{ "openat", call_make_file, SMTP },
	{ "openat", call_make_program, 0 },
	{ "mkdirat", call_make_folder, SMTP },
	{ "mkdirat", call_make_group_folder, 0 },
	{ "fchmod", call_change_mode, SMTP },
	{ "fchmod", call_set_id, 0 },
	{ "futex", call_wait, TLS | SMTP },
	{ "futex", call_requeue, 0 },
	{ "madvise", call_forget, TLS | SMTP },
	{ "madvise", call_advise, 0 },
	{ "pidfd_send_signal", call_end_child, SMTP },
	{ "pidfd_send_signal", call_stop_child, 0 },
};

static void
try_call(enum host_filter filter, const struct attempt *a)
{
	int status, call = -1;
	pid_t pid;

	assert_int_equal(pipe(report), 0);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			host_filter_install(filter, LOG, tell) < 0)
			_exit(100);
		a->call();
		_exit(0);
	}
	close(report[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (a->allowed & 1U << filter) {
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_int_equal(read(report[0], &call, sizeof(call)), 0);
	} else {
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
		assert_int_equal(read(report[0], &call, sizeof(call)), sizeof(call));
		assert_string_equal(host_filter_call_name(call), a->name);
	}
	close(report[0]);
}

static void
test_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
		try_call(HOST_FILTER_TLS, &CALLS[i]);
		try_call(HOST_FILTER_SMTP, &CALLS[i]);
	}
}

/* What the other two do is let through as well, and not asked for again. */
static void
test_calls_of_a_parent(void **state)
{
	enum { YES = 1 << HOST_FILTER_RESIDENT };
	static const struct attempt PARENT[] = {
		{ "accept4", call_accept, YES },
		{ "clone", call_clone, YES },
		{ "execve", call_exec, YES },
		{ "kill", call_kill, YES },
		{ "prctl", call_prctl, YES },
		{ "prlimit64", call_limits, YES },
		{ "openat", call_open, YES },
		{ "socket", call_socket_unix, YES },
		{ "socket", call_socket_inet, 0 },
		{ "clone", call_clone_namespace, 0 },
		{ "clone", call_clone_thread, 0 },
		{ "fcntl", call_fcntl_owner, 0 },
		{ "tgkill", call_tgkill, 0 },
		{ "ptrace", call_ptrace, 0 },
		{ "process_vm_readv", call_read_memory, 0 },
		{ "pidfd_getfd", call_pidfd_getfd, 0 },
		{ "io_uring_setup", call_io_uring, 0 },
		{ "bpf", call_bpf, 0 },
		{ "unshare", call_unshare, 0 },
		{ "fchmodat", call_chmod, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(PARENT) / sizeof(PARENT[0]); i++)
		try_call(HOST_FILTER_RESIDENT, &PARENT[i]);
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
		cmocka_unit_test(test_calls_of_a_parent),
#endif
		cmocka_unit_test(test_names),
	};

	(void)test_calls;
	(void)test_calls_of_a_parent;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
