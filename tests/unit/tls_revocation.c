// SPDX-License-Identifier: ISC
/*
 * The file of lists and its index: who makes it, who maps it, what happens where there
 * can be none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pki/file.h"
#include "pki_fixture.h"
#include "tls/revocation.h"

static const struct pki_order CA = { .role = PKI_ROLE_CA, .common_name = "CA" };

enum { NOW = 1750000000 };

static struct holder ca;
static char dir[64], list[80], index_file[90], lock_file[96];

static int
begin(void **state)
{
	(void)state;
	holder_make(&CA, PKI_KEY_P256, NULL, &ca);
	strcpy(dir, "/tmp/postern-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(list, sizeof(list), "%s/crl.pem", dir);
	snprintf(index_file, sizeof(index_file), "%s/revoked.index", dir);
	snprintf(lock_file, sizeof(lock_file), "%s/revoked.index.lock", dir);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unlink(list);
	unlink(index_file);
	unlink(lock_file);
	assert_int_equal(rmdir(dir), 0);
	holder_clear(&ca);
	return 0;
}

/* Writes a list with one serial number, in the place of what is there. */
static void
put_list(const char *serial)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	struct pki_crl_entry entry = { pki_der_of(serial, strlen(serial)), from, 0 };
	struct pki_crl_order order = {
		.this_update = from, .next_update = until, .more = &entry, .n_more = 1
	};

	assert_int_equal(
		pki_crl_make(&order, holder_der(&ca), holder_len(&ca), ca.key, &pem), 0);
	assert_int_equal(
		pki_file_write(AT_FDCWD, list, buffer_data(&pem), buffer_len(&pem), true),
		0);
}

static int
load(const char *run, struct tls_revocation **ret)
{
	struct pki_der cas[] = { pki_der_of(holder_der(&ca), holder_len(&ca)) };

	return tls_revocation_load(list, run, cas, 1, ret);
}

/* Whether what is loaded has one list, with that serial number somewhere in it. */
static bool
has(const struct tls_revocation *r, const char *serial)
{
	const struct pki_crl_index *index = tls_revocation_index(r);

	return index->n_lists == 1 &&
	       memmem(index->at, index->len, serial, strlen(serial));
}

static bool
loads(const char *run, const char *serial)
{
	struct tls_revocation *r;
	bool is;

	assert_int_equal(load(run, &r), 0);
	is = has(r, serial);
	tls_revocation_free(r);
	return is;
}

static ino_t
inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void
test_made_once(void **state)
{
	struct tls_revocation *old;
	ino_t first;

	(void)state;
	put_list("serial-1");
	assert_true(loads(dir, "serial-1"));
	first = inode_of(index_file);
	assert_true(first != 0);
	assert_int_equal(load(dir, &old), 0);
	assert_int_equal(inode_of(index_file), first);
	put_list("serial-2");
	assert_true(loads(dir, "serial-2"));
	/* Whoever had the old one still has it. */
	assert_true(has(old, "serial-1"));
	tls_revocation_free(old);
}

/* Somebody is making the index at this moment: nobody waits for it. */
static void
test_locked(void **state)
{
	int fd;

	(void)state;
	put_list("serial-3");
	unlink(index_file);
	fd = open(lock_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(loads(dir, "serial-3"));
	assert_int_equal(inode_of(index_file), 0);
	close(fd);
	assert_true(loads(dir, "serial-3"));
	assert_true(inode_of(index_file) != 0);
}

static void
test_nowhere_to_put_it(void **state)
{
	(void)state;
	put_list("serial-4");
	assert_true(loads("/nonexistent", "serial-4"));
	assert_true(loads("/proc/self", "serial-4"));
}

/* An index of other bytes, of somebody else, of no file. */
static void
test_damaged(void **state)
{
	(void)state;
	put_list("serial-5");
	assert_true(loads(dir, "serial-5"));
	assert_int_equal(truncate(index_file, 100), 0);
	assert_true(loads(dir, "serial-5"));
	unlink(index_file);
	assert_int_equal(symlink(list, index_file), 0);
	assert_true(loads(dir, "serial-5"));
	assert_true(loads(dir, "serial-5"));
}

static void
test_faults(void **state)
{
	static const struct {
		const char *text;
		int expected;
	} rows[] = {
		{ "", -EBADMSG },
		{ "no list at all\n", -EBADMSG },
		{ "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", -EBADMSG },
	};
	struct tls_revocation *r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(pki_file_write(AT_FDCWD, list, rows[i].text,
					 strlen(rows[i].text), true),
			0);
		assert_int_equal(load(dir, &r), rows[i].expected);
	}
	unlink(list);
	assert_int_equal(load(dir, &r), -ENOENT);
	assert_int_equal(mkdir(list, 0700), 0);
	assert_int_equal(load(dir, &r), -EINVAL);
	rmdir(list);
}

/* Many load while the list changes: each has one state of it, whole. */
static void
test_many_at_once(void **state)
{
	enum { READERS = 8, ROUNDS = 40 };
	pid_t readers[READERS];

	(void)state;
	put_list("even-serial");
	for (int i = 0; i < READERS; i++) {
		readers[i] = fork();
		assert_true(readers[i] >= 0);
		if (readers[i] > 0)
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			struct tls_revocation *r;

			if (load(dir, &r) < 0 ||
				has(r, "even-serial") == has(r, "odd-serial"))
				_exit(1);
			tls_revocation_free(r);
		}
		_exit(0);
	}
	for (int round = 0; round < ROUNDS; round++)
		put_list(round % 2 ? "even-serial" : "odd-serial");
	for (int i = 0; i < READERS; i++) {
		int status;

		assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
		assert_int_equal(status, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_once),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_nowhere_to_put_it),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_many_at_once),
	};

	return cmocka_run_group_tests_name("tls_revocation", tests, begin, end);
}
