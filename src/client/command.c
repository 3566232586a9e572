// SPDX-License-Identifier: ISC
/*
 * fork(2), execve(2) and a pipe. The child has no descriptor of ours but the pipe and
 * stderr; what it printed is overwritten here. Faults are of configuration: the command
 * cannot be run, fails, takes too long, or prints no password.
 */
#include "client/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "client/words.h"
#include "host/clock.h"

enum { RUN_MS = 60000, END_MS = 10000, PRINTED_MAX = 1024, NOT_FOUND = 127 };

static _Noreturn void
become(const struct client_words *w, int out)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execve(w->items[0], w->items, environ);
	_exit(NOT_FOUND);
}

/* Reads to the end, or until there is more than a password may have. 0 or -errno. */
static int
read_printed(int fd, struct buffer *b)
{
	int64_t deadline = host_clock_ms() + RUN_MS;

	if (buffer_reserve(b, PRINTED_MAX + 2) < 0)
		return -ENOMEM;
	while (buffer_len(b) < PRINTED_MAX + 2) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - host_clock_ms();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, buffer_tail(b), PRINTED_MAX + 2 - buffer_len(b));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			buffer_grow(b, (size_t)n);
	}
	return 0;
}

/* The exit status, or 128 and the number of the signal. What has closed its output has
 * nothing left to do. */
static int
wait_child(pid_t child)
{
	CLEANUP_FD int fd = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status = 0;

	if (fd >= 0 && poll(&p, 1, END_MS) == 0)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
take_line(const struct buffer *b, char **ret, struct client_fault *fault)
{
	const char *data = buffer_data(b);
	size_t len = buffer_len(b);
	const char *end = len > 0 ? memchr(data, '\n', len) : NULL;

	if (end)
		len = (size_t)(end - data);
	if (len > 0 && data[len - 1] == '\r')
		len--;
	if (len == 0 || len > PRINTED_MAX || memchr(data, '\0', len))
		return client_fault_set(fault, EX_CONFIG,
			"the password command: expected 1 to %d bytes in the first line "
			"that it prints",
			PRINTED_MAX);
	*ret = strndup(data, len);
	return *ret ? 0 : client_fault_memory(fault);
}

static int
run(const struct client_words *w, char **ret, struct client_fault *fault)
{
	CLEANUP(buffer_wipe) struct buffer printed = { 0 };
	int ends[2];
	pid_t child;
	int r, status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return client_fault_set(
			fault, EX_OSERR, "cannot make a pipe: %s", strerror(errno));
	child = fork();
	if (child == 0)
		become(w, ends[1]);
	close(ends[1]);
	r = child < 0 ? -errno : read_printed(ends[0], &printed);
	close(ends[0]);
	if (child > 0 && r < 0)
		kill(child, SIGKILL);
	status = child > 0 ? wait_child(child) : 0;
	if (r < 0)
		return client_fault_set(fault, EX_CONFIG, "the password command %s: %s",
			w->items[0],
			r == -ETIMEDOUT ? "it has not ended within a minute"
					: strerror(-r));
	if (status == NOT_FOUND)
		return client_fault_set(fault, EX_CONFIG,
			"the password command %s cannot be run", w->items[0]);
	if (status != 0)
		return client_fault_set(fault, EX_CONFIG,
			"the password command %s has failed: exit status %d", w->items[0],
			status);
	return take_line(&printed, ret, fault);
}

int
client_command_run(const char *command, char **ret, struct client_fault *fault)
{
	CLEANUP(client_words_clear) struct client_words w = { 0 };
	int r = client_words_split(command, &w);

	if (r == -ENOMEM)
		return client_fault_memory(fault);
	if (r < 0)
		return client_fault_set(fault, EX_CONFIG,
			"the password command %.200s: expected the whole path of a "
			"program, or ~/ and its path, then at most %d words, every quote "
			"closed",
			command, CLIENT_WORDS_MAX - 1);
	return run(&w, ret, fault);
}
