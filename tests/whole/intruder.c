// SPDX-License-Identifier: ISC
/*
 * Loaded into both processes of a connection, as if each had been taken over: at the
 * command "NOOP PROCESS:DEED" that process does the deed; and into their resident parent,
 * which does INTRUDER_ACCEPT before it accepts. One that succeeds ends the
 * process with a status of its own; one that merely fails lets the session go on.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { SUCCEEDED = 99 };

static long
open_to_read(void)
{
	return open(getenv("INTRUDER_READ"), O_RDONLY);
}

static long
open_to_write(void)
{
	return open(getenv("INTRUDER_WRITE"), O_WRONLY | O_CREAT, 0600);
}

static long
remove_file(void)
{
	return unlink(getenv("INTRUDER_READ"));
}

static long
execute(void)
{
	return execl("/bin/true", "true", NULL);
}

static long
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long
trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long
end_others(void)
{
	return kill(-1, 0);
}

static long
start_process(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long
change_mode(void)
{
	return chmod(getenv("INTRUDER_READ"), 0666);
}

static long
read_memory(void)
{
	return syscall(SYS_process_vm_readv, getpid(), NULL, 0UL, NULL, 0UL, 0UL);
}

/* The log's descriptor, by its path. */
static int
find_log(void)
{
	struct stat want, st;

	for (int fd = 0; stat(getenv("INTRUDER_LOG"), &want) == 0 && fd < 64; fd++)
		if (fstat(fd, &st) == 0 && st.st_ino == want.st_ino &&
			st.st_dev == want.st_dev)
			return fd;
	return -1;
}

static long
cut_log(void)
{
	return ftruncate(find_log(), 0);
}

static long
overwrite_log(void)
{
	return pwrite(find_log(), "x", 1, 0);
}

static long
loosen_log(void)
{
	return fcntl(find_log(), F_SETFL, 0);
}

static long
publish_log(void)
{
	return fchmod(find_log(), 0666);
}

static long
copy_log(void)
{
	return dup(find_log());
}

static long
open_log_again(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", find_log());
	return open(path, O_WRONLY);
}

/* By a name for it in a folder that is in reach. */
static long
link_log(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", find_log());
	return linkat(
		AT_FDCWD, path, AT_FDCWD, getenv("INTRUDER_LINK"), AT_SYMLINK_FOLLOW);
}

/* What connections to come believe. */
static long
spoil_cache(void)
{
	return open(getenv("INTRUDER_CACHE"), O_WRONLY);
}

static long
run_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? -1
		       : 0;
}

static long
unlock_memory(void)
{
	static char page[8192];
	uintptr_t at = ((uintptr_t)page + 4095) & ~(uintptr_t)4095;

	return mprotect((void *)at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* To any socket on this machine, through one that is open. */
static long
speak_to_others(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct stat st;

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", getenv("INTRUDER_SOCKET"));
	for (int fd = 0; fd < 64; fd++)
		if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
			sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) > 0)
			return 0;
	return -1;
}

static long
touch_others(void)
{
	return utimensat(AT_FDCWD, getenv("INTRUDER_READ"), NULL, 0);
}

static long
hoard_memory(void)
{
	enum { PIECE = 1 << 20, PIECES = 64 };

	for (int i = 0; i < PIECES; i++) {
		char *piece = malloc(PIECE);

		if (!piece)
			return -1;
		memset(piece, i, PIECE);
	}
	return 0;
}

static const struct {
	const char *name;
	long (*deed)(void);
} DEEDS[] = {
	{ "read", open_to_read },
	{ "write", open_to_write },
	{ "remove", remove_file },
	{ "execute", execute },
	{ "socket", make_socket },
	{ "trace", trace },
	{ "kill", end_others },
	{ "fork", start_process },
	{ "chmod", change_mode },
	{ "memory", read_memory },
	{ "cut-log", cut_log },
	{ "overwrite-log", overwrite_log },
	{ "loosen-log", loosen_log },
	{ "publish-log", publish_log },
	{ "copy-log", copy_log },
	{ "open-log", open_log_again },
	{ "link-log", link_log },
	{ "spoil-cache", spoil_cache },
	{ "run-memory", run_memory },
	{ "unlock-memory", unlock_memory },
	{ "speak", speak_to_others },
	{ "touch", touch_others },
	{ "hoard", hoard_memory },
};

static void
do_deed(const char *name, size_t room)
{
	for (size_t i = 0; i < sizeof(DEEDS) / sizeof(*DEEDS); i++) {
		size_t n = strlen(DEEDS[i].name);

		if (room >= n && memcmp(name, DEEDS[i].name, n) == 0 &&
			DEEDS[i].deed() >= 0)
			_exit(SUCCEEDED);
	}
}

static void
listen_for(const char *process, const char *data, size_t len)
{
	const char *at = memmem(data, len, process, strlen(process));

	if (at)
		do_deed(at + strlen(process),
			(size_t)(data + len - at) - strlen(process));
}

ssize_t
read(int fd, void *data, size_t len)
{
	static ssize_t (*real)(int, void *, size_t);
	ssize_t n;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "read");
	n = real(fd, data, len);
	if (n > 0)
		listen_for("NOOP smtp:", data, (size_t)n);
	return n;
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "send");
	listen_for("NOOP tls:", data, len);
	return real(fd, data, len, flags);
}

int
accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	static int (*real)(int, struct sockaddr *, socklen_t *, int);
	const char *deed = getenv("INTRUDER_ACCEPT");

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "accept4");
	if (deed)
		do_deed(deed, strlen(deed));
	return real(fd, address, len, flags);
}
