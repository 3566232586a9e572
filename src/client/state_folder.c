// SPDX-License-Identifier: ISC
/*
 * Goes down folder by folder, so that a new one is made with the right mode. Nothing is
 * kept; faults are those of the calls.
 */
#include "client/state_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int
go_down(int *fd, const char *name, bool make)
{
	int next;

	if (make && mkdirat(*fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	next = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (next < 0)
		return -errno;
	close(*fd);
	*fd = next;
	return 0;
}

int
client_state_folder(const char *const *names, size_t n, bool make)
{
	static const char *const parts[] = { ".local", "state", "postern" };
	const size_t above = sizeof parts / sizeof *parts;
	const char *home = getenv("HOME");
	CLEANUP_FD int fd = -1;

	if (!home)
		return -ENOENT;
	fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < above + n; i++) {
		int r = go_down(&fd, i < above ? parts[i] : names[i - above], make);

		if (r < 0)
			return r;
	}
	return TAKE_FD(fd);
}
