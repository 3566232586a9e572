// SPDX-License-Identifier: ISC
/*
 * A memfd, and its number in the environment. Owns it from host_again_run to the end of
 * host_again_take, on the other side. Faults: those of the system calls, -EBADMSG.
 */
#include "host/again.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"

enum {
	SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL,
	NUMBER_SIZE = 16
};

static const char VARIABLE[] = "POSTERN_AGAIN";

int
host_again_find(char ret[HOST_AGAIN_PATH_SIZE])
{
	ssize_t n = readlink("/proc/self/exe", ret, HOST_AGAIN_PATH_SIZE);

	if (n < 0)
		return -errno;
	if (n == HOST_AGAIN_PATH_SIZE)
		return -ENAMETOOLONG;
	ret[n] = '\0';
	return 0;
}

static int
make_memory(const char *data, size_t len)
{
	CLEANUP_FD int fd = memfd_create(
		"postern-again", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0 || fcntl(fd, F_SETFD, 0) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int
host_again_run(const char *program, char *const *argv, const void *data, size_t len)
{
	CLEANUP_FD int fd = make_memory(data, len);
	char number[NUMBER_SIZE];
	int r;

	if (fd < 0)
		return fd;
	snprintf(number, sizeof number, "%d", fd);
	if (setenv(VARIABLE, number, 1) < 0)
		return -errno;
	execv(program, argv);
	r = -errno;
	unsetenv(VARIABLE);
	return r;
}

static int
read_memory(int fd, struct buffer *ret)
{
	struct stat st;
	ssize_t n;
	int r;

	if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &st) < 0 || st.st_size < 0 ||
		st.st_size > HOST_AGAIN_DATA_MAX)
		return -EBADMSG;
	r = buffer_reserve(ret, (size_t)st.st_size);
	if (r < 0)
		return r;
	n = pread(fd, buffer_tail(ret), (size_t)st.st_size, 0);
	if (n != st.st_size)
		return -EBADMSG;
	buffer_grow(ret, (size_t)n);
	return 0;
}

int
host_again_take(struct buffer *ret)
{
	const char *text = getenv(VARIABLE);
	CLEANUP_FD int fd = -1;
	uint64_t n;

	if (!text)
		return -ENOENT;
	if (number_parse(text, strlen(text), STDERR_FILENO + 1, INT32_MAX, &n) < 0 ||
		fcntl((int)n, F_GET_SEALS) != SEALS)
		return -EBADMSG;
	fd = (int)n;
	unsetenv(VARIABLE);
	return read_memory(fd, ret);
}
