// SPDX-License-Identifier: ISC
/*
 * The table of tickets: what is kept is found until it ends, the oldest gives way, what
 * has ended is overwritten, and nothing of a damaged file is believed or left behind.
 */
#include "shared_fixture.h"

#include "host/tickets.h"

enum { NOW = 1000000, LIFE = HOST_TICKET_SECONDS };

static struct host_ticket
ticket_of(unsigned number, int64_t made)
{
	struct host_ticket t = { .made = made, .chain_len = number % 4000 };

	memset(t.terms, 0x44 + (int)number % 3, sizeof t.terms);
	if (t.chain_len > HOST_TICKET_CHAIN_MAX)
		t.chain_len = HOST_TICKET_CHAIN_MAX;
	memcpy(t.id, &number, sizeof number);
	memset(t.id + sizeof number, 0x77, sizeof t.id - sizeof number);
	memset(t.key, (int)number, sizeof t.key);
	memcpy(t.key, "KEY", 3);
	memcpy(t.key + 3, &number, sizeof number);
	memset(t.address, 9, sizeof t.address);
	memset(t.chain, 0x30 + (int)number % 10, t.chain_len);
	return t;
}

static struct host_tickets
open_table(void)
{
	struct host_tickets t;

	assert_int_equal(host_tickets_open(folder, &REPORT, &t), 0);
	return t;
}

static void
put(struct host_tickets *t, unsigned number, int64_t made)
{
	struct host_ticket ticket = ticket_of(number, made);

	assert_int_equal(host_tickets_put(t, &ticket), 0);
}

static int
find(struct host_tickets *t, unsigned number, int64_t now, struct host_ticket *ret)
{
	struct host_ticket wanted = ticket_of(number, 0);

	return host_tickets_find(t, wanted.id, now, ret);
}

static void
assert_found(struct host_tickets *t, unsigned number, int64_t made, int64_t now)
{
	struct host_ticket wanted = ticket_of(number, made), found;

	assert_int_equal(find(t, number, now, &found), 0);
	assert_memory_equal(&found, &wanted, sizeof found);
}

static void
assert_missing(struct host_tickets *t, unsigned number, int64_t now)
{
	struct host_ticket found;

	assert_int_equal(find(t, number, now, &found), -ENOENT);
}

/* Whether a key, or a part of it, stands anywhere in a file of the folder. */
static bool
stands_in(const char *name, unsigned number)
{
	struct host_ticket wanted = ticket_of(number, 0);
	int fd CLEANUP_FD = open(in_folder(name), O_RDONLY);
	struct stat st = { 0 };
	char *all;
	bool found;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	all = malloc((size_t)st.st_size + 1);
	assert_int_equal(pread(fd, all, (size_t)st.st_size, 0), st.st_size);
	found = memmem(all, (size_t)st.st_size, wanted.key, 7) != NULL;
	free(all);
	return found;
}

static void
test_kept_is_found(void **state)
{
	struct host_tickets t = open_table(), other;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		assert_missing(&t, i, NOW);
		put(&t, i, NOW + i % 5);
	}
	other = open_table();
	for (unsigned i = 0; i < 500; i++)
		assert_found(&other, i, NOW + i % 5, NOW + 10);
	/* The same once more takes its own place. */
	put(&t, 7, NOW + 20);
	assert_found(&other, 7, NOW + 20, NOW + 20);
	host_tickets_close(&t);
	host_tickets_close(&other);
	assert_int_equal(told.n, 0);
}

