// SPDX-License-Identifier: ISC
/*
 * Landlock first: the filter lets nobody build walls any more. A container that refuses
 * the calls (EPERM, ENOSYS) is a kernel that does not have them.
 */
#include "host/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
has_filters(void)
{
	uint32_t action = SECCOMP_RET_TRAP;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static const char *
name_missing(bool landlock, bool filters)
{
	if (landlock)
		return filters ? NULL : "seccomp";
	return filters ? "Landlock" : "Landlock and seccomp";
}

const char *
host_sandbox_missing(void)
{
	return name_missing(host_landlock_abi() >= HOST_LANDLOCK_ABI_MIN, has_filters());
}

/* Whether the kernel has it: 1, or 0; negative where it has and it failed. */
static int
judge(int r)
{
	if (r == -EOPNOTSUPP || r == -ENOSYS || r == -EPERM)
		return 0;
	return r < 0 ? r : 1;
}

int
host_sandbox_enter(enum config_sandbox mode, const struct host_sandbox *sandbox,
	const char **ret_missing)
{
	int landlock, filter;

	*ret_missing = NULL;
	if (mode == CONFIG_SANDBOX_OFF)
		return 0;
	landlock = judge(host_landlock_restrict(sandbox->rules, sandbox->n_rules));
	if (landlock < 0)
		return landlock;
	filter = judge(host_filter_install(
		sandbox->filter, sandbox->log, sandbox->on_forbidden));
	if (filter < 0)
		return filter;
	*ret_missing = name_missing(landlock, filter);
	return *ret_missing && mode == CONFIG_SANDBOX_REQUIRE ? -EOPNOTSUPP : 0;
}
