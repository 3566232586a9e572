// SPDX-License-Identifier: ISC
/*
 * Where records go. A record that cannot be written is lost, and nothing else happens: no
 * log ever stops mail. On a full disk a line that was written in part is taken back, so
 * that what comes when there is room again begins on a line of its own. Since that must
 * not meet another process's line, each is written under a lock; but no lock is waited
 * for long, as everybody who may read the file can hold one. Without it the part stays,
 * and the next line ends it.
 */
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "host/log_record.h"

enum {
	FIELDS_MAX = 16,
	SESSION_SIZE = 65,
	PEER_SIZE = 129,
	PATIENCE_MS = 1000, /* with a reader of stderr that does not read */
	LOCK_TRIES = 200,   /* a millisecond each */
	LOCK_FEW = 10,      /* where the last ones were in vain */
	FILE_MODE = 0640,
};

enum target { TO_NOTHING, TO_JOURNAL, TO_STDERR, TO_FILE };

struct host_log {
	enum target target;
	int fd;       /* of a TO_FILE owned, of TO_STDERR not */
	bool cut;     /* a part of a line stands at the end, and is ours */
	bool no_lock; /* none was to be had: it is waited for less */
	bool has_session;
	bool has_peer;
	char session[SESSION_SIZE];
	char peer[PEER_SIZE];
};

static void
log_cleanup(struct host_log **log)
{
	host_log_free(*log);
}

/* libsystemd says that all is well where nobody listens. */
static int
check_journal(void)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};
	int fd CLEANUP_FD = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
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
	int r = 0;

	switch (config->log) {
	case CONFIG_LOG_JOURNAL:
		r = check_journal();
		log->target = TO_JOURNAL;
		break;
	case CONFIG_LOG_AUTO:
		if (check_journal() == 0)
			log->target = TO_JOURNAL;
		else
			log->target = is_stderr_void() ? TO_NOTHING : TO_STDERR;
		break;
	case CONFIG_LOG_STDERR:
		log->target = TO_STDERR;
		break;
	case CONFIG_LOG_FILE:
		r = open_file(config->log_file);
		log->target = TO_FILE;
		log->fd = r;
		break;
	}
	if (log->target == TO_STDERR)
		log->fd = STDERR_FILENO;
	return r < 0 ? r : 0;
}

int
host_log_open(const struct config *config, struct host_log **ret)
{
	struct host_log *log CLEANUP(log_cleanup) = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return -ENOMEM;
	log->fd = -1;
	r = open_target(log, config);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(log);
	return 0;
}

void
host_log_free(struct host_log *log)
{
	if (!log)
		return;
	if (log->target == TO_FILE && log->fd >= 0)
		close(log->fd);
	free(log);
}

bool
host_log_is_journal(const struct host_log *log)
{
	return log && log->target == TO_JOURNAL;
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

/* Lines "FIELD=value": one iovec each, without the line feed. */
static void
send_to_journal(struct buffer *b)
{
	struct iovec iov[FIELDS_MAX];
	char *at = buffer_data(b), *end = at + buffer_len(b);
	int n = 0;

	while (at < end && n < FIELDS_MAX) {
		char *feed = memchr(at, '\n', (size_t)(end - at));

		if (!feed)
			break;
		iov[n++] = (struct iovec){ at, (size_t)(feed - at) };
		at = feed + 1;
	}
	sd_journal_sendv(iov, n);
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

static void
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
}

static void
write_line(struct host_log *log, struct buffer *b)
{
	struct pollfd p = { .fd = log->fd, .events = POLLOUT };

	if (log->target == TO_FILE)
		write_to_file(log, buffer_data(b), buffer_len(b));
	else if (poll(&p, 1, PATIENCE_MS) > 0)
		write_once(log->fd, buffer_data(b), buffer_len(b));
}

void
host_log_write(struct host_log *log, const struct host_record *record)
{
	struct buffer b CLEANUP(buffer_free) = { 0 };
	const char *session, *peer;
	struct timespec now;
	int saved = errno;

	if (!log || log->target == TO_NOTHING)
		return;
	session = log->has_session ? log->session : NULL;
	peer = log->has_peer ? log->peer : NULL;
	if (log->target == TO_JOURNAL) {
		if (host_log_record_fields(&b, record, session, peer) == 0)
			send_to_journal(&b);
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		if (host_log_record_text(&b, record, session, peer, &now, getpid()) == 0)
			write_line(log, &b);
	}
	errno = saved;
}
