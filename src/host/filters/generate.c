// SPDX-License-Identifier: ISC
/*
 * Run while Postern is built: prints the two system call filters as C, and the names of
 * the calls. libseccomp compiles them here, once, so that no connection has to load it.
 * The calls of each process stand below, and why they are among them where that is not
 * plain.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CALLS_MAX = 512, FILTER_MAX = 4096 };

/* The handshake and the relay; the smtp process makes these as well. */
static const char *const TLS_CALLS[] = {
	"read",
	"write",
	"recvfrom",
	"recvmsg",
	"sendto",
	"sendmsg",
	"poll",
	"ppoll",
	"shutdown",
	"close",
	"brk",
	"mmap",
	"munmap",
	"mremap",
	"madvise",
	"getrandom",
	"clock_gettime",
	"getpid",
	"futex",
	"sched_yield",
	"rt_sigreturn",
	"restart_syscall",
	"exit",
	"exit_group",
};

/* Beside them: the dialogue, the user store, the spool, what instances share, the log;
 * and what the dynamic linker does when libgsasl is loaded. */
static const char *const SMTP_CALLS[] = {
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"dup",
	"dup2",
	"dup3",
	"open",
	"openat",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"stat",
	"lstat",
	"fstat",
	"newfstatat",
	"statx",
	"lseek",
	"flock",
	"getdents64",
	"getcwd",
	"umask",
	"fsync",
	"fdatasync",
	"ftruncate",
	"fallocate",
	"sync_file_range",
	"link",
	"linkat",
	"unlink",
	"unlinkat",
	"rename",
	"renameat",
	"renameat2",
	"mkdir",
	"mkdirat",
	"fchmod",
	"fchown",
	"utimensat",
	"mprotect",
	"clock_nanosleep",
	"gettid",
	"uname",
	"sysinfo",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getrusage",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigpending",
	"waitid",
	"pidfd_send_signal",
};

/* Of fcntl all but what could send signals to others. */
static const int FCNTL_COMMANDS[] = {
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
};

static void
fail(const char *what, int error)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(-error));
	exit(EXIT_FAILURE);
}

/* A call that this architecture does not have cannot be made. */
static void
allow(scmp_filter_ctx filter, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		int r;

		if (number == __NR_SCMP_ERROR)
			fail(names[i], -ENOSYS);
		if (number < 0)
			continue;
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
		if (r < 0)
			fail(names[i], r);
	}
}

static void
allow_ioctl(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0));

	if (r < 0)
		fail("ioctl", r);
}

static void
allow_fcntl(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(FCNTL_COMMANDS) / sizeof(*FCNTL_COMMANDS); i++) {
		int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)FCNTL_COMMANDS[i], 0));

		if (r < 0)
			fail("fcntl", r);
	}
}

static void
allow_smtp(scmp_filter_ctx filter)
{
	allow(filter, TLS_CALLS, sizeof(TLS_CALLS) / sizeof(*TLS_CALLS));
	allow(filter, SMTP_CALLS, sizeof(SMTP_CALLS) / sizeof(*SMTP_CALLS));
	allow_fcntl(filter);
	allow_ioctl(filter);
}

static void
print_filter(scmp_filter_ctx filter, const char *name)
{
	static struct sock_filter code[FILTER_MAX];
	FILE *file = tmpfile();
	size_t n;
	int r;

	if (!file)
		fail("tmpfile", -errno);
	r = seccomp_export_bpf(filter, fileno(file));
	if (r < 0)
		fail(name, r);
	rewind(file);
	n = fread(code, sizeof(*code), FILTER_MAX, file);
	fclose(file);
	printf("static const struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < n; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", code[i].code, code[i].jt,
			code[i].jf, code[i].k);
	printf("};\n\n");
}

static scmp_filter_ctx
begin(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);

	if (!filter)
		fail("seccomp_init", -ENOMEM);
	/* A call in another architecture's numbers is nothing that can be told. */
	seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return filter;
}

/* One string and where each name begins in it: nothing to relocate. */
static void
print_names(void)
{
	static unsigned at[CALLS_MAX];
	unsigned end = 1;

	printf("static const char CALL_NAMES[] =\n\t\"\\0\"\n");
	for (int i = 0; i < CALLS_MAX; i++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);

		if (name) {
			printf("\t\"%s\\0\"\n", name);
			at[i] = end;
			end += (unsigned)strlen(name) + 1;
		}
		free(name);
	}
	printf("\t;\n\nstatic const unsigned short CALL_NAME_AT[] = {\n");
	for (int i = 0; i < CALLS_MAX; i++)
		printf("\t%u,\n", at[i]);
	printf("};\n");
}

int
main(void)
{
	scmp_filter_ctx tls = begin(), smtp = begin();

	allow(tls, TLS_CALLS, sizeof(TLS_CALLS) / sizeof(*TLS_CALLS));
	allow_smtp(smtp);
	printf("/* Made by src/host/filters/generate.c. */\n");
	print_filter(tls, "TLS_FILTER");
	print_filter(smtp, "SMTP_FILTER");
	print_names();
	return 0;
}