static void
test_file_is_its_owners_alone(void **state)
{
	struct host_tickets t = open_table();
	struct stat st;

	(void)state;
	assert_int_equal(stat(in_folder(HOST_TICKETS_NAME), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	put(&t, 1, NOW);
	host_tickets_close(&t);
	assert_int_equal(chmod(in_folder(HOST_TICKETS_NAME), 0640), 0);
	t = open_table();
	assert_int_equal(told.n, 1);
	assert_missing(&t, 1, NOW);
	assert_false(stands_in("tickets.damaged", 1));
	assert_int_equal(stat(in_folder(HOST_TICKETS_NAME), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	host_tickets_close(&t);
}

static void
test_longest_chain(void **state)
{
	struct host_ticket ticket = ticket_of(5, NOW), found;
	struct host_tickets t = open_table();

	(void)state;
	ticket.chain_len = HOST_TICKET_CHAIN_MAX;
	memset(ticket.chain, 0xab, sizeof ticket.chain);
	assert_int_equal(host_tickets_put(&t, &ticket), 0);
	assert_int_equal(host_tickets_find(&t, ticket.id, NOW, &found), 0);
	assert_memory_equal(&found, &ticket, sizeof found);
	ticket.chain_len++;
	ticket.id[0]++;
	assert_int_equal(host_tickets_put(&t, &ticket), -E2BIG);
	assert_int_equal(host_tickets_find(&t, ticket.id, NOW, &found), -ENOENT);
	host_tickets_close(&t);
}

static void
test_ends(void **state)
{
	static const struct {
		int64_t now;
		bool found;
	} cases[] = {
		{ NOW, true },
		{ NOW + 1, true },
		{ NOW + LIFE - 1, true },
		{ NOW + LIFE, false },
		{ NOW + 10 * LIFE, false },
		{ NOW - 5, true },  /* whoever looked at the clock before */
		{ NOW - 6, false }, /* it was set back */
		{ NOW + 1000 * LIFE, false },
	};
	struct host_tickets t = open_table();

	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		put(&t, i, NOW);
		if (cases[i].found) {
			assert_found(&t, i, NOW, cases[i].now);
			continue;
		}
		assert_true(stands_in(HOST_TICKETS_NAME, i));
		assert_missing(&t, i, cases[i].now);
		assert_false(stands_in(HOST_TICKETS_NAME, i));
		/* Nor does it come back. */
		assert_missing(&t, i, NOW);
	}
	host_tickets_close(&t);
}

static void
test_dropped(void **state)
{
	struct host_tickets t = open_table();
	struct host_ticket ticket = ticket_of(3, NOW);

	(void)state;
	assert_int_equal(host_tickets_drop(&t, ticket.id, NOW), 0);
	put(&t, 3, NOW);
	put(&t, 4, NOW);
	assert_int_equal(host_tickets_drop(&t, ticket.id, NOW), 0);
	assert_missing(&t, 3, NOW);
	assert_false(stands_in(HOST_TICKETS_NAME, 3));
	assert_found(&t, 4, NOW, NOW);
	host_tickets_close(&t);
}

/* However many come, the file stays as large as it was, and the youngest are there. */
static void
test_oldest_give_way(void **state)
{
	enum { MANY = 20000, YOUNG = 1000 };
	struct host_tickets t = open_table();
	struct host_ticket found;
	struct stat before, after;
	unsigned n = 0;

	(void)state;
	put(&t, 0, NOW);
	assert_int_equal(fstat(t.shared.fd, &before), 0);
	for (unsigned i = 0; i < MANY; i++)
		put(&t, i, NOW + i / 10);
	assert_int_equal(fstat(t.shared.fd, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	for (unsigned i = MANY - YOUNG; i < MANY; i++)
		n += find(&t, i, NOW + MANY / 10, &found) == 0;
	assert_int_equal(n, YOUNG);
	n = 0;
	for (unsigned i = 0; i < MANY; i++)
		n += find(&t, i, NOW + MANY / 10, &found) == 0;
	assert_in_range(n, 3500, 4096);
	assert_false(stands_in(HOST_TICKETS_NAME, 0));
	host_tickets_close(&t);
	assert_int_equal(told.n, 0);
}

static void
test_sweep(void **state)
{
	struct host_tickets t = open_table();

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		put(&t, i, NOW);
	put(&t, 100, NOW + 100);
	assert_int_equal(host_tickets_sweep(&t, NOW + LIFE - 1), 0);
	for (unsigned i = 0; i <= 100; i++)
		assert_true(stands_in(HOST_TICKETS_NAME, i));
	/* Not again within the minute. */
	assert_int_equal(host_tickets_sweep(&t, NOW + LIFE + 10), 0);
	assert_true(stands_in(HOST_TICKETS_NAME, 0));
	assert_int_equal(host_tickets_sweep(&t, NOW + LIFE + 59), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_false(stands_in(HOST_TICKETS_NAME, i));
	assert_found(&t, 100, NOW + 100, NOW + LIFE + 59);
	/* A clock that was set back does not put it off. */
	assert_int_equal(host_tickets_sweep(&t, NOW), 0);
	assert_false(stands_in(HOST_TICKETS_NAME, 100));
	host_tickets_close(&t);
	assert_int_equal(told.n, 0);
}

/* Where the only entry's record and slot are. */
static void
locate(off_t *ret_record, off_t *ret_slot)
{
	enum { FIRST = 4096, RECORDS = 4096, RECORD = 32 };
	int fd CLEANUP_FD = open(in_folder(HOST_TICKETS_NAME), O_RDONLY);
	char record[RECORD];
	off_t i = 0;

	do
		assert_int_equal(
			pread(fd, record, RECORD, FIRST + i * RECORD), sizeof record);
	while (record[8] == 0 && ++i < RECORDS);
	assert_true(i < RECORDS);
	*ret_record = FIRST + i * RECORD;
	*ret_slot = FIRST + RECORDS * RECORD + i * 4096;
}

static void
test_damaged(void **state)
{
	/* Bytes behind the beginning of the record, and of the slot. */
	static const int places[][2] = { { 0, -1 }, { 9, -1 }, { 31, -1 }, { -1, 0 },
		{ -1, 8 }, { -1, 24 }, { -1, 111 }, { -1, 112 }, { -1, 115 },
		{ -1, 2000 }, { -1, 4095 } };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct host_tickets t, other;
		off_t record, slot;

		remove_folder(state);
		make_folder(state);
		t = open_table();
		other = open_table();
		put(&t, 1, NOW);
		locate(&record, &slot);
		scribble(HOST_TICKETS_NAME,
			places[i][0] >= 0 ? record + places[i][0] : slot + places[i][1],
			"\xfe", 1);
		assert_missing(&t, 1, NOW);
		assert_int_equal(told.n, 1);
		assert_int_equal(told.error, -EBADMSG);
		assert_true(exists("tickets.damaged"));
		assert_false(stands_in("tickets.damaged", 1));
		assert_false(stands_in(HOST_TICKETS_NAME, 1));
		put(&t, 2, NOW);
		/* Whoever had the old one open comes over. */
		assert_found(&other, 2, NOW, NOW);
		assert_int_equal(told.n, 1);
		host_tickets_close(&t);
		host_tickets_close(&other);
	}
}

/* A slot that is good elsewhere is no good here, nor is one of an older entry. */
static void
test_moved(void **state)
{
	struct host_tickets t = open_table();
	off_t record, slot;
	char page[4096], entry[32];
	int fd CLEANUP_FD = open(in_folder(HOST_TICKETS_NAME), O_RDWR);

	(void)state;
	put(&t, 1, NOW);
	locate(&record, &slot);
	assert_int_equal(pread(fd, page, sizeof page, slot), sizeof page);
	put(&t, 1, NOW + 1);
	assert_int_equal(pwrite(fd, page, sizeof page, slot), sizeof page);
	assert_missing(&t, 1, NOW + 1);
	assert_int_equal(told.n, 1);

	put(&t, 1, NOW);
	close(TAKE_FD(fd));
	fd = open(in_folder(HOST_TICKETS_NAME), O_RDWR);
	assert_int_equal(pread(fd, entry, sizeof entry, record), sizeof entry);
	assert_int_equal(pwrite(fd, entry, sizeof entry, record + 32), sizeof entry);
	assert_missing(&t, 1, NOW);
	assert_int_equal(told.n, 2);
	host_tickets_close(&t);
}

static void
test_cut(void **state)
{
	static const off_t sizes[] = { 1, 63, 64, 4096, 70000, 4096 + 131072 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct host_tickets t;
		int before;

		remove_folder(state);
		make_folder(state);
		t = open_table();
		put(&t, 1, NOW);
		before = told.n;
		assert_int_equal(truncate(in_folder(HOST_TICKETS_NAME), sizes[i]), 0);
		assert_missing(&t, 1, NOW);
		if (told.n != before + 1)
			fail_msg("cut to %lld: told %d times", (long long)sizes[i],
				told.n);
		put(&t, 1, NOW);
		assert_found(&t, 1, NOW, NOW);
		host_tickets_close(&t);
	}
}

/* Somebody who keeps a lock costs the entry, and nobody's patience. */
static void
test_locked(void **state)
{
	struct host_tickets t = open_table(), other = open_table();
	struct flock all = { .l_type = F_WRLCK };
	struct host_ticket ticket = ticket_of(1, NOW), found;

	(void)state;
	put(&t, 1, NOW);
	assert_int_equal(fcntl(other.shared.fd, F_OFD_SETLK, &all), 0);
	assert_int_equal(find(&t, 1, NOW, &found), -ETIMEDOUT);
	assert_int_equal(host_tickets_put(&t, &ticket), -ETIMEDOUT);
	assert_int_equal(host_tickets_drop(&t, ticket.id, NOW), -ETIMEDOUT);
	host_tickets_close(&other);
	assert_found(&t, 1, NOW, NOW);
	assert_int_equal(told.n, 0);
	host_tickets_close(&t);
}

static void
test_no_folder(void **state)
{
	struct host_tickets t;

	(void)state;
	assert_int_equal(host_tickets_open(in_folder("nowhere"), &REPORT, &t), -ENOENT);
	assert_int_equal(told.n, 1);
}

/* Each finds what it has put, whatever the others do; the first of all makes the file. */
static int
come_and_go(void *argument)
{
	unsigned first = *(unsigned *)argument;
	struct host_ticket found;
	struct host_tickets t;

	for (unsigned i = 0; i < 200; i++) {
		struct host_ticket ticket = ticket_of(first + i, NOW + 1);

		if (host_tickets_open(folder, &REPORT, &t) < 0 ||
			host_tickets_put(&t, &ticket) < 0 ||
			find(&t, first + i, NOW + 1, &found) < 0 ||
			memcmp(&found, &ticket, sizeof found) != 0 ||
			host_tickets_drop(&t, ticket.id, NOW + 1) < 0 ||
			host_tickets_sweep(&t, NOW + 1) < 0)
			return 1;
		host_tickets_close(&t);
	}
	return told.n;
}

static void
test_many_at_once(void **state)
{
	enum { CHILDREN = 8 };
	pid_t pids[CHILDREN];
	unsigned first[CHILDREN];

	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++) {
		first[i] = i * 1000;
		pids[i] = spawn(come_and_go, &first[i]);
	}
	for (unsigned i = 0; i < CHILDREN; i++)
		assert_ends_well(pids[i]);
	assert_false(exists("tickets.damaged"));
}

int
main(void)
{
#define WITH_FOLDER(test)                                                                \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_kept_is_found),
		WITH_FOLDER(test_file_is_its_owners_alone),
		WITH_FOLDER(test_longest_chain),
		WITH_FOLDER(test_ends),
		WITH_FOLDER(test_dropped),
		WITH_FOLDER(test_oldest_give_way),
		WITH_FOLDER(test_sweep),
		WITH_FOLDER(test_damaged),
		WITH_FOLDER(test_moved),
		WITH_FOLDER(test_cut),
		WITH_FOLDER(test_locked),
		WITH_FOLDER(test_no_folder),
		WITH_FOLDER(test_many_at_once),
	};

	return cmocka_run_group_tests_name("host_tickets", tests, NULL, NULL);
}
