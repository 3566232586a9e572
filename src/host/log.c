// SPDX-License-Identifier: ISC
/*
 * Where records go. A record that cannot be written is lost and counted, and nothing else
 * happens: no log ever stops mail. The next one that can be written is preceded by that
 * count. A reader that does not read is waited for once, until it reads again. On a full
 * disk a line that was written in part is taken back, so that what comes when there is
 * room again begins on a line of its own. Since that must not meet another process's
 * line, each is written under a lock; but no lock is waited for long, as everybody who
 * may read the file can hold one. Without it the part stays, and the next line ends
 * it.
 */
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "host/journal.h"
#include "host/log_record.h"

enum {
	SESSION_SIZE = 65,
	PEER_SIZE = 129,
	PATIENCE_MS = 1000, /* with a reader that does not read */
	LOCK_TRIES = 200,   /* a millisecond each */
	LOCK_FEW = 10,      /* where the last ones were in vain */
	FILE_MODE = 0640,
};

enum target { TO_NOTHING, TO_JOURNAL, TO_STDERR, TO_FILE };

struct host_log {
	enum target target;
	int fd;       /* owned, but not of TO_STDERR */
	bool cut;     /* a part of a line stands at the end, and is ours */
	bool no_lock; /* none was to be had: it is waited for less */
	bool has_session;
	bool has_peer;
	unsigned lost; /* records since the last one that was written */
	char session[SESSION_SIZE];
	char peer[PEER_SIZE];
};

static void
log_cleanup(struct host_log **log)
{
	host_log_free(*log);
}

/* Whether descriptor 2 is closed, or has become /dev/null. */
static bool
is_stderr_void(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) < 0)
		return true;
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static int
open_file(const char *path)
{
	/* Non-blocking for what is no regular file: a pipe without a reader. */
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
			O_NONBLOCK,
		FILE_MODE);

	return fd < 0 ? -errno : fd;
}

static int
open_target(struct host_log *log, const struct config *config)
{
	log->fd = STDERR_FILENO;
	log->target = TO_STDERR;
	switch (config->log) {
	case CONFIG_LOG_JOURNAL:
		log->fd = host_journal_open();
		log->target = TO_JOURNAL;
		break;
	case CONFIG_LOG_AUTO:
		log->fd = host_journal_open();
		log->target = TO_JOURNAL;
		if (log->fd >= 0)
			break;
		log->fd = STDERR_FILENO;
		log->target = is_stderr_void() ? TO_NOTHING : TO_STDERR;
		break;
	case CONFIG_LOG_STDERR:
		break;
	case CONFIG_LOG_FILE:
		log->fd = open_file(config->log_file);
		log->target = TO_FILE;
		break;
	}
	return log->fd < 0 ? log->fd : 0;
}

int
host_log_open(const struct config *config, struct host_log **ret)
{
	struct host_log *log CLEANUP(log_cleanup) = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return -ENOMEM;
	r = open_target(log, config);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(log);
	return 0;
}

void
host_log_session(struct host_log *log, const char *session, const char *peer)
{
	if (!log)
		return;
	log->has_session = session;
	log->has_peer = peer;
	snprintf(log->session, sizeof(log->session), "%s", session ? session : "");
	snprintf(log->peer, sizeof(log->peer), "%s", peer ? peer : "");
}

/* The process's lock, not the open file's, which children share. */
static int
set_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &lock) < 0 ? -errno : 0;
}

/* Whether the file is this log's alone for now. */
static bool
take_lock(struct host_log *log)
{
	int tries = log->no_lock ? LOCK_FEW : LOCK_TRIES;
	int r = set_lock(log->fd, F_WRLCK);

	for (; (r == -EAGAIN || r == -EACCES) && tries > 0; tries--) {
		poll(NULL, 0, 1);
		r = set_lock(log->fd, F_WRLCK);
	}
	log->no_lock = r < 0;
	return r == 0;
}

static ssize_t
write_once(int fd, const void *data, size_t len)
{
	ssize_t n;

	do
		n = write(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Takes the n bytes back that were written last. */
static bool
take_back(int fd, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == end &&
	       ftruncate(fd, end - (off_t)n) == 0;
}

/* Whether the line was written whole. */
static bool
write_to_file(struct host_log *log, const char *line, size_t len)
{
	bool locked = take_lock(log);
	ssize_t n;

	if (log->cut && write_once(log->fd, "\n", 1) == 1)
		log->cut = false;
	n = log->cut ? -1 : write_once(log->fd, line, len);
	if (n > 0 && (size_t)n < len)
		log->cut = !locked || !take_back(log->fd, (size_t)n);
	if (locked)
		set_lock(log->fd, F_UNLCK);
	return n == (ssize_t)len;
}

static bool
write_to_stderr(const char *line, size_t len, int wait)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, wait) > 0 &&
	       write_once(STDERR_FILENO, line, len) == (ssize_t)len;
}

static bool
write_bytes(struct host_log *log, struct buffer *b, int wait)
{
	switch (log->target) {
	case TO_JOURNAL:
		return host_journal_send(log->fd, buffer_data(b), buffer_len(b), wait) ==
		       0;
	case TO_STDERR:
		return write_to_stderr(buffer_data(b), buffer_len(b), wait);
	case TO_FILE:
		return write_to_file(log, buffer_data(b), buffer_len(b));
	case TO_NOTHING:
		break;
	}
	return true;
}

/* Whether the record was written. */
static bool
write_record(struct host_log *log, const struct host_record *record, int wait)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };
	const char *session = log->has_session ? log->session : NULL;
	const char *peer = log->has_peer ? log->peer : NULL;
	struct timespec now;
	int r;

	if (log->target == TO_JOURNAL)
		r = host_log_record_fields(&b, record, session, peer);
	else {
		clock_gettime(CLOCK_REALTIME, &now);
		r = host_log_record_text(&b, record, session, peer, &now, getpid());
	}
	return r == 0 && write_bytes(log, &b, wait);
}

/* Tells how many records were lost, if any were. Whether others can follow. */
static bool
tell_lost(struct host_log *log)
{
	struct host_record record = { .priority = LOG_WARNING, .event = "records-lost" };
	char message[64];

	if (log->lost == 0)
		return true;
	snprintf(message, sizeof(message), "%u record%s before this could not be written",
		log->lost, log->lost == 1 ? "" : "s");
	record.message = message;
	if (!write_record(log, &record, 0))
		return false;
	log->lost = 0;
	return true;
}

void
host_log_write(struct host_log *log, const struct host_record *record)
{
	int saved = errno;

	if (!log || log->target == TO_NOTHING)
		return;
	if (!tell_lost(log) || !write_record(log, record, PATIENCE_MS))
		log->lost++;
	errno = saved;
}

void
host_log_free(struct host_log *log)
{
	if (!log)
		return;
	tell_lost(log);
	if (log->fd >= 0 && log->target != TO_STDERR && log->target != TO_NOTHING)
		close(log->fd);
	free(log);
}
