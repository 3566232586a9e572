// SPDX-License-Identifier: ISC
/*
 * Open, check, mend, lock. Whoever makes or mends a file holds the lock on the byte
 * behind its end, so that of many who find the same damage one sets the file aside and
 * the others find a new one. An empty file, or one that is all zero at the top, is one
 * whose maker died; it is filled. Faults: those of the calls, -ETIMEDOUT for a lock that
 * is kept.
 */
#include "host/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sum.h"
#include "host/clock.h"

enum {
	FILE_MODE = 0600,
	ROUNDS = 4,       /* of mending what somebody damages at the same time */
	MAKING_MS = 2000, /* more than anybody needs who makes a file */
	OPEN = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
};

static const char ASIDE[] = ".damaged";

struct header {
	char magic[8];
	uint32_t version;
	uint32_t unused;
	uint64_t size;
	int64_t made; /* seconds since 1970 */
	uint8_t spare[24];
	uint64_t sum; /* of what is before it */
};
_Static_assert(sizeof(struct header) == HOST_SHARED_HEADER, "header");

struct path {
	char text[PATH_MAX];
};

static int
name_path(const struct host_shared *s, const char *suffix, struct path *ret)
{
	int n = snprintf(ret->text, sizeof ret->text, "%s/%s%s", s->dir, s->name, suffix);

	return n < (int)sizeof ret->text ? 0 : -ENAMETOOLONG;
}

int
host_shared_tell(const struct host_shared *s, int error)
{
	struct path path;

	if (s->report && (name_path(s, "", &path) == 0 || *path.text))
		s->report->say(s->report->context, path.text, error);
	return error;
}

static void
make_header(const struct host_shared_form *form, struct header *ret)
{
	struct header h = { .version = form->version,
		.size = (uint64_t)form->size,
		.made = host_clock_now() };

	memcpy(h.magic, form->magic, sizeof h.magic);
	h.sum = sum_64(&h, offsetof(struct header, sum), 0);
	*ret = h;
}

bool
host_shared_is_good(const struct host_shared *s, const void *head)
{
	const struct host_shared_form *form = s->form;
	struct header h;

	memcpy(&h, head, sizeof h);
	return memcmp(h.magic, form->magic, sizeof h.magic) == 0 &&
	       h.version == form->version && h.size == (uint64_t)form->size &&
	       h.sum == sum_64(&h, offsetof(struct header, sum), 0);
}

static bool
is_zero(const void *head)
{
	static const struct header ZERO;

	return memcmp(head, &ZERO, sizeof ZERO) == 0;
}

int
host_shared_read(const struct host_shared *s, off_t at, void *ret, size_t len)
{
	ssize_t n;

	do
		n = pread(s->fd, ret, len, at);
	while (n < 0 && errno == EINTR);
	/* A pipe has nothing to be read at any place. */
	if (n < 0)
		return errno == ESPIPE ? -ENODATA : -errno;
	return (size_t)n == len ? 0 : -ENODATA;
}

