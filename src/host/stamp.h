// SPDX-License-Identifier: ISC
/*
 * Whether a file is still what it was when it was read: by device, inode, size and times.
 */
#ifndef HOST_STAMP_H
#define HOST_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Zeroed: of a file that was never looked at. */
struct host_stamp {
	bool taken;
	bool fresh; /* it changed so shortly before that the times may not tell the next
		     * change */
	int error;  /* of looking, as errno; all below are 0 then */
	dev_t device;
	ino_t inode;
	off_t size;
	int64_t modified; /* nanoseconds since 1970 */
	int64_t changed;
};

/* To be called before the file is read: what changes in between then shows. */
void host_stamp_take(const char *path, struct host_stamp *ret);

/* Whether the file may have changed since. NULL for no file, which never changes. */
bool host_stamp_differs(const struct host_stamp *s, const char *path);

/* Whether another file stands there now, or none; what is in it is not looked at. */
bool host_stamp_replaced(const struct host_stamp *s, const char *path);

#endif
