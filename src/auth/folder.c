// SPDX-License-Identifier: ISC
/*
 * Splits a path. The descriptor is the caller's. Faults: those of opening, -EINVAL.
 */
#include "auth/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"

int
auth_folder_open(const char *path, int *ret_fd, const char **ret_name)
{
	CLEANUP_FREE char *folder = strdup(path);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int fd;

	if (!folder)
		return -ENOMEM;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	if (slash)
		folder[slash == path ? 1 : slash - path] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	*ret_name = name;
	return 0;
}
