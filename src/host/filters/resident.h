// SPDX-License-Identifier: ISC
/*
 * The resident parent's filter, for generate.c. Its children's stand inside it, so it
 * lets through what they do, before they have walls of their own and behind them; what
 * the parent does; and what a start of the program makes. It is narrow only in what none
 * of them does.
 */
#ifndef HOST_FILTERS_RESIDENT_H
#define HOST_FILTERS_RESIDENT_H

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Besides what its children do behind walls: what they do before they have any, and a
 * start. */
static const char *const START_CALLS[] = {
	"recvmsg",
	"sendto",
	"mmap",
	"madvise",
	"futex",
	"readv",
	"writev",
	"dup",
	"dup2",
	"dup3",
	"open",
	"openat",
	"readlink",
	"readlinkat",
	"lseek",
	"flock",
	"getcwd",
	"umask",
	"fdatasync",
	"fallocate",
	"link",
	"renameat2",
	"mkdir",
	"mkdirat",
	"fchmod",
	"utimensat",
	"mprotect",
	"gettid",
	"rt_sigaction",
	"rt_sigprocmask",
	"pidfd_send_signal",
	"statfs",
	"setitimer",
	"timer_create",
	"timer_settime",
};

/* The parent alone: to accept and fork, to close what a child does not need,
 * to wait, to build a child's walls, and to execute the program anew. */
static const char *const PARENT_CALLS[] = {
	"accept4",
	"socketpair",
	"connect",
	"getsockname",
	"getpeername",
	"getsockopt",
	"setsockopt",
	"signalfd4",
	"close_range",
	"memfd_create",
	"fork",
	"wait4",
	"getppid",
	"pidfd_open",
	"kill",
	"prctl",
	"capset",
	"seccomp",
	"landlock_create_ruleset",
	"landlock_add_rule",
	"landlock_restrict_self",
	"prlimit64",
	"setrlimit",
	"getrlimit",
	"execve",
	"arch_prctl",
	"set_tid_address",
	"set_robust_list",
	"rseq",
	"sched_getaffinity",
};

/* Of fcntl nothing that could send signals to others; seals are those of the memory in
 * which the parent leaves its state to itself. */
static const int PARENT_FCNTL[] = {
	F_DUPFD_CLOEXEC,
	F_GETFD,
	F_SETFD,
	F_GETFL,
	F_SETFL,
	F_GETLK,
	F_SETLK,
	F_SETLKW,
	F_OFD_GETLK,
	F_OFD_SETLK,
	F_OFD_SETLKW,
	F_ADD_SEALS,
	F_GET_SEALS,
};

static void
allow_resident(scmp_filter_ctx filter)
{
	enum {
		SHARED = CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD,
		NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
	};
	int r = 0;

	allow_calls(filter, TLS_CALLS, COUNT(TLS_CALLS));
	allow_calls(filter, SMTP_CALLS, COUNT(SMTP_CALLS));
	allow_calls(filter, START_CALLS, COUNT(START_CALLS));
	allow_calls(filter, PARENT_CALLS, COUNT(PARENT_CALLS));
	for (size_t i = 0; r == 0 && i < COUNT(PARENT_FCNTL); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)PARENT_FCNTL[i], 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	/* A process, but no thread, and nothing in a name space of its own. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, SHARED | NAMESPACES, 0));
	/* The C library takes another call where the kernel has not this one. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r < 0)
		fail("resident", r);
}

static void
print_resident(void)
{
	scmp_filter_ctx filter = begin();

	allow_resident(filter);
	printf("static const struct sock_filter RESIDENT_FILTER[] = {\n");
	print_compiled(filter, "RESIDENT_FILTER");
	printf("};\n\n");
	seccomp_release(filter);
}

#endif
