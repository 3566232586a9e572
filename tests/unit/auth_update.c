// SPDX-License-Identifier: ISC
/*
 * Writing the store: what a rewrite keeps, the lock, owners and modes, writers that die.
 */
#include "auth_fixture.h"

#include <grp.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "auth/lock.h"

#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEADER "postern-users 1 secret=" SECRET "\n"

static void
put(struct auth_update *u, const char *line)
{
	assert_int_equal(auth_update_put(u, line, strlen(line)), 0);
}

static void
begin(struct fixture *f, struct auth_update **ret)
{
	*ret = NULL;
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, ret), 0);
}

static void
commit(struct auth_update *u)
{
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
}

static void
assert_store(struct fixture *f, const char *expected)
{
	char *text = read_file(f->users, NULL);

	assert_string_equal(text, expected);
	free(text);
}

static void
test_first_write(void **state)
{
	struct fixture *f = *state;
	struct auth_update *u;
	struct stat st;
	uint8_t secret[AUTH_SECRET_SIZE];
	char *text, *end, *again;

	unlink(f->users);
	begin(f, &u);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	assert_int_equal(access(f->users, F_OK), -1);
	begin(f, &u);
	put(u, "u b@447.edu");
	put(u, "u a@447.edu");
	commit(u);
	text = read_file(f->users, NULL);
	end = strchr(text, '\n');
	assert_non_null(end);
	assert_int_equal(auth_header_read(text, (size_t)(end - text), secret), 0);
	assert_string_equal(end + 1, "u a@447.edu\nu b@447.edu\n");
	assert_int_equal(stat(f->users, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	unlink(f->users);
	begin(f, &u);
	put(u, "u a@447.edu");
	commit(u);
	again = read_file(f->users, NULL);
	assert_memory_not_equal(text, again, (size_t)(end - text));
	free(text);
	free(again);
	assert_int_equal(count_entries(f->dir), 2);
}

static void
test_merge(void **state)
{
	static const char before[] = HEADER "u b@447.edu x=1 unknown=%41\nu d@447.edu\n"
					    "u f@447.edu\nu h@447.edu";
	struct fixture *f = *state;
	struct auth_update *u;
	struct buffer line = { 0 };

	write_file(f->users, before, sizeof(before) - 1);
	begin(f, &u);
	put(u, "u a@447.edu");
	put(u, "u e@447.edu");
	put(u, "u i@447.edu");
	put(u, "u d@447.edu new=1");
	put(u, "u e@447.edu twice=1");
	assert_int_equal(auth_update_remove(u, 'u', "f@447.edu"), 0);
	assert_int_equal(auth_update_remove(u, 'u', "none@447.edu"), 0);
	assert_int_equal(auth_update_find(u, 'u', "f@447.edu", &line), 0);
	assert_int_equal(auth_update_find(u, 'u', "zz@447.edu", &line), 0);
	assert_int_equal(auth_update_find(u, 'u', "e@447.edu", &line), 1);
	assert_string_equal(buffer_string(&line), "u e@447.edu twice=1");
	assert_int_equal(auth_update_find(u, 'u', "b@447.edu", &line), 1);
	assert_string_equal(buffer_string(&line), "u b@447.edu x=1 unknown=%41");
	assert_int_equal(auth_update_put(u, "u q@447.edu bad", 15), -EILSEQ);
	assert_int_equal(auth_update_put(u, "u q@447.edu a=\n", 15), -EILSEQ);
	commit(u);
	assert_store(f, HEADER "u a@447.edu\nu b@447.edu x=1 unknown=%41\n"
			       "u d@447.edu new=1\nu e@447.edu twice=1\nu h@447.edu cut\n"
			       "u i@447.edu\n");
	/* Not committed: nothing. */
	begin(f, &u);
	put(u, "u z@447.edu");
	auth_update_free(u);
	assert_int_equal(find_user(f->users, "z@447.edu", &line, NULL), 0);
	buffer_free(&line);
}

/* Damaged lines stay, byte for byte, where they are; the others stay in order. */
static void
test_damaged_lines_stay(void **state)
{
	static const char before[] = HEADER
		"u b@447.edu\nu z@447.edu was=c\n\xff\xfe\n"
		"u d@447.edu\nu 0@447.edu was=e\n\nu f@447.edu no\nu f@447.edu\n";
	struct fixture *f = *state;
	struct auth_update *u;
	struct buffer line = { 0 };
	size_t damage;

	write_file(f->users, before, sizeof(before) - 1);
	begin(f, &u);
	put(u, "u bb@447.edu");
	put(u, "u ee@447.edu");
	put(u, "u g@447.edu");
	assert_int_equal(auth_update_find(u, 'u', "f@447.edu", &line), -EBADMSG);
	assert_int_equal(auth_update_find(u, 'u', "d@447.edu", &line), 1);
	commit(u);
	assert_store(f,
		HEADER "u b@447.edu\nu z@447.edu was=c\n\xff\xfe\nu bb@447.edu\n"
		       "u d@447.edu\nu 0@447.edu was=e\n\nu ee@447.edu\nu f@447.edu no\n"
		       "u f@447.edu\nu g@447.edu\n");
	assert_int_equal(find_user(f->users, "bb@447.edu", &line, &damage), 1);
	assert_int_equal(find_user(f->users, "g@447.edu", &line, &damage), 1);
	/* Replacing or removing a user takes every line of that user. */
	begin(f, &u);
	put(u, "u f@447.edu mended=1");
	assert_int_equal(auth_update_remove(u, 'u', "z@447.edu"), 0);
	commit(u);
	assert_store(f, HEADER "u b@447.edu\n\xff\xfe\nu bb@447.edu\n"
			       "u d@447.edu\nu 0@447.edu was=e\n\nu ee@447.edu\n"
			       "u f@447.edu mended=1\nu g@447.edu\n");
	buffer_free(&line);
}

static void
test_header_must_be_whole(void **state)
{
	static const char *const bad[] = { "u a@447.edu\n", "root:x:0:0:root:/root\n",
		"postern-users 1 secret=00\n", ("postern-users 1 secret=" SECRET) };
	struct fixture *f = *state;
	struct auth_update *u = NULL;

	for (size_t i = 0; i < COUNT(bad); i++) {
		write_file(f->users, bad[i], strlen(bad[i]));
		assert_int_equal(
			auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), -EBADMSG);
		assert_store(f, bad[i]);
	}
	write_file(f->users, "postern-users 2 x\n", 18);
	assert_int_equal(
		auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), -EPROTONOSUPPORT);
	assert_null(u);
	unlink(f->users);
}

