// SPDX-License-Identifier: ISC
/*
 * Records on their way out: a file that many processes share, a full disk, stderr, and a
 * journal that the test plays itself.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "config/file.h"
#include "host/log.h"

enum { STATUS_SKIPPED = 77, PROCESSES = 50, LINES = 40 };

static char folder[64];
static char path[96];

static int
make_folder(void **state)
{
	(void)state;
	strcpy(folder, P_tmpdir "/postern-log.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static struct host_log *
open_log(enum config_log kind, int expected)
{
	const struct config config = { .log = kind, .log_file = path };
	struct host_log *log = NULL;

	if (host_log_open(&config, &log) != expected)
		return NULL;
	return log;
}

static void
write_record(struct host_log *log, const char *event, const char *reason)
{
	const struct host_record record = {
		.priority = LOG_INFO, .event = event, .message = "m", .reason = reason
	};

	host_log_write(log, &record);
}

static void
read_log(struct buffer *ret)
{
	assert_int_equal(config_file_read(path, ret), 0);
	assert_non_null(buffer_string(ret));
}

static int
wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Runs f in a child with a mount namespace of its own, which needs root. */
static void
in_own_mounts(int (*f)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
			mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(STATUS_SKIPPED);
		_exit(f());
	}
	status = wait_for(pid);
	if (status == STATUS_SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

static void
test_file(void **state)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	struct host_log *log = open_log(CONFIG_LOG_FILE, 0);
	struct stat st;
	mode_t mask;

	(void)state;
	assert_non_null(log);
	write_record(log, "one", NULL);
	host_log_session(log, "s7", "192.0.2.1:25");
	write_record(log, "two", "r");
	host_log_free(log);
	assert_int_equal(stat(path, &st), 0);
	mask = umask(0);
	umask(mask);
	assert_int_equal(st.st_mode, S_IFREG | (0640 & ~mask));
	read_log(&text);
	assert_non_null(strstr(buffer_data(&text), "]: m event=one\n20"));
	assert_non_null(strstr(buffer_data(&text),
		"]: m event=two session=s7 peer=192.0.2.1:25 reason=\"r\"\n"));
	host_log_free(NULL);
	write_record(NULL, "nowhere", NULL);
}

static void
test_file_refused(void **state)
{
	char target[128];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_null(open_log(CONFIG_LOG_FILE, -ELOOP));
	assert_int_equal(access(target, F_OK), -1);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(open_log(CONFIG_LOG_FILE, -EISDIR));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(open_log(CONFIG_LOG_FILE, -ENXIO));
}

/* Nobody is told of a record that cannot be written, not even through errno; once there
 * is room again the log tells how many were not. */
static void
test_silent_failure(void **state)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	struct host_log *log = open_log(CONFIG_LOG_FILE, 0);
	struct rlimit saved, none;

	(void)state;
	assert_non_null(log);
	host_log_session(log, "s7", NULL);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	none = saved;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
	errno = ENOTTY;
	write_record(log, "lost", NULL);
	write_record(log, "lost", NULL);
	assert_int_equal(errno, ENOTTY);
	setrlimit(RLIMIT_FSIZE, &saved);
	signal(SIGXFSZ, SIG_DFL);
	write_record(log, "next", NULL);
	host_log_free(log);
	read_log(&text);
	assert_non_null(strstr(buffer_data(&text),
		"]: 2 records before this could not be written event=records-lost "
		"session=s7\n20"));
	assert_non_null(strstr(buffer_data(&text), "]: m event=next session=s7\n"));
	assert_null(strstr(buffer_data(&text), "event=lost"));
}

/* A part of a line stays, and what is written next begins on a line of its own. */
static void
test_cut_line(void **state)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	struct host_log *log = open_log(CONFIG_LOG_FILE, 0);
	struct rlimit saved, small;
	const char *part;
	size_t before;

	(void)state;
	assert_non_null(log);
	write_record(log, "first", NULL);
	read_log(&text);
	before = buffer_len(&text);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	small = saved;
	small.rlim_cur = before + 20;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	write_record(log, "cut", NULL);
	write_record(log, "lost", NULL);
	setrlimit(RLIMIT_FSIZE, &saved);
	signal(SIGXFSZ, SIG_DFL);
	write_record(log, "next", NULL);
	host_log_free(log);
	buffer_consume(&text, buffer_len(&text));
	read_log(&text);
	part = buffer_string(&text) + before;
	assert_int_equal(strcspn(part, "\n"), 20);
	assert_non_null(strstr(part, "\n20"));
	assert_non_null(strstr(part, "]: 2 records before this "));
	assert_non_null(strstr(part, "]: m event=next\n"));
	assert_null(strstr(part, "event=lost"));
}

