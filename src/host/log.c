// SPDX-License-Identifier: ISC
/*
 * Where records go. A record that cannot be written is lost and counted, and nothing else
 * happens: no log ever stops mail. The next one that can be written is preceded by that
 * count. A reader that does not read is waited for once, until it reads again. A file is
 * only ever appended to, so that behind the walls nothing else can be done to it: a line
 * that has been cut off, as a disk became full all the same, stays, and the next one of
 * this log begins on a line of its own.
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
#include <sys/vfs.h>
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
	PATIENCE_MS = 1000,           /* with a reader that does not read */
	ROOM = 4 * HOST_LOG_LINE_MAX, /* for what others write at the same time, too */
	FILE_MODE = 0640,
};

enum target { TO_NOTHING, TO_JOURNAL, TO_STDERR, TO_FILE };

struct host_log {
	enum target target;
	int fd;   /* owned, but not of TO_STDERR */
	bool cut; /* a part of a line stands at the end, and is ours */
	bool has_session;
	bool has_peer;
	bool settled;  /* nothing can be opened any more */
	pid_t owner;   /* who has opened it; its children have it as well */
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
	log->owner = getpid();
	r = open_target(log, config);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(log);
	return 0;
}

int
host_log_descriptor(const struct host_log *log)
{
	return log && log->target != TO_NOTHING ? log->fd : -1;
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

static ssize_t
write_once(int fd, const void *data, size_t len)
{
	ssize_t n;

	do
		n = write(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Whether the file system has room for a line. A pipe has no blocks. */
static bool
has_room(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0 || fs.f_blocks == 0 || fs.f_bsize <= 0)
		return true;
	return fs.f_bavail > ROOM / (unsigned long)fs.f_bsize;
}

/* Whether the line was written whole. */
static bool
write_to_file(struct host_log *log, const char *line, size_t len)
{
	ssize_t n;

	if (!has_room(log->fd))
		return false;
	if (log->cut && write_once(log->fd, "\n", 1) == 1)
		log->cut = false;
	if (log->cut)
		return false;
	n = write_once(log->fd, line, len);
	log->cut = n > 0 && (size_t)n < len;
	return n == (ssize_t)len;
}

static bool
write_to_stderr(const char *line, size_t len, int wait)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, wait) > 0 &&
	       write_once(STDERR_FILENO, line, len) == (ssize_t)len;
}

/* Another socket than the one that was connected, which may be gone. */
static bool
connect_again(struct host_log *log)
{
	int fd = log->settled ? -1 : host_journal_open();

	if (fd < 0)
		return false;
	close(log->fd);
	log->fd = fd;
	return true;
}

static bool
write_to_journal(struct host_log *log, const char *lines, size_t len, int wait)
{
	int r = host_journal_send(log->fd, lines, len, wait);

	if (r < 0 && r != -EAGAIN && connect_again(log))
		r = host_journal_send(log->fd, lines, len, 0);
	return r == 0;
}

static bool
write_bytes(struct host_log *log, struct buffer *b, int wait)
{
	switch (log->target) {
	case TO_JOURNAL:
		return write_to_journal(log, buffer_data(b), buffer_len(b), wait);
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
host_log_settle(struct host_log *log)
{
	if (!log)
		return;
	if (log->owner != getpid()) {
		log->lost = 0;
		if (log->target == TO_JOURNAL)
			connect_again(log);
	}
	log->settled = true;
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
