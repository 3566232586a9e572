// SPDX-License-Identifier: ISC
/*
 * Faults that the system seldom has: a lock that nobody gives back, a directory that does
 * not reach the disk, a library that is not there; and what is left of secrets in memory.
 * The calls that fail are defined here, and so is a clock that goes on by pauses alone.
 */
#include "auth_fixture.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "auth/account.h"
#include "auth/exchange.h"
#include "auth/gsasl_on_demand.h"
#include "auth/lock.h"
#include "ctl/report.h"
#include "ctl/user.h"

static bool no_library, no_directory_sync, no_file_sync, interrupted;
static long slept_ms;
static unsigned tries;

void *
dlopen(const char *name, int flags)
{
	void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(
		RTLD_NEXT, "dlopen");

	return no_library ? NULL : real(name, flags);
}

int
fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 &&
		(S_ISDIR(st.st_mode) ? no_directory_sync : no_file_sync)) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
nanosleep(const struct timespec *wanted, struct timespec *left)
{
	(void)left;
	tries++;
	slept_ms += wanted->tv_sec * 1000 + wanted->tv_nsec / 1000000;
	if (!interrupted)
		return 0;
	errno = EINTR;
	return -1;
}

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);

	if (clock == CLOCK_MONOTONIC) {
		ret->tv_sec = 1000 + slept_ms / 1000;
		ret->tv_nsec = slept_ms % 1000 * 1000000;
	}
	return r;
}

/* Another's lock, until the descriptor is closed. */
static int
hold_lock(const struct fixture *f)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", f->users);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	slept_ms = 0;
	tries = 0;
	return fd;
}

/* Before all others: the library stays once it is loaded. */
static void
test_no_library(void **state)
{
	struct fixture *f = *state;
	struct auth_peer peer = { 0 };
	struct auth_exchange *x = NULL;
	struct auth_credentials c;

	no_library = true;
	assert_int_equal(auth_exchange_check(f->config), -ELIBACC);
	assert_int_equal(
		auth_exchange_start(f->config, &peer, "SCRAM-SHA-256", &x), -ELIBACC);
	assert_null(x);
	assert_int_equal(auth_password_derive("p\xc3\xa4sswort", 1, &c), -ELIBACC);
	f->config->mechanisms = 0;
	assert_int_equal(auth_exchange_check(f->config), 0);
	fixture_set(f, NULL, 0);
	no_library = false;
	assert_int_equal(auth_exchange_check(f->config), 0);
	assert_int_equal(auth_exchange_start(f->config, &peer, "SCRAM-SHA-256", &x), 0);
	auth_exchange_free(x);
}