static int
write_many(int process)
{
	struct host_log *log = open_log(CONFIG_LOG_FILE, 0);
	static char reason[1000];
	char session[16];

	if (!log)
		return 1;
	snprintf(session, sizeof(session), "p%d", process);
	host_log_session(log, session, NULL);
	for (int i = 0; i < LINES; i++) {
		memset(reason, 'a' + i % 26, sizeof(reason) - 1);
		reason[(process * 37 + i * 11) % sizeof(reason)] = '\0';
		write_record(log, "many", reason);
	}
	host_log_free(log);
	return 0;
}

/* Each line is whole: it begins with a time and ends with its own reason. */
static void
check_line(const char *line, int seen[PROCESSES])
{
	const char *at = strstr(line, "]: m event=many session=p");
	const char *reason = strstr(line, " reason=\"");
	size_t len;
	int process;

	assert_non_null(at);
	assert_non_null(reason);
	assert_int_equal(
		strspn(line, "0123456789-T:.Z"), strlen("2023-11-14T22:13:20.042Z"));
	assert_null(strstr(at + 1, "postern-smtpd["));
	reason += strlen(" reason=\"");
	len = strspn(reason, (const char[]){ *reason == '"' ? 'a' : *reason, '\0' });
	assert_string_equal(reason + len, "\"");
	process = atoi(at + strlen("]: m event=many session=p"));
	assert_in_range(process, 0, PROCESSES - 1);
	seen[process]++;
}

static void
test_many_processes(void **state)
{
	int seen[PROCESSES] = { 0 };
	pid_t pids[PROCESSES];
	char *next, *line;
	FILE *f;
	size_t size;

	(void)state;
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(write_many(i));
	}
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(wait_for(pids[i]), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	line = NULL;
	size = 0;
	while (getline(&line, &size, f) > 0) {
		next = line + strlen(line) - 1;
		assert_int_equal(*next, '\n');
		*next = '\0';
		check_line(line, seen);
	}
	free(line);
	fclose(f);
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(seen[i], LINES);
}

/* A disk fills up in the middle of a line, and later has room again. */
static int
full_disk(void)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	static char reason[900];
	struct host_log *log;
	char ballast[96];
	int fd;

	if (mount("tmpfs", folder, "tmpfs", 0, "size=128k,mode=700") < 0)
		return STATUS_SKIPPED;
	snprintf(ballast, sizeof(ballast), "%s/ballast", folder);
	fd = open(ballast, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, 0) < 0 || fallocate(fd, 0, 0, 65536) < 0)
		return 1;
	log = open_log(CONFIG_LOG_FILE, 0);
	if (!log)
		return 2;
	memset(reason, 'r', sizeof(reason) - 1);
	for (int i = 0; i < 100; i++)
		write_record(log, "full", reason);
	if (unlink(ballast) < 0 || close(fd) < 0)
		return 3;
	write_record(log, "again", NULL);
	host_log_free(log);
	if (config_file_read(path, &text) < 0 || buffer_len(&text) < 32768)
		return 4;
	if (!strstr(buffer_string(&text), "]: m event=again\n"))
		return 5;
	for (char *next = buffer_data(&text), *line; (line = strsep(&next, "\n"));) {
		size_t len = strlen(line);
		const char *end = strstr(line, "]: m event=again")      ? "again"
				  : strstr(line, " event=records-lost") ? "-lost"
									: "rrr\"";

		if (next && (len < 40 || !strstr(line, "postern-smtpd[") ||
				    strstr(strchr(line, '[') + 1, "postern-smtpd[") ||
				    strcmp(line + len - strlen(end), end) != 0))
			return 6;
	}
	return 0;
}

static void
test_full_disk(void **state)
{
	(void)state;
	in_own_mounts(full_disk);
}

