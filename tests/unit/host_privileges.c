// SPDX-License-Identifier: ISC
/*
 * What a process gives up, each in a child of its own, which answers by its exit status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/privileges.h"

enum { MUCH = 64 << 20, LITTLE = 1 << 20 };

/* How a child ended that ran f. */
static int
in_child(int (*f)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
lock(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];
	bool may;

	if (syscall(SYS_capget, &head, has) < 0)
		return 5;
	may = has[0].effective & 1U << CAP_SETPCAP;
	if (host_privileges_lock() < 0 || prctl(PR_GET_DUMPABLE) != 0 ||
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
	if (syscall(SYS_capget, &head, has) < 0)
		return 2;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (has[i].effective || has[i].permitted || has[i].inheritable)
			return 3;
	/* Of those that a program could get, only whoever may set them is rid. */
	return may && geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) != 0
		       ? 4
		       : 0;
}

static void
test_lock(void **state)
{
	int status = in_child(lock);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Neither blocked nor handled. */
static int
outlive(void)
{
	sigset_t all;

	if (host_privileges_end_after(1) < 0)
		return 1;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
	poll(NULL, 0, 20000);
	return 2;
}

static void
test_end(void **state)
{
	int status = in_child(outlive);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void *
take(size_t size)
{
	void *memory = malloc(size);

	if (memory)
		memset(memory, 1, size);
	return memory;
}

/* What is there when the limits come does not count. */
static int
hoard(void)
{
	char *before = take(MUCH), *little, *much;

	if (!before || host_privileges_bound((int)getppid(), true) < 0)
		return 1;
	little = take(LITTLE);
	much = take(MUCH);
	return !little ? 2 : much ? 3 : 0;
}

static void
test_memory(void **state)
{
	int status = in_child(hoard);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
be_an_orphan(void)
{
	return host_privileges_bound((int)getpid(), false) == -ESRCH ? 0 : 1;
}

static void
test_parent(void **state)
{
	int status = in_child(be_an_orphan);

	(void)state;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_users(void **state)
{
	(void)state;
	assert_int_equal(host_privileges_find("root"), 0);
	assert_int_equal(host_privileges_find("no-such-user"), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_end),
	/* A sanitizer's memory is terabytes of shadow. */
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_memory),
#endif
		cmocka_unit_test(test_parent),
		cmocka_unit_test(test_users),
	};

	(void)test_memory;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
