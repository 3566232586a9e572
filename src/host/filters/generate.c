// SPDX-License-Identifier: ISC
/*
 * Run while Postern is built: prints the system call filters as C, and the names of
 * the calls. libseccomp compiles them here, once, so that no connection has to load it.
 * The calls of each process stand below, with the arguments that they may have, and why
 * they are among them where that is not plain.
 *
 * In front of the smtp process' filter stands a guard, which libseccomp could not build:
 * whatever changes a file but at its end is forbidden for the descriptors 0, 1 and 2 and
 * for that of the log, whose number is filled in when the filter is installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CALLS_MAX = 512, FILTER_MAX = 4096, GUARD_MAX = 32 };

/* The handshake and the relay; the smtp process makes these as well. */
static const char *const BOTH_CALLS[] = {
	"read",
	"write",
	"recvfrom",
	"poll",
	"ppoll",
	"shutdown",
	"close",
	"brk",
	"munmap",
	"mremap",
	"getrandom",
	"clock_gettime",
	"getpid",
	"sched_yield",
	"rt_sigreturn",
	"restart_syscall",
	"exit",
	"exit_group",
};

/* GnuTLS writes records by it. All sockets of this process are connected, so that no
 * address in it counts, and the smtp process receives no descriptors. */
static const char *const TLS_CALLS[] = {
	"sendmsg",
};

/* The dialogue, the user store, the spool, what instances share, the log. */
static const char *const SMTP_CALLS[] = {
	"pread64",
	"pwrite64",
	"access",
	"faccessat",
	"faccessat2",
	"stat",
	"lstat",
	"fstat",
	"newfstatat",
	"statx",
	"fstatfs",
	"getdents64",
	"fsync",
	"sync_file_range",
	"ftruncate",
	"linkat",
	"unlink",
	"unlinkat",
	"rename",
	"renameat",
	"fchown",
	"clock_nanosleep",
	"uname",
	"sysinfo",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getrusage",
	"rt_sigpending",
	"waitid",
};

/* Calls that arguments have to be right for: (argument & mask) == value. Memory is this
 * process' own and never executable; nothing is sent elsewhere than to where the socket
 * leads; no file or folder gives its user's or group's rights to who runs it; a time is
 * set through a descriptor and not by a path; the only process that a signal can be sent
 * to is the one whose pidfd is there. */
struct condition {
	const char *name;
	struct scmp_arg_cmp arguments[2];
	unsigned n;
};

#define ARGUMENT(number, mask, value)                                                    \
	{                                                                                \
		number, SCMP_CMP_MASKED_EQ, mask, value                                  \
	}
#define WHOLE_NUMBER UINT64_MAX

enum {
	FUTEX_COMMAND = 0x7f,
	SET_ID = S_ISUID | S_ISGID,
	DROPPABLE = 0x08, /* MAP_DROPPABLE, which older headers do not know */
};

static const struct condition BOTH_CONDITIONS[] = {
	{ "mmap",
		{ ARGUMENT(2, PROT_EXEC, 0), ARGUMENT(3, MAP_TYPE | MAP_ANONYMOUS,
						     MAP_PRIVATE | MAP_ANONYMOUS) },
		2 },
	/* What later C libraries keep the state of getrandom in. */
	{ "mmap",
		{ ARGUMENT(2, PROT_EXEC, 0), ARGUMENT(3, MAP_TYPE | MAP_ANONYMOUS,
						     DROPPABLE | MAP_ANONYMOUS) },
		2 },
	{ "madvise", { ARGUMENT(2, WHOLE_NUMBER, MADV_DONTNEED) }, 1 },
	{ "madvise", { ARGUMENT(2, WHOLE_NUMBER, MADV_HUGEPAGE) }, 1 },
	{ "futex", { ARGUMENT(1, FUTEX_COMMAND, FUTEX_WAIT) }, 1 },
	{ "futex", { ARGUMENT(1, FUTEX_COMMAND, FUTEX_WAKE) }, 1 },
	{ "futex", { ARGUMENT(1, FUTEX_COMMAND, FUTEX_WAIT_BITSET) }, 1 },
	{ "sendto", { ARGUMENT(4, WHOLE_NUMBER, 0) }, 1 },
};

