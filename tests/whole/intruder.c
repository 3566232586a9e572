// SPDX-License-Identifier: ISC
/*
 * Loaded into both processes of a connection, as if each had been taken over: at the
 * command "NOOP PROCESS:DEED" that process does the deed. One that succeeds ends the
 * process with a status of its own; one that merely fails lets the session go on.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
};

static void
listen_for(const char *process, const char *data, size_t len)
{
	const char *at = memmem(data, len, process, strlen(process));

	for (size_t i = 0; at && i < sizeof(DEEDS) / sizeof(*DEEDS); i++) {
		size_t n = strlen(DEEDS[i].name);
		const char *name = at + strlen(process);

		if ((size_t)(data + len - name) >= n &&
			memcmp(name, DEEDS[i].name, n) == 0 && DEEDS[i].deed() >= 0)
			_exit(SUCCEEDED);
	}
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
