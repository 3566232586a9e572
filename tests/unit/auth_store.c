// SPDX-License-Identifier: ISC
/*
 * Look-ups: in stores of every size, their cost, and with damage of every kind in any
 * line.
 */
#include "auth_fixture.h"

#include <time.h>

#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEADER "postern-users 1 secret=" SECRET "\n"

enum { LARGE = 100000 };

/* Microseconds that a look-up among many may cost more: a tenth of a millisecond, but for
 * what a sanitizer adds. */
#ifdef __SANITIZE_ADDRESS__
enum { COST_LIMIT = 1000 };
#else
enum { COST_LIMIT = 100 };
#endif

/* Lines differ in length, so that they end anywhere in a block. */
static void
append_user(struct buffer *b, unsigned i)
{
	assert_int_equal(
		buffer_printf(b, "u user%06u@447.edu note=%.*s\n", i, (int)(i * 7 % 200),
			"................................."
			".................................................."
			".................................................."
			"..................................................."
			"......................."),
		0);
}

static void
make_store(struct buffer *b, unsigned n)
{
	assert_int_equal(buffer_puts(b, HEADER), 0);
	for (unsigned i = 0; i < n; i++)
		append_user(b, 2 * i + 1);
}

static int
find_number(struct auth_store *s, unsigned i, struct buffer *line)
{
	char name[64];

	snprintf(name, sizeof(name), "user%06u@447.edu", i);
	return auth_store_find(s, 'u', name, line);
}

/* The numbers up to n that are odd are there, and no others. */
static void
assert_finds(const char *path, unsigned n, unsigned step)
{
	struct auth_store *s = NULL;
	struct buffer line = { 0 }, expected = { 0 };

	assert_int_equal(auth_store_open(path, &s), 0);
	for (unsigned i = 0; i < 2 * n + 2; i += step) {
		int r = find_number(s, i, &line);

		if (r != (int)(i % 2 && i < 2 * n))
			fail_msg("user %u of %u: %d", i, n, r);
		if (r == 0)
			continue;
		buffer_consume(&expected, buffer_len(&expected));
		append_user(&expected, i);
		assert_int_equal(buffer_len(&line) + 1, buffer_len(&expected));
		assert_memory_equal(
			buffer_data(&line), buffer_data(&expected), buffer_len(&line));
	}
	assert_int_equal(auth_store_find(s, 'u', "zzz@447.edu", &line), 0);
	assert_int_equal(auth_store_find(s, 'u', "a@447.edu", &line), 0);
	assert_int_equal(auth_store_find(s, 'd', SECRET, &line), 0);
	assert_int_equal(auth_store_damage(s), 0);
	auth_store_free(s);
	buffer_free(&line);
	buffer_free(&expected);
}

static void
test_sizes(void **state)
{
	static const unsigned sizes[] = { 0, 1, 2, 3, 10, 50, 51, 52, 53, 54, 55, 56, 57,
		58, 59, 60, 100, 149, 150, 151, 152, 153, 999, 1000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buffer b = { 0 };

		make_store(&b, sizes[i]);
		write_file(f->users, buffer_data(&b), buffer_len(&b));
		assert_finds(f->users, sizes[i], 1);
		/* And before a line without its end. */
		assert_int_equal(buffer_puts(&b, "u zy@447.edu"), 0);
		write_file(f->users, buffer_data(&b), buffer_len(&b));
		assert_finds(f->users, sizes[i], 1);
		buffer_free(&b);
	}
}

static void
test_no_file(void **state)
{
	struct fixture *f = *state;
	struct buffer line = { 0 };
	size_t damage;

	unlink(f->users);
	assert_int_equal(find_user(f->users, "a@447.edu", &line, &damage), 0);
	assert_int_equal(damage, 0);
	write_file(f->users, "", 0);
	assert_int_equal(find_user(f->users, "a@447.edu", &line, &damage), 0);
	assert_int_equal(damage, 0);
}