/* Behind walls it must not be looked for, be it there by then or not. */
static void
test_library_is_settled(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		no_library = true;
		auth_gsasl_settle();
		no_library = false;
		_exit(auth_gsasl_available());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_lock_deadline(void **state)
{
	static const bool signals[] = { false, true };
	struct fixture *f = *state;
	struct auth_lock *lock = NULL;
	int fd = hold_lock(f);

	for (size_t i = 0; i < COUNT(signals); i++) {
		interrupted = signals[i];
		slept_ms = 0;
		tries = 0;
		assert_int_equal(auth_lock_take(f->users, 700, &lock), -ETIMEDOUT);
		assert_null(lock);
		assert_in_range(slept_ms, 700, 719);
		/* 8 ms apart in the first tenth of a second, a millisecond less in each
		 * that follows. */
		assert_int_equal(tries, 171);
	}
	interrupted = false;
	close(fd);
	slept_ms = 0;
	assert_int_equal(auth_lock_take(f->users, 0, &lock), 0);
	assert_int_equal(slept_ms, 0);
	auth_lock_free(lock);
}

static struct auth_exchange *
classic(struct fixture *f, const struct auth_peer *peer, const char *name)
{
	struct auth_exchange *x = NULL;
	const char *text;

	assert_int_equal(auth_exchange_start(f->config, peer, NULL, &x), 0);
	assert_int_equal(auth_exchange_error(x), 0);
	assert_int_equal(auth_exchange_step(x, NULL, &text), AUTH_CHALLENGE);
	if (auth_exchange_step(x, name, &text) == AUTH_CHALLENGE) {
		/* PASSWORD in base64. */
		assert_int_equal(
			auth_exchange_step(x, "b3BlbiBzZXNhbWU=", &text), AUTH_DONE);
		assert_string_equal(auth_exchange_user(x), "user@447.edu");
	}
	return x;
}

/* An enrolment waits for the lock no longer than the service may. */
static void
test_enrolment_without_lock(void **state)
{
	static const char *const any[] = { "enrol=any", "bind=any" };
	struct fixture *f = *state;
	struct auth_peer peer = { 0 };
	struct auth_exchange *x;
	int fd = hold_lock(f);

	fixture_set(f, any, COUNT(any));
	x = classic(f, &peer, "bmV3"); /* "new" */
	assert_int_equal(auth_exchange_error(x), -ETIMEDOUT);
	assert_in_range(slept_ms, AUTH_WAIT_SERVICE, AUTH_WAIT_SERVICE + 20);
	assert_non_null(
		strstr(auth_exchange_reason(x), "users.lock: held by another process"));
	auth_exchange_free(x);
	close(fd);
}

/* The login is admitted, soon, and the fault of the first one can be asked for. */
static void
test_first_login_not_written(void **state)
{
	static const char *const any[] = { "bind=any" };
	struct fixture *f = *state;
	struct auth_peer peer = { 0 };
	struct auth_exchange *x;
	int fd;

	fixture_set(f, any, COUNT(any));
	add_user(f->users, "user@447.edu", NULL, NULL);
	no_file_sync = true;
	x = classic(f, &peer, "dXNlcg=="); /* "user" */
	assert_int_equal(auth_exchange_error(x), -ENOSPC);
	auth_exchange_free(x);
	no_file_sync = false;
	fd = hold_lock(f);
	x = classic(f, &peer, "dXNlcg==");
	assert_int_equal(auth_exchange_error(x), -ETIMEDOUT);
	assert_in_range(slept_ms, AUTH_WAIT_LOGIN, AUTH_WAIT_LOGIN + 20);
	assert_non_null(strstr(auth_exchange_reason(x), "users.lock"));
	auth_exchange_free(x);
	close(fd);
	x = classic(f, &peer, "dXNlcg==");
	assert_int_equal(auth_exchange_error(x), 0);
	auth_exchange_free(x);
}

/* What is in the store after each of the two faults, and that they are told apart. */
static void
test_sync(void **state)
{
	static const char line[] = "u sync@447.edu";
	struct fixture *f = *state;
	struct buffer found = { 0 };

	for (int i = 0; i < 2; i++) {
		struct auth_update *u = NULL;

		no_file_sync = i == 0;
		no_directory_sync = i == 1;
		assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
		assert_int_equal(auth_update_put(u, line, sizeof(line) - 1), 0);
		assert_int_equal(auth_update_commit(u), i == 0 ? -ENOSPC : -EINPROGRESS);
		auth_update_free(u);
		assert_int_equal(find_user(f->users, "sync@447.edu", &found, NULL), i);
	}
	no_directory_sync = false;
	buffer_free(&found);
}

/* What posternctl says of a fault of the store; the caller frees it. */
static char *
sentence(struct fixture *f, int error, int *ret_status)
{
	char path[200];
	int old = dup(STDERR_FILENO), fd;

	snprintf(path, sizeof(path), "%s/said", f->dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(old >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	*ret_status = ctl_store_fail(f->config, error);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	close(fd);
	return read_file(path, NULL);
}

static void
test_sentences(void **state)
{
	static const struct {
		int error, status;
		const char *has, *lacks;
	} cases[] = {
		{ -EINPROGRESS, 74, "users: changed, but", "as it was" },
		{ -EILSEQ, 70, "would not be whole", "regular" },
		{ -ETIMEDOUT, 75, "users.lock is held by another process", "onnection" },
		{ -EINVAL, 78, "no regular file", "as it was" },
		{ -ENOSPC, 74, "the store is as it was", "changed" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int status;
		char *text = sentence(f, cases[i].error, &status);

		assert_int_equal(status, cases[i].status);
		if (!strstr(text, cases[i].has) || strstr(text, cases[i].lacks))
			fail_msg("%s", text);
		free(text);
	}
}

static char
plain(char c)
{
	return (char)(c ^ 1);
}

/* Whether the heap has the text; hidden is the text with the last bit of each byte the
 * other way, so that looking for it does not bring it there. */
static bool
heap_has(const char *hidden)
{
	char *maps = NULL;
	size_t size = 0, n = strlen(hidden), k;
	unsigned long from = 0, to = 0;
	FILE *in = fopen("/proc/self/maps", "re");

	assert_non_null(in);
	while (getline(&maps, &size, in) >= 0)
		if (strstr(maps, "[heap]"))
			assert_int_equal(sscanf(maps, "%lx-%lx", &from, &to), 2);
	fclose(in);
	free(maps);
	for (const volatile char *at = (const volatile char *)from;
		(unsigned long)at + n <= to; at++) {
		for (k = 0; k < n && at[k] == plain(hidden[k]); k++)
			;
		if (k == n)
			return true;
	}
	return false;
}

static __attribute__((unused)) void
test_changes_wiped(void **state)
{
	static const char hidden[] = "Rdbsdu0Rdbsdu0Rdbsdu0"; /* Secret1Secret1Secret1 */
	struct fixture *f = *state;
	struct auth_update *u = NULL;
	char line[128], *probe;

	memcpy(line, "u wiped@447.edu x=0123456789012345678901234567890123456789", 58);
	for (size_t i = 0; i < sizeof(hidden); i++)
		line[58 + i] = hidden[i] ? plain(hidden[i]) : '\0';
	/* The memory is where it is looked for. */
	probe = strdup(line);
	assert_non_null(probe);
	assert_true(heap_has(hidden));
	explicit_bzero(probe, strlen(probe));
	free(probe);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
		assert_int_equal(auth_update_put(u, line, strlen(line)), 0);
		if (i == 0)
			assert_true(heap_has(hidden));
		if (i == 1) {
			assert_int_equal(auth_update_put(u, "u wiped@447.edu", 15), 0);
			assert_false(heap_has(hidden));
		}
		if (i == 2)
			assert_int_equal(auth_update_commit(u), 0);
		auth_update_free(u);
		assert_false(heap_has(hidden));
	}
}

static void
test_import_wiped(void **state)
{
	/* U2VjcmV0MVNlY3JldDFTZWNyZXQx */
	enum { LEAD = 18000 };
	static const char hidden[] = "T3WkblW1LWOmX2KmeEGU[VOx[YPy";
	struct fixture *f = *state;
	char path[200], text[LEAD + 200];
	struct ctl_options o = { .name = path, .replace = true };
	struct buffer line = { 0 };
	size_t len = LEAD;

	/* Not at the begin of anything, where what comes after would overwrite it. */
	memset(text, '\n', LEAD);
	memcpy(text + len, "imported ", 9);
	len += 9;
	for (size_t i = 0; i < sizeof(hidden) - 1; i++)
		text[len++] = plain(hidden[i]);
	memcpy(text + len, "\nother b3BlbiBzZXNhbWU=", 23);
	len += 23;
	snprintf(path, sizeof(path), "%s/people", f->dir);
	write_file(path, text, len);
	f->config->password_iterations = PASSWORD_ROUNDS;
	assert_int_equal(ctl_user_import(f->config, &o), 0);
	assert_false(heap_has(hidden));
	/* The last line has no end. */
	assert_int_equal(find_user(f->users, "other@447.edu", &line, NULL), 1);
	buffer_free(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_library_is_settled),
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_lock_deadline),
		cmocka_unit_test(test_enrolment_without_lock),
		cmocka_unit_test(test_first_login_not_written),
		cmocka_unit_test(test_sync),
		cmocka_unit_test(test_sentences),
#ifndef __SANITIZE_ADDRESS__ /* which keeps its heap elsewhere */
		cmocka_unit_test(test_changes_wiped),
#endif
		cmocka_unit_test(test_import_wiped),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
