// SPDX-License-Identifier: ISC
/*
 * The table of slots: claimed by one, seen by all, free the moment its owner dies; whole
 * whatever is killed, cut or scribbled over.
 */
#include "shared_fixture.h"

#include "host/slots_private.h"

struct seen {
	unsigned n;
	unsigned last;
	uint8_t row[HOST_SLOTS_ROW]; /* the last one's */
	unsigned char slots[HOST_SLOTS_A_FILE * 4];
};

static bool
note(void *context, unsigned slot, const void *row)
{
	struct seen *seen = context;

	seen->n++;
	seen->last = slot;
	memcpy(seen->row, row, sizeof(seen->row));
	if (slot < sizeof(seen->slots))
		seen->slots[slot]++;
	return false;
}

static int
scan(struct host_slots *s, struct seen *ret)
{
	struct host_slots_visit visit = { note, ret };
	int r;

	do {
		memset(ret, 0, sizeof(*ret));
		r = host_slots_scan(s, &visit);
	} while (r == -EAGAIN);
	return r;
}

static struct host_slots *
open_table(void)
{
	struct host_slots *s;

	assert_int_equal(host_slots_open(folder, "table", &REPORT, &s), 0);
	return s;
}

static const void *
row_of(int number)
{
	static uint8_t row[HOST_SLOTS_ROW];

	memset(row, 0, sizeof(row));
	snprintf((char *)row, sizeof(row), "%d", number);
	return row;
}

/* As every owner does it. */
static int
enter(struct host_slots *s, int number)
{
	struct seen seen;
	int r = host_slots_lock(s, 10000);

	if (r == 0)
		r = scan(s, &seen);
	if (r == 0)
		r = host_slots_claim(s, row_of(number));
	host_slots_unlock(s);
	return r;
}

static struct host_slots *
enter_new(int number)
{
	struct host_slots *s = open_table();

	assert_int_equal(enter(s, number), 0);
	assert_true(host_slots_mine(s) >= 0);
	return s;
}

static void
test_claim(void **state)
{
	struct host_slots *one = enter_new(1), *two = enter_new(2), *three;
	struct seen seen;

	(void)state;
	assert_int_equal(host_slots_mine(one), 0);
	assert_int_equal(host_slots_mine(two), 1);
	/* One sees all but oneself. */
	assert_int_equal(scan(one, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.last, 1);
	assert_string_equal((char *)seen.row, "2");
	assert_true(host_slots_is_held(one, 1));
	/* A row can change. */
	assert_int_equal(host_slots_write(two, row_of(22)), 0);
	assert_int_equal(scan(one, &seen), 0);
	assert_string_equal((char *)seen.row, "22");
	/* Whoever leaves leaves nothing, and room for the next one. */
	host_slots_free(one);
	assert_int_equal(scan(two, &seen), 0);
	assert_int_equal(seen.n, 0);
	three = enter_new(3);
	assert_int_equal(host_slots_mine(three), 0);
	host_slots_release(three);
	assert_int_equal(host_slots_mine(three), -1);
	assert_int_equal(host_slots_write(three, row_of(4)), -EBADF);
	assert_int_equal(enter(three, 5), 0);
	host_slots_free(two);
	host_slots_free(three);
	assert_int_equal(told.n, 0);
}

/* A slot without a row is nobody's session, and yet nobody else's. */
static void
test_claim_without_a_row(void **state)
{
	struct host_slots *one = open_table(), *two;
	struct seen seen;

	(void)state;
	assert_int_equal(scan(one, &seen), 0);
	assert_int_equal(host_slots_claim(one, NULL), 0);
	two = enter_new(2);
	assert_int_equal(host_slots_mine(two), 1);
	assert_int_equal(scan(two, &seen), 0);
	assert_int_equal(seen.n, 0);
	host_slots_free(one);
	host_slots_free(two);
}

static void
test_pages(void **state)
{
	struct host_slots *one = enter_new(1), *two = enter_new(2);
	char text[6] = "";

	(void)state;
	assert_int_equal(host_slots_write_page(one, HOST_SLOTS_PAGE - 6, "hello", 6), 0);
	assert_int_equal(
		host_slots_read_page(two, 0, HOST_SLOTS_PAGE - 6, text, sizeof(text)), 0);
	assert_string_equal(text, "hello");
	assert_int_equal(host_slots_read_page(two, 1, 0, text, sizeof(text)), 0);
	assert_int_equal(text[0], 0);
	/* None beside one's own, none beyond it. */
	assert_int_equal(
		host_slots_write_page(one, HOST_SLOTS_PAGE - 5, "hello", 6), -EINVAL);
	assert_int_equal(host_slots_write_page(one, SIZE_MAX, "hello", 6), -EINVAL);
	assert_int_equal(host_slots_read_page(one, 0, 4000, text, SIZE_MAX), -EINVAL);
	assert_int_equal(
		host_slots_read_page(one, HOST_SLOTS_A_FILE, 0, text, 1), -EINVAL);
	host_slots_free(one);
	host_slots_free(two);
}

/* Behind the 256th there is another file; once it is empty nobody looks at it. */
static void
test_many_files(void **state)
{
	enum { MANY = 2 * HOST_SLOTS_A_FILE + 8 };
	struct host_slots *all[MANY], *last;
	struct seen seen;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		all[i] = enter_new(i);
		assert_int_equal(host_slots_mine(all[i]), i);
	}
	assert_true(exists("table.2"));
	assert_false(exists("table.3"));
	assert_int_equal(scan(all[0], &seen), 0);
	assert_int_equal(seen.n, MANY - 1);
	for (int i = 1; i < MANY; i++)
		assert_int_equal(seen.slots[i], 1);
	for (int i = 0; i < MANY; i++)
		host_slots_free(all[i]);
	/* The next ones tidy up. */
	for (int i = 0; i < 3; i++)
		host_slots_free(enter_new(i));
	last = enter_new(7);
	assert_int_equal(host_slots_mine(last), 0);
	assert_int_equal(host_slots_count(last), HOST_SLOTS_A_FILE);
	host_slots_free(last);
	assert_int_equal(told.n, 0);
}