/* Two descriptors of one process exclude each other, and a child does not keep the lock.
 */
static void
test_lock(void **state)
{
	struct fixture *f = *state;
	struct auth_lock *lock = NULL;
	struct flock probe = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[200];
	struct stat before, after;
	int fd;

	snprintf(path, sizeof(path), "%s.lock", f->users);
	assert_int_equal(auth_lock_take(f->users, AUTH_WAIT_SERVICE, &lock), 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0660);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &probe), -1);
	assert_true(errno == EAGAIN || errno == EACCES);
	auth_lock_free(lock);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &probe), 0);
	close(fd);
	add_user(f->users, "a@447.edu", NULL, NULL);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
test_bad_paths(void **state)
{
	struct fixture *f = *state;
	struct auth_lock *lock = NULL;
	char path[600];

	assert_int_equal(auth_lock_take("", AUTH_WAIT_SERVICE, &lock), -EINVAL);
	snprintf(path, sizeof(path), "%s/", f->dir);
	assert_int_equal(auth_lock_take(path, AUTH_WAIT_SERVICE, &lock), -EINVAL);
	snprintf(path, sizeof(path), "%s/..", f->dir);
	assert_int_equal(auth_lock_take(path, AUTH_WAIT_SERVICE, &lock), -EINVAL);
	snprintf(path, sizeof(path), "%s/none/users", f->dir);
	assert_int_equal(auth_lock_take(path, AUTH_WAIT_SERVICE, &lock), -ENOENT);
	snprintf(path, sizeof(path), "%s/%0250d", f->dir, 0);
	assert_int_equal(auth_lock_take(path, AUTH_WAIT_SERVICE, &lock), -ENAMETOOLONG);
	unlink(f->users);
	assert_int_equal(symlink("elsewhere", f->users), 0);
	assert_int_equal(auth_lock_take(f->users, AUTH_WAIT_SERVICE, &lock), -ELOOP);
	unlink(f->users);
	snprintf(path, sizeof(path), "%s.lock", f->users);
	unlink(path);
	assert_int_equal(symlink("elsewhere", path), 0);
	assert_int_equal(auth_lock_take(f->users, AUTH_WAIT_SERVICE, &lock), -ELOOP);
	unlink(path);
	assert_null(lock);
}