static const struct condition SMTP_CONDITIONS[] = {
	{ "ioctl", { ARGUMENT(1, WHOLE_NUMBER, FIONREAD) }, 1 },
	{ "fcntl", { ARGUMENT(1, WHOLE_NUMBER, F_SETFD) }, 1 },
	{ "fcntl", { ARGUMENT(1, WHOLE_NUMBER, F_GETFL) }, 1 },
	{ "fcntl", { ARGUMENT(1, WHOLE_NUMBER, F_OFD_GETLK) }, 1 },
	{ "fcntl", { ARGUMENT(1, WHOLE_NUMBER, F_OFD_SETLK) }, 1 },
	{ "openat", { ARGUMENT(3, SET_ID, 0) }, 1 },
	{ "mkdirat", { ARGUMENT(2, SET_ID, 0) }, 1 },
	{ "fchmod", { ARGUMENT(1, SET_ID, 0) }, 1 },
	{ "utimensat", { ARGUMENT(1, WHOLE_NUMBER, 0) }, 1 },
	{ "pidfd_send_signal", { ARGUMENT(1, WHOLE_NUMBER, SIGKILL) }, 1 },
};

/* What could change a file elsewhere than at its end, or whose it is. */
static const char *const GUARDED_CALLS[] = {
	"ftruncate",
	"pwrite64",
	"fchmod",
	"fchown",
	"utimensat",
};

static void
fail(const char *what, int error)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(-error));
	exit(EXIT_FAILURE);
}

/* The call's number; negative where this architecture does not have it, so that it cannot
 * be made. */
static int
number_of(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		fail(name, -ENOSYS);
	return number;
}

static void
allow(scmp_filter_ctx filter, const struct condition *c)
{
	int number = number_of(c->name);
	int r = number < 0 ? 0
			   : seccomp_rule_add_array(
				     filter, SCMP_ACT_ALLOW, number, c->n, c->arguments);

	if (r < 0)
		fail(c->name, r);
}

static void
allow_calls(scmp_filter_ctx filter, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct condition none = { .name = names[i] };

		allow(filter, &none);
	}
}

static void
allow_conditions(scmp_filter_ctx filter, const struct condition *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		allow(filter, &c[i]);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void
print_code(const struct sock_filter *code, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", code[i].code, code[i].jt,
			code[i].jf, code[i].k);
}

static void
print_compiled(scmp_filter_ctx filter, const char *name)
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
	print_code(code, n);
}

/* The kernel takes a descriptor from the lower half of its argument. */
static unsigned
lower_half(unsigned argument)
{
	unsigned at = (unsigned)offsetof(struct seccomp_data, args) + 8 * argument;

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? at + 4 : at;
}

/* A call that is none of the guarded ones, or whose descriptor is another, goes on to
 * the filter behind the guard, which looks at everything else. Prints which of the
 * instructions compares with the log's descriptor. */
static void
print_guard(void)
{
	struct sock_filter code[GUARD_MAX];
	size_t n = 0, calls = COUNT(GUARDED_CALLS);

	code[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < calls; i++) {
		unsigned char match = (unsigned char)(calls - i);

		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			(unsigned)number_of(GUARDED_CALLS[i]), match, 0);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 4);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, lower_half(0));
	code[n++] = (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JGT | BPF_K, STDERR_FILENO, 0, 1);
	printf("#define SMTP_FILTER_LOG_AT %zu\n\n", n);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ~0U, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	printf("static const struct sock_filter SMTP_FILTER[] = {\n");
	print_code(code, n);
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
	allow_calls(filter, BOTH_CALLS, COUNT(BOTH_CALLS));
	allow_conditions(filter, BOTH_CONDITIONS, COUNT(BOTH_CONDITIONS));
	return filter;
}

static void
print_tls(void)
{
	scmp_filter_ctx filter = begin();

	allow_calls(filter, TLS_CALLS, COUNT(TLS_CALLS));
	printf("static const struct sock_filter TLS_FILTER[] = {\n");
	print_compiled(filter, "TLS_FILTER");
	printf("};\n\n");
	seccomp_release(filter);
}

static void
print_smtp(void)
{
	scmp_filter_ctx filter = begin();

	allow_calls(filter, SMTP_CALLS, COUNT(SMTP_CALLS));
	allow_conditions(filter, SMTP_CONDITIONS, COUNT(SMTP_CONDITIONS));
	print_guard();
	print_compiled(filter, "SMTP_FILTER");
	printf("};\n\n");
	seccomp_release(filter);
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

#include "resident.h"

int
main(void)
{
	printf("/* Made by src/host/filters/generate.c. */\n");
	print_tls();
	print_smtp();
	print_resident();
	print_names();
	return 0;
}