int
host_shared_write(const struct host_shared *s, off_t at, const void *data, size_t len)
{
	ssize_t n;

	do
		n = pwrite(s->fd, data, len, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

static int
set_lock(const struct host_shared *s, short type, off_t byte)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	return fcntl(s->fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

int
host_shared_lock(const struct host_shared *s, off_t byte, unsigned wait)
{
	int r = set_lock(s, F_WRLCK, byte);
	int64_t end;

	if (r != -EAGAIN && r != -EACCES)
		return r;
	end = host_clock_ms() + wait;
	while ((r == -EAGAIN || r == -EACCES) && host_clock_ms() < end) {
		poll(NULL, 0, 1);
		r = set_lock(s, F_WRLCK, byte);
	}
	return r == -EAGAIN || r == -EACCES ? -ETIMEDOUT : r;
}

void
host_shared_unlock(const struct host_shared *s, off_t byte)
{
	set_lock(s, F_UNLCK, byte);
}

bool
host_shared_is_locked(const struct host_shared *s, off_t byte)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};

	return fcntl(s->fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

static bool
is_still_there(const struct host_shared *s, const struct stat *ours)
{
	struct path path;
	struct stat st;

	return name_path(s, "", &path) == 0 && lstat(path.text, &st) == 0 &&
	       st.st_dev == ours->st_dev && st.st_ino == ours->st_ino;
}

/* Gives the name away; what had it stays for whoever wants to know what happened. */
static int
set_aside(const struct host_shared *s)
{
	struct path path, aside;
	int r = name_path(s, "", &path);

	if (r == 0)
		r = name_path(s, ASIDE, &aside);
	if (r == 0 && rename(path.text, aside.text) < 0)
		r = -errno;
	if (r == 0)
		host_shared_tell(s, -EBADMSG);
	return r;
}

static int
fill(const struct host_shared *s)
{
	struct header h;

	make_header(s->form, &h);
	if (ftruncate(s->fd, s->form->size) < 0)
		return -errno;
	return host_shared_write(s, 0, &h, sizeof h);
}

/* With the maker's lock: what is to be done with the file that is open. 1 where it is in
 * order now, 0 where another has to be opened, or a negative errno. */
static int
judge(const struct host_shared *s, bool damaged)
{
	struct header h = { 0 };
	struct stat st;
	int r;

	if (fstat(s->fd, &st) < 0)
		return -errno;
	if (!is_still_there(s, &st))
		return 0;
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		r = fill(s);
	else if (!S_ISREG(st.st_mode) || st.st_size < s->form->size ||
		 host_shared_read(s, 0, &h, sizeof h) < 0)
		return set_aside(s);
	else if (!damaged && is_zero(&h))
		r = fill(s);
	else if (damaged || !host_shared_is_good(s, &h))
		return set_aside(s);
	else
		return 1;
	return r < 0 ? r : 1;
}

/* A link, a folder, or what somebody else has put there. */
static bool
is_foreign(int error)
{
	return error == -ELOOP || error == -EISDIR || error == -EACCES || error == -ENXIO;
}

/* 1 with a file open, 0 where what had the name was set aside. */
static int
open_any(struct host_shared *s)
{
	struct path path;
	int r = name_path(s, "", &path);

	if (r < 0)
		return r;
	s->fd = open(path.text, O_RDWR | O_CREAT | OPEN, FILE_MODE);
	if (s->fd >= 0)
		return 1;
	r = -errno;
	return is_foreign(r) && set_aside(s) == 0 ? 0 : r;
}

/* Opens what has the name, judges it, until it is in order. */
static int
open_good(struct host_shared *s, bool damaged)
{
	int r = 0;

	for (int round = 0; r == 0 && round < ROUNDS; round++) {
		if (s->fd < 0)
			r = open_any(s);
		if (s->fd < 0)
			continue;
		r = host_shared_lock(s, s->form->size, MAKING_MS);
		if (r == 0)
			r = judge(s, damaged);
		damaged = false;
		if (r > 0)
			host_shared_unlock(s, s->form->size);
		else
			close(TAKE_FD(s->fd));
	}
	return r > 0 ? 0 : host_shared_tell(s, r < 0 ? r : -EBADMSG);
}

int
host_shared_mend(struct host_shared *s, bool damaged)
{
	if (s->looks)
		return host_shared_tell(s, -EBADMSG);
	return open_good(s, damaged);
}

static void
begin(const char *dir, const char *name, const struct host_shared_form *form,
	const struct host_shared_report *told, struct host_shared *ret)
{
	*ret = (struct host_shared){ .fd = -1, .form = form, .report = told, .dir = dir };
	snprintf(ret->name, sizeof ret->name, "%s", name);
}

int
host_shared_open(const char *dir, const char *name, const struct host_shared_form *form,
	const struct host_shared_report *report, struct host_shared *ret)
{
	int r;

	begin(dir, name, form, report, ret);
	r = open_any(ret);
	if (r == 0)
		return open_good(ret, false);
	return r < 0 ? host_shared_tell(ret, r) : 0;
}

/* 0, or why nothing can be seen in the file. */
static int
look_at(const struct host_shared *s)
{
	struct header h;
	struct stat st;
	int r;

	if (fstat(s->fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return -ENOENT;
	if (!S_ISREG(st.st_mode) || st.st_size < s->form->size)
		return -EBADMSG;
	r = host_shared_read(s, 0, &h, sizeof h);
	if (r < 0 || host_shared_is_good(s, &h))
		return r;
	return is_zero(&h) ? -ENOENT : -EBADMSG;
}

int
host_shared_look(const char *dir, const char *name, const struct host_shared_form *form,
	const struct host_shared_report *report, struct host_shared *ret)
{
	struct path path;
	int r;

	begin(dir, name, form, report, ret);
	ret->looks = true;
	r = name_path(ret, "", &path);
	if (r < 0)
		return host_shared_tell(ret, r);
	ret->fd = open(path.text, O_RDONLY | OPEN);
	r = ret->fd < 0 ? -errno : look_at(ret);
	if (r < 0)
		host_shared_close(ret);
	return r < 0 && r != -ENOENT ? host_shared_tell(ret, r) : r;
}

void
host_shared_close(struct host_shared *s)
{
	if (s->fd >= 0)
		close(TAKE_FD(s->fd));
}