/* What stderr gets, in a child whose descriptor 2 is a pipe, and what it does then. */
static void
check_stderr(enum config_log kind, bool is_void, const char *expected)
{
	char got[256] = "";
	int ends[2];
	pid_t pid;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct host_log *log;

		dup2(is_void ? open("/dev/null", O_WRONLY) : ends[1], STDERR_FILENO);
		log = open_log(kind, 0);
		if (!log)
			_exit(1);
		write_record(log, "e", NULL);
		host_log_free(log);
		/* The log has not closed what is not its own. */
		_exit(fcntl(STDERR_FILENO, F_GETFD) < 0);
	}
	close(ends[1]);
	n = read(ends[0], got, sizeof(got) - 1);
	close(ends[0]);
	assert_int_equal(wait_for(pid), 0);
	assert_true(n >= 0);
	if (expected)
		assert_non_null(strstr(got, expected));
	else
		assert_int_equal(n, 0);
}

static void
test_stderr(void **state)
{
	(void)state;
	check_stderr(CONFIG_LOG_STDERR, false, "]: m event=e\n");
}

/* A reader that does not read costs a second, however much is written. */
static void
test_stderr_stuck(void **state)
{
	static char block[65536];
	int ends[2], saved = dup(STDERR_FILENO);
	struct host_log *log;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], block, sizeof(block)) > 0)
		;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	log = open_log(CONFIG_LOG_STDERR, 0);
	alarm(10);
	for (int i = 0; i < 30; i++)
		write_record(log, "e", NULL);
	alarm(0);
	assert_int_equal(read(ends[0], block, sizeof(block)), sizeof(block));
	write_record(log, "f", NULL);
	host_log_free(log);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], block, sizeof(block) - 1);
	close(ends[0]);
	assert_true(n > 0);
	block[n] = '\0';
	assert_non_null(strstr(block, "]: 30 records before this could not be written "
				      "event=records-lost\n20"));
	assert_non_null(strstr(block, "]: m event=f\n"));
}

/* A socket where systemd's would be; in a mount namespace of its own. -1 without root. */
static int
play_journal(bool listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0 || mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0 ||
		mkdir("/run/systemd", 0755) < 0 ||
		mkdir("/run/systemd/journal", 0755) < 0)
		return -1;
	if (listening && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

static int
journal(void)
{
	static const char *const fields[] = { "MESSAGE=m\n", "PRIORITY=6\n",
		"SYSLOG_IDENTIFIER=postern-smtpd\n",
		"MESSAGE_ID=", "POSTERN_EVENT=login\n",
		"POSTERN_SESSION=s\\x0aPOSTERN_USER=root\n", "POSTERN_PEER=p\n",
		"POSTERN_REASON=a\\x0a\\xff\n" };
	int fd = play_journal(true);
	char got[4096] = "\n";

	if (fd < 0)
		return STATUS_SKIPPED;
	for (int kind = 0; kind < 2; kind++) {
		struct host_log *log = open_log(
			kind ? CONFIG_LOG_JOURNAL : CONFIG_LOG_AUTO, 0);
		ssize_t n;

		if (!log)
			return 1;
		host_log_session(log, "s\nPOSTERN_USER=root", "p");
		write_record(log, "login", "a\n\xff");
		host_log_free(log);
		n = recv(fd, got + 1, sizeof(got) - 2, MSG_DONTWAIT);
		if (n <= 0)
			return 2;
		got[1 + n] = '\0';
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			char *at = strstr(got, fields[i]);

			if (!at || at[-1] != '\n')
				return 10 + (int)i;
		}
		if (strstr(got, "\nPOSTERN_USER=") || strstr(got, "CODE_FILE"))
			return 3;
	}
	return 0;
}

static void
test_journal(void **state)
{
	(void)state;
	in_own_mounts(journal);
}

/* How many of the records that wait in the journal's socket have that line. */
static int
hear(int fd, const char *line)
{
	char got[4096];
	int found = 0;
	ssize_t n;

	while ((n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT)) > 0) {
		got[n] = '\0';
		found += strstr(got, line) != NULL;
	}
	return found;
}