static void
test_not_a_store(void **state)
{
	static const char newer[] = "postern-users 2 key=x\nu a@447.edu\n";
	struct fixture *f = *state;
	struct auth_store *s = NULL;
	char other[200];

	write_file(f->users, newer, sizeof(newer) - 1);
	assert_int_equal(auth_store_open(f->users, &s), -EPROTONOSUPPORT);
	unlink(f->users);
	snprintf(other, sizeof(other), "%s/other", f->dir);
	write_file(other, HEADER, sizeof(HEADER) - 1);
	assert_int_equal(symlink(other, f->users), 0);
	assert_int_equal(auth_store_open(f->users, &s), -ELOOP);
	unlink(f->users);
	unlink(other);
	assert_int_equal(mkfifo(f->users, 0600), 0);
	assert_int_equal(auth_store_open(f->users, &s), -EINVAL);
	unlink(f->users);
	assert_int_equal(auth_store_open(f->dir, &s), -EINVAL);
	assert_null(s);
}

/* Every length that a line may have, and lines so long that a block holds none. */
static void
test_long_lines(void **state)
{
	struct fixture *f = *state;
	struct buffer b = { 0 }, line = { 0 };
	struct auth_store *s = NULL;
	char name[64];

	buffer_puts(&b, HEADER);
	for (unsigned i = 0; i < 200; i++) {
		size_t at;

		assert_int_equal(buffer_reserve(&b, 2 * AUTH_LINE_MAX), 0);
		at = buffer_len(&b);
		buffer_printf(&b, "u user%06u@447.edu x=", i);
		memset(buffer_tail(&b), '.', AUTH_LINE_MAX);
		buffer_grow(&b, AUTH_LINE_MAX - 1 - (buffer_len(&b) - at) - i % 3);
		buffer_puts(&b, "\n");
	}
	write_file(f->users, buffer_data(&b), buffer_len(&b));
	assert_int_equal(auth_store_open(f->users, &s), 0);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(find_number(s, i, &line), 1);
		assert_int_equal(buffer_len(&line), AUTH_LINE_MAX - 1 - i % 3);
		snprintf(name, sizeof(name), "user%06u.@447.edu", i);
		assert_int_equal(auth_store_find(s, 'u', name, &line), 0);
	}
	/* Nothing was damaged, so nothing was read from end to end. */
	assert_int_equal(auth_store_damage(s), 0);
	auth_store_free(s);
	buffer_free(&b);
	buffer_free(&line);
}

static size_t
offset_of_line(const char *text, unsigned number)
{
	const char *at = text;

	while (number-- > 1)
		at = strchr(at, '\n') + 1;
	return (size_t)(at - text);
}

struct damage {
	const char *what;
	size_t at;        /* byte of the line */
	const char *with; /* what stands there afterwards */
	size_t len;
	bool mild; /* the lines may be in order all the same */
};

static const struct damage damages[] = {
	{ "key above all others", 2, "z", 1, false },
	{ "key below all others", 2, "0", 1, false },
	{ "key a little higher", 10, "9", 1, true },
	{ "key a little lower", 10, "/", 1, true },
	{ "another key in the same place", 11, "/", 1, true },
	{ "no type", 0, "?", 1, false },
	{ "no blank", 1, "?", 1, false },
	{ "no @", 12, "999", 3, false },
	{ "NUL in the key", 4, "\0", 1, false },
	{ "upper case", 2, "U", 1, false },
	{ "bytes above ASCII", 0, "\xff\xfe\xfd", 3, false },
	{ "all of the key gone", 0, "                  ", 18, false },
	{ "line end in the key", 6, "\n", 1, false },
	{ "a field without a value", 21, "note-", 5, false },
	{ "control character in a field", 22, "\1", 1, false },
};

/* Whoever is not in the damaged line is found as before; the line is named where it was
 * met. met counts look-ups that named it. */
static unsigned
assert_others_found(const char *path, const struct damage *d, unsigned n, unsigned hit)
{
	struct buffer line = { 0 };
	struct auth_store *s = NULL;
	unsigned met = 0;

	for (unsigned i = 1; i < 2 * n; i += 2) {
		int r;

		assert_int_equal(auth_store_open(path, &s), 0);
		r = find_number(s, i, &line);
		if (i == 2 * hit + 1) {
			if (r == 1)
				fail_msg("%s: user %u is found whole", d->what, i);
		} else if (r != 1) {
			fail_msg("%s in line %u hides user %u: %d", d->what, hit + 2, i,
				r);
		}
		if (auth_store_damage(s) > 0) {
			/* Of two neighbours in the wrong order either may be damaged. */
			if (auth_store_damage(s) != hit + 2 &&
				(auth_store_damage(s) != hit + 1 ||
					!(d->mild || hit == 1)))
				fail_msg("%s: line %zu named, not %u", d->what,
					auth_store_damage(s), hit + 2);
			met++;
		}
		auth_store_free(s);
	}
	buffer_free(&line);
	return met;
}