static int
enter_and_stay(void *pipe)
{
	struct host_slots *s;
	char byte = 'x';

	if (host_slots_open(folder, "table", &REPORT, &s) < 0 || enter(s, 7) < 0 ||
		write(*(int *)pipe, &byte, 1) != 1)
		return 1;
	pause();
	return 2;
}

/* The lock is gone with the process, and the row of the dead is taken over. */
static void
test_killed(void **state)
{
	struct host_slots *s = open_table();
	struct seen seen;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < 20; i++) {
		pid_t pid = spawn(enter_and_stay, &ends[1]);
		char byte;

		assert_int_equal(read(ends[0], &byte, 1), 1);
		assert_int_equal(scan(s, &seen), 0);
		assert_true(host_slots_is_held(s, seen.last));
		kill_and_reap(pid);
		assert_false(host_slots_is_held(s, seen.last));
		assert_int_equal(scan(s, &seen), 0);
		assert_int_equal(seen.n, i + 1);
	}
	close(ends[0]);
	close(ends[1]);
	host_slots_free(s);
}

static bool
suspect(void *context, unsigned slot, const void *row)
{
	(void)context, (void)slot, (void)row;
	return true;
}

/* Rows of the dead are used again: those that ought to be dead at once, others before
 * another file is begun. */
static void
test_the_dead_are_replaced(void **state)
{
	struct host_slots_visit visit = { suspect, NULL };
	struct host_slots *s = open_table(), *all[HOST_SLOTS_A_FILE];
	struct host_slots_row row = { .data = "dead" };

	(void)state;
	host_slots_free(enter_new(1));
	for (unsigned i = 0; i < HOST_SLOTS_A_FILE; i++) {
		row.sum = host_slots_sum_of(&row, i);
		scribble("table.0", host_slots_row_at(i), &row, sizeof(row));
	}
	scribble("table.0", HOST_SLOTS_USE_AT, &(struct host_slots_use){ 9, 0 },
		sizeof(struct host_slots_use));
	for (int i = 0; i < HOST_SLOTS_A_FILE; i++)
		all[i] = enter_new(i);
	assert_false(exists("table.1"));
	host_slots_free(all[3]);
	scribble("table.0", host_slots_row_at(3), &row, sizeof(row));
	row.sum = host_slots_sum_of(&row, 3);
	scribble("table.0", host_slots_row_at(3), &row, sizeof(row));
	assert_int_equal(host_slots_scan(s, &visit), 0);
	assert_int_equal(host_slots_claim(s, row_of(4)), 0);
	assert_int_equal(host_slots_mine(s), 3);
	for (int i = 0; i < HOST_SLOTS_A_FILE; i++)
		if (i != 3)
			host_slots_free(all[i]);
	host_slots_free(s);
	assert_int_equal(told.n, 0);
}

