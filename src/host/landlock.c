// SPDX-License-Identifier: ISC
/*
 * The three system calls, for which the C library has no functions. What a right is
 * called and since when it is known stands here as the kernel's documentation has it,
 * since the headers of the build machine may be older than the kernel that runs.
 */
#include "host/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Rights over files, by the ABI that has brought them. */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
	FS_ABI_1 = (1 << 13) - 1,
	OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
	READ = FS_READ_FILE | FS_READ_DIR,
	WRITE = FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
		FS_MAKE_REG | FS_REFER | FS_TRUNCATE,
};

enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1, SCOPE_ABSTRACT_UNIX = 1 << 0 };

struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

int
host_landlock_abi(void)
{
	long abi = syscall(
		SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* All that the kernel can take away; how much of the structure it knows of. */
static size_t
everything(int abi, struct ruleset *ret)
{
	*ret = (struct ruleset){ .fs = FS_ABI_1 | FS_REFER };
	if (abi >= 3)
		ret->fs |= FS_TRUNCATE;
	if (abi >= 5)
		ret->fs |= FS_IOCTL_DEV;
	if (abi < 4)
		return offsetof(struct ruleset, net);
	ret->net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi < 6)
		return offsetof(struct ruleset, scoped);
	ret->scoped = SCOPE_ABSTRACT_UNIX;
	return sizeof(*ret);
}

static int
add_rule(int ruleset, const struct ruleset *all, const struct host_landlock_rule *rule)
{
	CLEANUP_FD int fd = open(rule->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = { .parent_fd = fd };
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	beneath.allowed_access = READ;
	if (rule->write)
		beneath.allowed_access |= WRITE;
	if (rule->execute)
		beneath.allowed_access |= FS_EXECUTE;
	beneath.allowed_access &= all->fs;
	if (!S_ISDIR(st.st_mode))
		beneath.allowed_access &= OF_FILES;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		       &beneath, 0) < 0
		       ? -errno
		       : 0;
}

int
host_landlock_restrict(const struct host_landlock_rule *rules, size_t n)
{
	int abi = host_landlock_abi(), r = 0;
	struct ruleset all;
	size_t size = everything(abi, &all);
	CLEANUP_FD int fd = -1;

	if (abi < HOST_LANDLOCK_ABI_MIN)
		return -EOPNOTSUPP;
	fd = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (rules[i].path)
			r = add_rule(fd, &all, &rules[i]);
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = -errno;
	return r;
}