static void
test_damage(void **state)
{
	static const unsigned hits[] = { 0, 1, 7, 30, 31, 32, 33, 59, 74, 75, 76, 100,
		118, 119 };
	struct fixture *f = *state;
	enum { USERS = 120 };
	struct buffer b = { 0 };
	const char *text;

	make_store(&b, USERS);
	text = buffer_string(&b);
	for (size_t i = 0; i < COUNT(damages); i++) {
		for (size_t j = 0; j < COUNT(hits); j++) {
			const struct damage *d = &damages[i];
			char *copy = strdup(text);
			unsigned met;

			memcpy(copy + offset_of_line(text, hits[j] + 2) + d->at, d->with,
				d->len);
			write_file(f->users, copy, buffer_len(&b));
			met = assert_others_found(f->users, d, USERS, hits[j]);
			/* Where it is in its place by its new key, all is in order. */
			if (met == 0 && !d->mild && !(i == 0 && hits[j] == USERS - 1) &&
				!(i == 1 && hits[j] == 0))
				fail_msg("%s in line %u was never named", d->what,
					hits[j] + 2);
			free(copy);
		}
	}
	buffer_free(&b);
}

/* A block of zeros, a lost line end, a line of 10,000 bytes: what is not in it is found.
 */
static void
test_holes(void **state)
{
	struct fixture *f = *state;
	enum { USERS = 2000 };
	struct buffer b = { 0 }, line = { 0 };
	struct auth_store *s = NULL;
	char *text;
	size_t from, lost = 0, size;

	make_store(&b, USERS);
	text = buffer_string(&b);
	size = buffer_len(&b);
	from = size / 2 & ~(size_t)4095;
	memset(text + from, 0, 10000);
	*strchr(text + 5000, '\n') = ' ';
	write_file(f->users, text, size);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	for (unsigned i = 1; i < 2 * USERS; i += 2)
		lost += find_number(s, i, &line) != 1;
	/* 10,000 bytes are at most 80 lines here; the two that became one are lost too.
	 */
	assert_in_range(lost, 10, 200);
	assert_true(auth_store_damage(s) > 0);
	auth_store_free(s);
	buffer_free(&b);
	buffer_free(&line);
}

static int
collect(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct buffer *b = context;

	(void)line;
	(void)len;
	return buffer_printf(b, "%zu%s ", number, whole ? "" : "!");
}

static void
test_each(void **state)
{
	static const char text[] = HEADER
		"u a@447.edu\nu b@447.edu nonsense\nu b@447.edu\n"
		"rubbish\nu d@447.edu\nu c@447.edu\nu z@447.edu\nu e@447.edu\nu "
		"a@447.edu\n"
		"u f@447.edu";
	static const char no_header[] = "u a@447.edu\nu b@447.edu\n";
	static const char bad_header[] = "postern-users 1 secret=00\nu a@447.edu\n";
	struct fixture *f = *state;
	struct auth_store *s = NULL;
	struct buffer b = { 0 }, line = { 0 };

	write_file(f->users, text, sizeof(text) - 1);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_each(s, collect, &b), 0);
	assert_string_equal(buffer_string(&b), "2 3! 4! 5! 6! 7 8! 9 10! 11! ");
	auth_store_free(s);

	buffer_consume(&b, buffer_len(&b));
	write_file(f->users, bad_header, sizeof(bad_header) - 1);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_each(s, collect, &b), 0);
	assert_string_equal(buffer_string(&b), "1! 2 ");
	assert_int_equal(auth_store_find(s, 'u', "a@447.edu", &line), 1);
	assert_int_equal(auth_store_damage(s), 1);
	auth_store_free(s);

	write_file(f->users, no_header, sizeof(no_header) - 1);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_find(s, 'u', "a@447.edu", &line), 1);
	assert_int_equal(auth_store_find(s, 'u', "b@447.edu", &line), 1);
	assert_int_equal(auth_store_damage(s), 1);
	auth_store_free(s);
	buffer_free(&b);
	buffer_free(&line);
}