/* A row that is nobody's writing: the file is set aside, and whoever held a slot in it
 * may take another. */
static void
test_damaged_row(void **state)
{
	struct host_slots *one = enter_new(1), *two = enter_new(2);
	struct seen seen;

	(void)state;
	scribble("table.0", host_slots_row_at(40), "damage", 6);
	scribble("table.0", HOST_SLOTS_USE_AT, &(struct host_slots_use){ 9, 0 },
		sizeof(struct host_slots_use));
	assert_int_equal(scan(one, &seen), 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.error, -EBADMSG);
	assert_true(exists("table.0.damaged"));
	assert_int_equal(host_slots_mine(one), -1);
	assert_int_equal(enter(one, 11), 0);
	assert_int_equal(host_slots_write(two, row_of(22)), 0);
	host_slots_free(two);
	assert_int_equal(scan(one, &seen), 0);
	assert_int_equal(told.n, 1);
	host_slots_free(one);
}

static void
test_cut(void **state)
{
	static const off_t SIZES[] = { 0, 1, 64, 100, 4095, 4096, 40000 };

	(void)state;
	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		struct host_slots *one = enter_new(1), *two;
		struct seen seen;

		told.n = 0;
		assert_int_equal(truncate(in_folder("table.0"), SIZES[i]), 0);
		two = enter_new(2);
		assert_int_equal(scan(two, &seen), 0);
		/* What has a whole first chunk shows its loss where it is needed. */
		assert_int_equal(told.n, SIZES[i] == 0 || SIZES[i] >= 4096 ? 0 : 1);
		host_slots_free(one);
		host_slots_free(two);
		remove(in_folder("table.0"));
	}
}

/* Every byte random, or all of one kind: found, named, and never more than that. */
static void
test_random(void **state)
{
	static uint8_t bytes[65536];

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct host_slots *s;
		struct seen seen;

		told.n = 0;
		host_slots_free(enter_new(1));
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = round == 0 ? 0xff : (uint8_t)chance();
		/* Behind the header, too, so that it looks like one of ours. */
		scribble("table.0", round % 2 == 0 ? 0 : HOST_SHARED_HEADER, bytes,
			sizeof(bytes));
		s = enter_new(2);
		assert_int_equal(scan(s, &seen), 0);
		assert_int_equal(seen.n, 0);
		assert_int_equal(told.n, 1);
		host_slots_free(s);
	}
}

/* One who looks sees the same, and leaves all as it is. */
static void
test_look(void **state)
{
	struct host_slots *s, *one;
	struct seen seen;

	(void)state;
	assert_int_equal(host_slots_look(folder, "table", &REPORT, &s), -ENOENT);
	one = enter_new(1);
	assert_int_equal(host_slots_look(folder, "table", &REPORT, &s), 0);
	assert_int_equal(scan(s, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_true(host_slots_is_held(s, 0));
	scribble("table.0", host_slots_row_at(100), "damage", 6);
	assert_int_equal(scan(s, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(told.n, 1);
	assert_false(exists("table.0.damaged"));
	host_slots_free(s);
	host_slots_free(one);
}

int
main(void)
{
#define WITH_FOLDER(test)                                                                \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(test_claim),
		WITH_FOLDER(test_claim_without_a_row),
		WITH_FOLDER(test_pages),
		WITH_FOLDER(test_many_files),
		WITH_FOLDER(test_killed),
		WITH_FOLDER(test_the_dead_are_replaced),
		WITH_FOLDER(test_damaged_row),
		WITH_FOLDER(test_cut),
		WITH_FOLDER(test_random),
		WITH_FOLDER(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
