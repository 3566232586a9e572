// SPDX-License-Identifier: ISC
/*
 * Files in `run` that all instances share, and that outlive each of them. They are read
 * and written with pread and pwrite and never mapped, so that whatever somebody does to
 * one costs a wrong number and never a signal. A file begins with a header, has a fixed
 * size from the start, and is sparse. One that is not what it should be is set aside
 * under the name NAME.damaged and begun anew.
 */
#ifndef HOST_SHARED_H
#define HOST_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { HOST_SHARED_HEADER = 64, HOST_SHARED_NAME = 32 };

struct host_shared_form {
	char magic[8]; /* of this kind of file */
	unsigned version;
	off_t size;
};

/* Who is told of what is wrong: -EBADMSG for a damaged file that was set aside, another
 * negative errno for one that cannot be used. */
struct host_shared_report {
	void (*say)(void *context, const char *path, int error);
	void *context;
};

struct host_shared {
	int fd;     /* -1: closed */
	bool looks; /* and changes nothing */
	const struct host_shared_form *form;
	const struct host_shared_report *report; /* NULL: nobody is told */
	const char *dir;                         /* the caller's */
	char name[HOST_SHARED_NAME];
};

/* Opens DIR/NAME, which is made if it is not there. What is in it is not looked at:
 * whoever then reads less than a whole file, or a header that is not good, has it mended.
 * 0 or a negative errno, which was reported. */
int host_shared_open(const char *dir, const char *name,
	const struct host_shared_form *form, const struct host_shared_report *report,
	struct host_shared *ret);

/* The same of a file that is only looked at: it is neither made nor mended. 0; -ENOENT,
 * not reported, for one that is not there or still empty; -EBADMSG for a damaged one and
 * other faults, reported. */
int host_shared_look(const char *dir, const char *name,
	const struct host_shared_form *form, const struct host_shared_report *report,
	struct host_shared *ret);

/* Whether the first HOST_SHARED_HEADER bytes of the file are what they should be. */
bool host_shared_is_good(const struct host_shared *s, const void *head);

void host_shared_close(struct host_shared *s);

/* The file is too short or its header is no good; or, as damaged says, something else in
 * it cannot be what anybody wrote. Puts a new one in its place, unless somebody has done
 * so; or fills it, where it is only empty. 0 with s->fd open on a file
 * in order, or a negative errno, reported: -EBADMSG for one who only looks. */
int host_shared_mend(struct host_shared *s, bool damaged);

/* Tells of a fault that a caller has found; answers it. */
int host_shared_tell(const struct host_shared *s, int error);

/* Exactly len bytes at an offset. 0; -ENODATA where the file is too short; a negative
 * errno. */
int host_shared_read(const struct host_shared *s, off_t at, void *ret, size_t len);
int host_shared_write(
	const struct host_shared *s, off_t at, const void *data, size_t len);

/* The exclusive lock of one byte, which belongs to the open file and not to the process:
 * whoever inherits the descriptor holds it, too, and the last to close it ends it. lock
 * waits at most wait milliseconds. 0; -ETIMEDOUT; a negative errno. */
int host_shared_lock(const struct host_shared *s, off_t byte, unsigned wait);
void host_shared_unlock(const struct host_shared *s, off_t byte);

/* Whether somebody else holds the lock; true as well where that cannot be told. */
bool host_shared_is_locked(const struct host_shared *s, off_t byte);

#endif
