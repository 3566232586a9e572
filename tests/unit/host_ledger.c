// SPDX-License-Identifier: ISC
/*
 * The ledger: what is written is found, the file never grows, damage is mended, and of
 * many who add at the same time none is lost.
 */
#include "shared_fixture.h"

#include "host/ledger.h"
#include "host/slots.h"

static struct host_account
account_of(enum host_ledger_kind kind, unsigned number)
{
	struct host_account a;

	host_account_name(&a, kind, &number, sizeof(number));
	return a;
}

static void
open_ledger(struct host_ledger *l)
{
	assert_int_equal(host_ledger_open(folder, &REPORT, l), 0);
}

static void
write_account(struct host_ledger *l, enum host_ledger_kind kind, unsigned number,
	int64_t until, int64_t value)
{
	struct host_account a = account_of(kind, number);

	assert_int_equal(host_ledger_read(l, &a), 0);
	a.until = until;
	a.value[0] = value;
	a.value[3] = -value;
	assert_int_equal(host_ledger_write(l, &a), 0);
}

static int64_t
read_account(struct host_ledger *l, enum host_ledger_kind kind, unsigned number)
{
	struct host_account a = account_of(kind, number);

	assert_int_equal(host_ledger_read(l, &a), 0);
	assert_int_equal(a.value[3], -a.value[0]);
	return a.value[0];
}

static void
test_written_is_found(void **state)
{
	struct host_ledger l, other;

	(void)state;
	open_ledger(&l);
	for (unsigned kind = 0; kind < HOST_LEDGER_KINDS; kind++)
		for (unsigned i = 0; i < 500; i++) {
			assert_int_equal(read_account(&l, kind, i), 0);
			write_account(&l, kind, i, 1000, 10 * i + kind + 1);
		}
	open_ledger(&other);
	for (unsigned kind = 0; kind < HOST_LEDGER_KINDS; kind++)
		for (unsigned i = 0; i < 500; i++)
			assert_int_equal(
				read_account(&other, kind, i), 10 * i + kind + 1);
	/* Writing it again takes no other place. */
	write_account(&other, HOST_LEDGER_USER, 7, 1000, 99);
	assert_int_equal(read_account(&l, HOST_LEDGER_USER, 7), 99);
	assert_int_equal(read_account(&l, HOST_LEDGER_DEVICE, 7), 72);
	host_ledger_close(&l);
	host_ledger_close(&other);
	assert_int_equal(told.n, 0);
}

/* One that was not read has no place to be written to. */
static void
test_read_comes_first(void **state)
{
	struct host_account a = account_of(HOST_LEDGER_USER, 1);
	struct host_ledger l;

	(void)state;
	open_ledger(&l);
	assert_int_equal(host_ledger_write(&l, &a), -EINVAL);
	host_ledger_close(&l);
}

/* 100,000 addresses do not make the file larger; those that matter longest stay, and
 * those of other kinds are not touched. */