/* A journal that does not read costs a second, too, and hears what it has missed. */
static int
stuck_journal(void)
{
	enum { WRITTEN = 1000 }; /* more than any socket holds */
	int fd = play_journal(true), heard;
	struct host_log *log;
	char expected[96];

	if (fd < 0)
		return STATUS_SKIPPED;
	log = open_log(CONFIG_LOG_JOURNAL, 0);
	if (!log)
		return 1;
	alarm(10);
	for (int i = 0; i < WRITTEN; i++)
		write_record(log, "e", NULL);
	alarm(0);
	heard = hear(fd, "POSTERN_EVENT=e\n");
	if (heard == 0 || heard == WRITTEN)
		return 2;
	snprintf(expected, sizeof(expected),
		"MESSAGE=%d records before this could not be written\n", WRITTEN - heard);
	write_record(log, "f", NULL);
	if (hear(fd, expected) != 1)
		return 3;
	write_record(log, "g", NULL);
	if (hear(fd, "POSTERN_EVENT=records-lost\n") != 0)
		return 4;
	for (int i = 0; i < WRITTEN; i++)
		write_record(log, "e", NULL);
	hear(fd, "");
	host_log_free(log);
	return hear(fd, "POSTERN_EVENT=records-lost\n") == 1 ? 0 : 5;
}

static void
test_stuck_journal(void **state)
{
	(void)state;
	in_own_mounts(stuck_journal);
}

/* The socket that systemd has made anew: its descriptor. */
static int
replace_journal(int old)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (old >= 0)
		close(old);
	unlink(address.sun_path);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

/* One that is gone is no reason to end; another in its place is found, but not by who has
 * settled. */
static int
gone_journal(void)
{
	int fd = play_journal(true);
	struct host_log *log;

	if (fd < 0)
		return STATUS_SKIPPED;
	log = open_log(CONFIG_LOG_JOURNAL, 0);
	if (!log)
		return 1;
	close(fd);
	write_record(log, "e", NULL);
	fd = replace_journal(-1);
	write_record(log, "f", NULL);
	if (hear(fd, "MESSAGE=1 record before this could not be written\n") != 1)
		return 2;
	fd = replace_journal(fd);
	write_record(log, "f", NULL);
	if (hear(fd, "POSTERN_EVENT=f\n") != 1)
		return 3;
	fd = replace_journal(fd);
	host_log_settle(log);
	write_record(log, "f", NULL);
	host_log_free(log);
	return hear(fd, "") == 0 ? 0 : 4;
}

/* A child of a process that has the log for long connects for itself. */
static int
inherited_journal(void)
{
	int fd = play_journal(true), status;
	struct host_log *log;

	if (fd < 0)
		return STATUS_SKIPPED;
	log = open_log(CONFIG_LOG_JOURNAL, 0);
	if (!log)
		return 1;
	close(fd);
	write_record(log, "e", NULL);
	fd = replace_journal(-1);
	if (fork() == 0) {
		host_log_settle(log);
		write_record(log, "f", NULL);
		_exit(0);
	}
	if (wait(&status) < 0)
		return 2;
	if (hear(fd, "POSTERN_EVENT=") != 1)
		return 3;
	host_log_free(log);
	return hear(fd, "POSTERN_EVENT=records-lost\n") == 1 ? 0 : 4;
}

static void
test_inherited_journal(void **state)
{
	(void)state;
	in_own_mounts(inherited_journal);
}

static void
test_gone_journal(void **state)
{
	(void)state;
	in_own_mounts(gone_journal);
}

/* With no journal: `journal` is a fault, `auto` falls back to stderr, if that is one. */
static int
no_journal(void)
{
	if (play_journal(false) < 0)
		return STATUS_SKIPPED;
	if (open_log(CONFIG_LOG_JOURNAL, -ENOENT))
		return 1;
	check_stderr(CONFIG_LOG_AUTO, false, "]: m event=e\n");
	check_stderr(CONFIG_LOG_AUTO, true, NULL);
	return 0;
}

static void
test_no_journal(void **state)
{
	(void)state;
	in_own_mounts(no_journal);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_file),
		IN_FOLDER(test_file_refused),
		IN_FOLDER(test_silent_failure),
		IN_FOLDER(test_many_processes),
		IN_FOLDER(test_cut_line),
		IN_FOLDER(test_full_disk),
		IN_FOLDER(test_stderr),
		IN_FOLDER(test_stderr_stuck),
		IN_FOLDER(test_journal),
		IN_FOLDER(test_stuck_journal),
		IN_FOLDER(test_gone_journal),
		IN_FOLDER(test_inherited_journal),
		IN_FOLDER(test_no_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