/* What a last line without its end lacks may have been that its user is locked. Whoever
 * writes the store does not make it a whole line. */
static void
test_torn(void **state)
{
	struct fixture *f = *state;
	enum { USERS = 400 };
	struct buffer b = { 0 }, line = { 0 };
	struct auth_store *s = NULL;
	struct auth_update *u = NULL;

	make_store(&b, USERS);
	buffer_puts(&b, "u user999999@447.edu created=2026-01-01T00:00:00Z locked=x\n");
	write_file(f->users, buffer_data(&b), buffer_len(&b));
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(find_number(s, 999999, &line), 1);
	auth_store_free(s);
	for (size_t cut = 1; cut <= sizeof("created=2026-01-01T00:00:00Z locked=x\n");
		cut++) {
		write_file(f->users, buffer_data(&b), buffer_len(&b) - cut);
		for (int written = 0; written < 2; written++) {
			assert_int_equal(auth_store_open(f->users, &s), 0);
			assert_int_equal(find_number(s, 999999, &line), -EBADMSG);
			assert_int_equal(auth_store_damage(s), USERS + 2);
			assert_int_equal(find_number(s, 1, &line), 1);
			auth_store_free(s);
			if (written)
				break;
			assert_int_equal(
				auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
			assert_int_equal(
				auth_update_find(u, 'u', "user999999@447.edu", &line),
				-EBADMSG);
			assert_int_equal(
				auth_update_put(u, "u user000001@447.edu", 20), 0);
			assert_int_equal(auth_update_commit(u), 0);
			auth_update_free(u);
		}
	}
	/* It is mended by being written again, or removed. */
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_update_put(u, "u user999999@447.edu", 20), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(find_number(s, 999999, &line), 1);
	auth_store_free(s);
	buffer_free(&b);
	buffer_free(&line);
}

/* The salt of nobody: the same each time, another for another name or another store. */
static void
test_salt(void **state)
{
	static const char other[] =
		"postern-users 1 secret="
		"10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
	struct fixture *f = *state;
	struct auth_store *s = NULL;
	uint8_t a[AUTH_SALT_SIZE], b[AUTH_SALT_SIZE];

	write_file(f->users, HEADER, sizeof(HEADER) - 1);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_salt(s, "a", 1, a), 0);
	assert_int_equal(auth_store_salt(s, "a", 1, b), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(auth_store_salt(s, "b", 1, b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	auth_store_free(s);
	write_file(f->users, other, sizeof(other) - 1);
	assert_int_equal(auth_store_open(f->users, &s), 0);
	assert_int_equal(auth_store_salt(s, "a", 1, b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	auth_store_free(s);
}

static int
order_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Microseconds of the median look-up, opening included. */
static double
cost(const char *path, unsigned n)
{
	enum { ROUNDS = 301 };
	double times[ROUNDS];
	struct buffer line = { 0 };

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct auth_store *s = NULL;
		struct timespec a, b;

		clock_gettime(CLOCK_MONOTONIC, &a);
		assert_int_equal(auth_store_open(path, &s), 0);
		assert_int_equal(find_number(s, 2 * (i * 7919 % n) + 1, &line), 1);
		auth_store_free(s);
		clock_gettime(CLOCK_MONOTONIC, &b);
		times[i] = (double)(b.tv_sec - a.tv_sec) * 1e6 +
			   (double)(b.tv_nsec - a.tv_nsec) / 1e3;
	}
	buffer_free(&line);
	qsort(times, ROUNDS, sizeof(times[0]), order_doubles);
	return times[ROUNDS / 2];
}

static void
test_large(void **state)
{
	struct fixture *f = *state;
	struct buffer b = { 0 };
	double one, many;

	make_store(&b, 1);
	write_file(f->users, buffer_data(&b), buffer_len(&b));
	one = cost(f->users, 1);
	buffer_consume(&b, buffer_len(&b));
	make_store(&b, LARGE);
	write_file(f->users, buffer_data(&b), buffer_len(&b));
	assert_finds(f->users, LARGE, 37);
	many = cost(f->users, LARGE);
	print_message("one user: %.1f us, %d users: %.1f us\n", one, LARGE, many);
	assert_true(many - one < COST_LIMIT);
	buffer_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_not_a_store),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_salt),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