static void
test_never_grows(void **state)
{
	enum { MANY = 100000, WEIGHTY = 1000 };
	struct stat before, after;
	struct host_ledger l;
	unsigned found = 0;

	(void)state;
	open_ledger(&l);
	for (unsigned i = 0; i < WEIGHTY; i++) {
		write_account(&l, HOST_LEDGER_ADDRESS, i, 1000000, i + 1);
		write_account(&l, HOST_LEDGER_FAILURES, i, 10, i + 1);
	}
	assert_int_equal(fstat(l.shared.fd, &before), 0);
	for (unsigned i = WEIGHTY; i < MANY; i++)
		write_account(&l, HOST_LEDGER_ADDRESS, i, i, i);
	assert_int_equal(fstat(l.shared.fd, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_true(after.st_blocks * 512 <= after.st_size + 4096);
	for (unsigned i = 0; i < WEIGHTY; i++) {
		assert_int_equal(read_account(&l, HOST_LEDGER_FAILURES, i), i + 1);
		assert_int_equal(read_account(&l, HOST_LEDGER_ADDRESS, i), i + 1);
	}
	/* The latest are there, but for those whose bucket later ones have filled. */
	for (unsigned i = MANY - 5000; i < MANY; i++)
		found += read_account(&l, HOST_LEDGER_ADDRESS, i) == (int64_t)i;
	assert_true(found > 4900);
	assert_int_equal(told.n, 0);
	host_ledger_close(&l);
}

static void
test_damaged(void **state)
{
	struct host_ledger l, other;
	static const uint8_t ONES[64] = { [0 ... 63] = 0xff };

	(void)state;
	open_ledger(&l);
	open_ledger(&other);
	write_account(&l, HOST_LEDGER_USER, 1, 1000, 5);
	/* A record somewhere in each bucket. */
	for (off_t at = 4096; at < 4096 + 4 * 1024 * 1024; at += 1024)
		scribble("ledger", at + 500, ONES, sizeof(ONES));
	assert_int_equal(read_account(&l, HOST_LEDGER_USER, 1), 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.error, -EBADMSG);
	assert_true(exists("ledger.damaged"));
	write_account(&l, HOST_LEDGER_USER, 1, 1000, 6);
	/* Whoever had the old one open comes over. */
	assert_int_equal(read_account(&other, HOST_LEDGER_USER, 1), 6);
	assert_int_equal(told.n, 1);
	host_ledger_close(&l);
	host_ledger_close(&other);
}

static void
test_cut(void **state)
{
	struct host_ledger l;

	(void)state;
	open_ledger(&l);
	write_account(&l, HOST_LEDGER_USER, 1, 1000, 5);
	assert_int_equal(truncate(in_folder("ledger"), 5000), 0);
	assert_int_equal(read_account(&l, HOST_LEDGER_USER, 1), 0);
	assert_int_equal(told.n, 1);
	host_ledger_close(&l);
}

/* A record that is good elsewhere is no good here. */
static void
test_moved_record(void **state)
{
	struct host_ledger l;
	char bucket[1024];
	int fd CLEANUP_FD = -1;

	(void)state;
	open_ledger(&l);
	write_account(&l, HOST_LEDGER_ADDRESS, 1, 1000, 5);
	fd = open(in_folder("ledger"), O_RDWR);
	for (off_t at = 4096; at < 4096 + 1024 * 1024; at += 1024) {
		assert_int_equal(pread(fd, bucket, sizeof(bucket), at), sizeof(bucket));
		if (bucket[0] || bucket[1])
			break;
	}
	for (off_t at = 4096; at < 4096 + 1024 * 1024; at += 1024)
		assert_int_equal(pwrite(fd, bucket, sizeof(bucket), at), sizeof(bucket));
	read_account(&l, HOST_LEDGER_ADDRESS, 2);
	assert_int_equal(told.n, 1);
	host_ledger_close(&l);
}

enum { PROCESSES = 64, ROUNDS = 50 };

/* Adds one to the same account, under the table's lock, as often as told. */
static int
add(void *unused)
{
	struct host_account a = account_of(HOST_LEDGER_USER, 1);
	struct host_slots *table;
	struct host_ledger l;

	(void)unused;
	if (host_slots_open(folder, "table", &REPORT, &table) < 0 ||
		host_ledger_open(folder, &REPORT, &l) < 0)
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		if (host_slots_lock(table, 60000) < 0)
			return 2;
		if (host_ledger_read(&l, &a) < 0)
			return 3;
		a.value[0]++;
		a.value[3]--;
		a.until = 1000;
		if (host_ledger_write(&l, &a) < 0)
			return 4;
		host_slots_unlock(table);
	}
	return told.n > 0 ? 5 : 0;
}

static void
test_race(void **state)
{
	pid_t pids[PROCESSES];
	struct host_ledger l;

	(void)state;
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = spawn(add, NULL);
	for (int i = 0; i < PROCESSES; i++)
		assert_ends_well(pids[i]);
	open_ledger(&l);
	assert_int_equal(read_account(&l, HOST_LEDGER_USER, 1), PROCESSES * ROUNDS);
	assert_int_equal(told.n, 0);
	host_ledger_close(&l);
}

/* One who only looks, without a lock, never sees half of anything. */
static void
test_look_while_written(void **state)
{
	struct host_ledger l;
	int64_t before = 0;
	pid_t pids[4];

	(void)state;
	open_ledger(&l);
	write_account(&l, HOST_LEDGER_USER, 2, 1000, 1);
	for (int i = 0; i < 4; i++)
		pids[i] = spawn(add, NULL);
	host_ledger_close(&l);
	assert_int_equal(host_ledger_look(folder, &REPORT, &l), 0);
	for (int i = 0; i < 2000; i++) {
		int64_t now = read_account(&l, HOST_LEDGER_USER, 1);

		assert_true(now >= before);
		before = now;
	}
	for (int i = 0; i < 4; i++)
		assert_ends_well(pids[i]);
	assert_int_equal(told.n, 0);
	host_ledger_close(&l);
}

int
main(void)
{
#define WITH_FOLDER(test)                                                                \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_written_is_found),
		WITH_FOLDER(test_read_comes_first),
		WITH_FOLDER(test_never_grows),
		WITH_FOLDER(test_damaged),
		WITH_FOLDER(test_cut),
		WITH_FOLDER(test_moved_record),
		WITH_FOLDER(test_race),
		WITH_FOLDER(test_look_while_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