/* A new file has the mode of the old one, and its owner and group. */
static void
test_owner(void **state)
{
	enum { OTHER = 54321 };
	struct fixture *f = *state;
	char lock[200];
	struct stat st;

	snprintf(lock, sizeof(lock), "%s.lock", f->users);
	unlink(f->users);
	add_user(f->users, "a@447.edu", NULL, NULL);
	assert_int_equal(chmod(f->users, 0604), 0);
	add_user(f->users, "b@447.edu", NULL, NULL);
	assert_int_equal(stat(f->users, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	if (geteuid() != 0)
		return;
	unlink(lock);
	assert_int_equal(chown(f->users, OTHER, OTHER + 1), 0);
	add_user(f->users, "c@447.edu", NULL, NULL);
	assert_int_equal(stat(f->users, &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	assert_int_equal(st.st_gid, OTHER + 1);
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	assert_int_equal(st.st_gid, OTHER + 1);
	unlink(f->users);
	unlink(lock);
	assert_int_equal(chown(f->dir, OTHER + 2, OTHER + 3), 0);
	add_user(f->users, "c@447.edu", NULL, NULL);
	assert_int_equal(stat(f->users, &st), 0);
	assert_int_equal(st.st_uid, OTHER + 2);
	assert_int_equal(st.st_gid, OTHER + 3);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(chown(f->dir, 0, 0), 0);
}

/* A writer that may not give the file away keeps it, and shows it to no other group. */
static void
write_as_other(struct fixture *f, uid_t uid, gid_t gid)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
			_exit(1);
		add_user(f->users, "other@447.edu", NULL, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_unprivileged_writer(void **state)
{
	enum { OTHER = 54321 };
	struct fixture *f = *state;
	char lock[200];
	struct stat st;

	if (geteuid() != 0)
		skip();
	snprintf(lock, sizeof(lock), "%s.lock", f->users);
	unlink(f->users);
	unlink(lock);
	assert_int_equal(chown(f->dir, OTHER, OTHER), 0);
	/* Made by root: the service's all the same. */
	add_user(f->users, "a@447.edu", NULL, NULL);
	write_as_other(f, OTHER, OTHER);
	assert_int_equal(stat(f->users, &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	assert_int_equal(chown(f->users, 0, 0), 0);
	assert_int_equal(chmod(f->users, 0664), 0);
	write_as_other(f, OTHER, OTHER);
	assert_int_equal(stat(f->users, &st), 0);
	assert_int_equal(st.st_uid, OTHER);
	assert_int_equal(st.st_mode & 07777, 0604);
	unlink(f->users);
	unlink(lock);
	assert_int_equal(chown(f->dir, 0, 0), 0);
}

/* Files of writers that died go away with the next one; others of such names stay. */
static void
test_stale_files(void **state)
{
	struct fixture *f = *state;
	char stale[200], near[200];

	snprintf(stale, sizeof(stale), "%s.new-0123456789abcdef", f->users);
	snprintf(near, sizeof(near), "%s.new-mine", f->users);
	write_file(stale, "x", 1);
	write_file(near, "x", 1);
	add_user(f->users, "a@447.edu", NULL, NULL);
	assert_int_equal(access(stale, F_OK), -1);
	assert_int_equal(access(near, F_OK), 0);
	unlink(near);
}

static _Noreturn void
write_for_ever(struct fixture *f, int ready)
{
	for (unsigned i = 0;; i++) {
		struct auth_update *u = NULL;
		char line[64];

		snprintf(line, sizeof(line), "u k%u@447.edu", i % 50);
		if (auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u) < 0)
			_exit(1);
		if (auth_update_remove(u, 'u', line + 2) < 0)
			_exit(1);
		if (i % 3 > 0 && auth_update_put(u, line, strlen(line)) < 0)
			_exit(1);
		if (auth_update_commit(u) < 0)
			_exit(1);
		auth_update_free(u);
		if (i == 0 && write(ready, "x", 1) != 1)
			_exit(1);
	}
}

static int
assert_whole(void *context, size_t number, const char *line, size_t len, bool whole)
{
	size_t *users = context;

	(void)number;
	if (!whole)
		fail_msg("damaged: %.*s", (int)len, line);
	*users += len > 3 && line[2] == 'p';
	return 0;
}

/* A writer killed at any moment leaves no lock, and a whole store with all users in it.
 */
static void
test_killed_writers(void **state)
{
	enum { ROUNDS = 60, PERMANENT = 300 };
	struct fixture *f = *state;
	struct auth_update *u;
	unsigned seed = 1;

	unlink(f->users);
	begin(f, &u);
	for (unsigned i = 0; i < PERMANENT; i++) {
		char line[64];

		snprintf(line, sizeof(line), "u p%u@447.edu", i);
		put(u, line);
	}
	commit(u);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct timespec pause = { 0, 0 };
		struct auth_store *s = NULL;
		size_t users = 0;
		int ready[2];
		char c;
		pid_t pid;

		assert_int_equal(pipe(ready), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_for_ever(f, ready[1]);
		close(ready[1]);
		assert_int_equal(read(ready[0], &c, 1), 1);
		seed = seed * 1103515245 + 12345;
		pause.tv_nsec = (long)(seed >> 8) % 6000000;
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		close(ready[0]);
		assert_int_equal(auth_store_open(f->users, &s), 0);
		assert_int_equal(auth_store_each(s, assert_whole, &users), 0);
		assert_int_equal(users, PERMANENT);
		auth_store_free(s);
		begin(f, &u);
		put(u, "u p0@447.edu");
		commit(u);
		/* The store and its lock, and nothing beside them. */
		assert_int_equal(count_entries(f->dir), 2);
	}
}

/* 100,000 users: what one change costs. */
static void
test_large_rewrite(void **state)
{
	enum { LARGE = 100000 };
	struct fixture *f = *state;
	struct buffer b = { 0 }, line = { 0 };
	struct timespec from, to;

	buffer_puts(&b, HEADER);
	for (unsigned i = 0; i < LARGE; i++)
		buffer_printf(&b,
			"u user%06u@447.edu iterations=4096 "
			"salt=AAAAAAAAAAAAAAAAAAAAAA== "
			"stored=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "
			"server=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
			i);
	write_file(f->users, buffer_data(&b), buffer_len(&b));
	clock_gettime(CLOCK_MONOTONIC, &from);
	add_user(f->users, "user050000x@447.edu", NULL, NULL);
	clock_gettime(CLOCK_MONOTONIC, &to);
	print_message("rewrite of %zu KB: %.1f ms\n", buffer_len(&b) / 1024,
		(double)(to.tv_sec - from.tv_sec) * 1e3 +
			(double)(to.tv_nsec - from.tv_nsec) / 1e6);
	assert_int_equal(find_user(f->users, "user050000x@447.edu", &line, NULL), 1);
	assert_int_equal(find_user(f->users, "user099999@447.edu", &line, NULL), 1);
	assert_int_equal(find_user(f->users, "user000000@447.edu", &line, NULL), 1);
	buffer_free(&b);
	buffer_free(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_write),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_damaged_lines_stay),
		cmocka_unit_test(test_header_must_be_whole),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_unprivileged_writer),
		cmocka_unit_test(test_stale_files),
		cmocka_unit_test(test_killed_writers),
		cmocka_unit_test(test_large_rewrite),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
