// SPDX-License-Identifier: ISC
/*
 * Devices: what a line says of one, how it stands, whom it may send as, when it was first
 * and last here; their labels; and what is left of a user who is removed.
 */
#include "auth_fixture.h"

#include <time.h>

#include "auth/device.h"
#include "auth/removal.h"
#include "auth/seen.h"
#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/text.h"

#define PIN_TEXT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER    "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const uint8_t PIN[PKI_PIN_SIZE] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33, 0x44,
	0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

enum { NOW = 1900000000 }; /* 2030-03-17T17:46:40Z */

struct standing_case {
	const char *line; /* of the device, behind the pin */
	int found;
	enum auth_standing standing;
};

static const struct standing_case standing_cases[] = {
	{ "brad@447.edu", 1, AUTH_STANDING_GOOD },
	{ "brad@447.edu label=a expires=2030-03-17T17:46:41Z", 1, AUTH_STANDING_GOOD },
	{ "brad@447.edu expires=2030-03-17T17:46:40Z", 1, AUTH_STANDING_EXPIRED },
	{ "brad@447.edu expires=1970-01-01T00:00:00Z", 1, AUTH_STANDING_EXPIRED },
	{ "brad@447.edu expires=2001-01-01T00:00:00Z", 1, AUTH_STANDING_EXPIRED },
	{ "brad@447.edu revoked=2001-01-01T00:00:00Z", 1, AUTH_STANDING_REVOKED },
	{ "brad@447.edu revoked=", 1, AUTH_STANDING_REVOKED },
	{ "brad@447.edu revoked=x expires=2001-01-01T00:00:00Z", 1,
		AUTH_STANDING_REVOKED },
	{ "sue@447.edu", 1, AUTH_STANDING_LOCKED },
	{ "sue@447.edu revoked=x", 1, AUTH_STANDING_REVOKED },
	{ "nobody@447.edu", 1, AUTH_STANDING_ORPHAN },
	{ "brad@447.edu expires=soon", -EBADMSG, 0 },
	{ "brad@447.edu label=a label=b", -EBADMSG, 0 }, { "brad", -EBADMSG, 0 },
	{ "tim@447.edu", -EBADMSG, 0 }, /* whose own line is damaged */
};

static void
write_store(struct fixture *f, const char *device)
{
	CLEANUP_FREE char *text = NULL;
	int n = asprintf(&text,
		"postern-users 1 secret=" OTHER "\nd " PIN_TEXT " %s\nu brad@447.edu\n"
		"u sue@447.edu locked=x\nu tim@447.edu no\n",
		device);

	assert_true(n > 0);
	write_file(f->users, text, (size_t)n);
}

static void
test_standing(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(standing_cases); i++) {
		const struct standing_case *c = &standing_cases[i];
		enum auth_standing standing = AUTH_STANDING_GOOD;
		struct auth_device d = { 0 };
		struct auth_store *s = NULL;
		uint8_t other[PKI_PIN_SIZE];

		write_store(f, c->line);
		assert_int_equal(auth_store_open(f->users, &s), 0);
		if (auth_device_find(s, PIN, NOW, &d, &standing) != c->found ||
			(c->found > 0 && standing != c->standing))
			fail_msg("%s: %s", c->line, auth_standing_name(standing));
		memcpy(other, PIN, sizeof(other));
		other[31] ^= 1;
		assert_int_equal(auth_device_find(s, other, NOW, &d, &standing), 0);
		auth_store_free(s);
	}
}

static void
test_fields(void **state)
{
	static const char line[] = "d " PIN_TEXT " brad@447.edu label=50%25%20full "
				   "first-use=x expires=2030-03-17T17:46:40Z strange=1";
	struct auth_device d;

	(void)state;
	assert_int_equal(auth_device_of_line(line, sizeof(line) - 1, &d), 0);
	assert_string_equal(d.user, "brad@447.edu");
	assert_string_equal(d.label, "50% full");
	assert_true(d.used);
	assert_false(d.revoked);
	assert_int_equal(d.expires, NOW);
	assert_int_equal(auth_device_of_line("u brad@447.edu", 14, &d), -EBADMSG);
}

struct sender_case {
	const char *line, *address;
	int r;
	enum auth_standing standing;
};

static const struct sender_case sender_cases[] = {
	{ "brad@447.edu", "x@y.example", 1, AUTH_STANDING_GOOD },
	{ "brad@447.edu", "", 1, AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=a@447.edu,b@447.edu", "a@447.edu", 1,
		AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=a@447.edu,b@447.edu", "B@447.EDU", 1,
		AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=a@447.edu,b@447.edu", "c@447.edu", 0,
		AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=a@447.edu,b@447.edu", "a@447.edu,b@447.edu", 0,
		AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=a@447.edu", "", 0, AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=a@447.edu", "o'brien@447.edu", 0, AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=a@447.edu,<>", "", 1, AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=<>", "<>", 0, AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=", "a@447.edu", 0, AUTH_STANDING_GOOD },
	{ "brad@447.edu senders=", "", 0, AUTH_STANDING_GOOD },
	{ "brad@447.edu revoked=x senders=a@447.edu", "a@447.edu", 0,
		AUTH_STANDING_REVOKED },
	{ "brad@447.edu expires=2001-01-01T00:00:00Z", "a@447.edu", 0,
		AUTH_STANDING_EXPIRED },
	{ "sue@447.edu", "a@447.edu", 0, AUTH_STANDING_LOCKED },
	{ "nobody@447.edu", "a@447.edu", 0, AUTH_STANDING_ORPHAN },
	{ "brad@447.edu expires=soon", "a@447.edu", -EBADMSG, AUTH_STANDING_GOOD },
};

static void
test_senders(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(sender_cases); i++) {
		const struct sender_case *c = &sender_cases[i];
		struct auth_store *s = NULL;
		uint8_t other[PKI_PIN_SIZE] = { 1 };
		enum auth_standing standing;

		write_store(f, c->line);
		assert_int_equal(auth_store_open(f->users, &s), 0);
		/* Whether it was a device when it came makes no difference. */
		for (int device = 0; device < 2; device++)
			if (auth_device_may_send(s, PIN, device, c->address, &standing) !=
					c->r ||
				(c->r >= 0 && standing != c->standing))
				fail_msg("%s: %s", c->line, c->address);
		/* What was a device and is there no more; what never was one. */
		assert_int_equal(
			auth_device_may_send(s, other, true, c->address, &standing), 0);
		assert_int_equal(standing, AUTH_STANDING_GONE);
		assert_int_equal(
			auth_device_may_send(s, other, false, c->address, &standing), 1);
		assert_int_equal(standing, AUTH_STANDING_GOOD);
		auth_store_free(s);
	}
}

static void
test_put_and_first_use(void **state)
{
	struct fixture *f = *state;
	struct buffer line = { 0 };
	struct auth_update *u = NULL;
	struct auth_device d;
	char *before, *after;

	unlink(f->users);
	add_user(f->users, "brad@447.edu", NULL, NULL);
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_device_put(u, PIN, "brad@447.edu", "on the  roof"), 0);
	assert_int_equal(auth_device_put(u, PIN, "sue@447.edu", ""), -EEXIST);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	assert_int_equal(find_line(f->users, 'd', PIN_TEXT, &line), 1);
	assert_int_equal(
		auth_device_of_line(buffer_data(&line), buffer_len(&line), &d), 0);
	assert_string_equal(d.user, "brad@447.edu");
	assert_string_equal(d.label, "on the  roof");
	assert_false(d.used);
	assert_int_equal(auth_device_note_first_use(f->users, PIN, 0), 0);
	assert_int_equal(find_line(f->users, 'd', PIN_TEXT, &line), 1);
	assert_int_equal(
		auth_device_of_line(buffer_data(&line), buffer_len(&line), &d), 0);
	assert_true(d.used);
	before = read_file(f->users, NULL);
	assert_int_equal(auth_device_note_first_use(f->users, PIN, 0), 0);
	after = read_file(f->users, NULL);
	assert_string_equal(before, after);
	free(before);
	free(after);
	buffer_free(&line);
}

/* The file's time is written at most hourly, and where the clock was wrong. */
static void
test_seen(void **state)
{
	static const struct {
		int64_t now, seen;
	} steps[] = { { NOW, NOW }, { NOW + 1, NOW }, { NOW + AUTH_SEEN_EVERY - 1, NOW },
		{ NOW + AUTH_SEEN_EVERY, NOW + AUTH_SEEN_EVERY }, { NOW - 5, NOW - 5 } };
	struct fixture *f = *state;
	char path[400];
	struct stat st;
	int64_t seen = 0;

	assert_int_equal(auth_seen_read(f->users, PIN_TEXT, &seen), 0);
	assert_int_equal(auth_seen_forget(f->users, PIN_TEXT), 0);
	for (size_t i = 0; i < COUNT(steps); i++) {
		assert_int_equal(auth_seen_note(f->users, PIN_TEXT, steps[i].now), 0);
		assert_int_equal(auth_seen_read(f->users, PIN_TEXT, &seen), 1);
		assert_int_equal(seen, steps[i].seen);
	}
	snprintf(path, sizeof(path), "%s/seen/00/" PIN_TEXT, f->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(auth_seen_read(f->users, OTHER, &seen), 0);
	assert_int_equal(auth_seen_forget(f->users, PIN_TEXT), 0);
	assert_int_equal(auth_seen_read(f->users, PIN_TEXT, &seen), 0);
	assert_int_equal(auth_seen_note(f->users, "../../x", NOW), -EINVAL);
	/* No link is followed out of the folder. */
	assert_int_equal(symlink("../../users", path), 0);
	assert_int_equal(auth_seen_note(f->users, PIN_TEXT, NOW), -ELOOP);
	unlink(path);
	assert_int_equal(auth_seen_note("/nowhere/at/all", PIN_TEXT, NOW), -ENOENT);
}

/* What root makes is the service's. */
static void
test_seen_by_root(void **state)
{
	enum { OTHER_UID = 54321 };
	struct fixture *f = *state;
	static const char *const made[] = { "seen", "seen/ff", ("seen/ff/" OTHER) };
	char path[400];
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(f->dir, OTHER_UID, OTHER_UID + 1), 0);
	snprintf(path, sizeof(path), "%s/seen", f->dir);
	nftw(path, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(auth_seen_note(f->users, OTHER, NOW), 0);
	for (size_t i = 0; i < COUNT(made); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, made[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, OTHER_UID);
		assert_int_equal(st.st_gid, OTHER_UID + 1);
	}
	assert_int_equal(chown(f->dir, 0, 0), 0);
}

/* Of 65 characters. */
#define PERCENT_13 "%41%41%41%41%41%41%41%41%41%41%41%41%41"
#define PERCENT_65 PERCENT_13 PERCENT_13 PERCENT_13 PERCENT_13 PERCENT_13

struct label_case {
	const char *text, *coded; /* NULL: is none */
};

static const struct label_case label_cases[] = {
	{ "a", "a" },
	{ "on the roof", "on%20the%20roof" },
	{ "100%", "100%25" },
	{ "a,b=c", "a,b=c" },
	{ "", NULL },
	{ " a", NULL },
	{ "a ", NULL },
	{ "a\tb", NULL },
	{ "\xc3\xa4", NULL },
	{ PIN_TEXT, NULL },
	{ "0123456789012345678901234567890123456789012345678901234567890123x", NULL },
};

static void
test_labels(void **state)
{
	static const char *const bad[] = { "", "%", "%2", "%2g", "%00", "%0a", "a%20",
		"%20a", "a b", "\xff", PERCENT_65 };
	char coded[AUTH_LABEL_CODED_SIZE], text[AUTH_LABEL_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(label_cases); i++) {
		const struct label_case *c = &label_cases[i];

		if (auth_label_code(c->text, coded) != (c->coded ? 0 : -EINVAL))
			fail_msg("%s", c->text);
		if (!c->coded)
			continue;
		assert_string_equal(coded, c->coded);
		assert_int_equal(auth_label_read(coded, strlen(coded), text), 0);
		assert_string_equal(text, c->text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (auth_label_read(bad[i], strlen(bad[i]), text) != -EINVAL)
			fail_msg("%s", bad[i]);
}

/* Nothing of a user stays that another one of that name would inherit. */
static void
test_removal(void **state)
{
	struct fixture *f = *state;
	struct buffer line = { 0 };
	struct auth_update *u = NULL;
	int64_t seen;

	unlink(f->users);
	add_user(f->users, "brad@447.edu", NULL, NULL);
	add_user(f->users, "sue@447.edu", NULL, NULL);
	add_line(f->users, "d " PIN_TEXT " brad@447.edu");
	add_line(f->users, "d " OTHER " sue@447.edu");
	add_line(f->users, "t " PIN_TEXT " brad@447.edu expires=2030-03-17T17:46:50Z");
	add_line(f->users, "t " OTHER " sue@447.edu expires=2030-03-17T17:46:45Z");
	add_line(f->users, "w brad@447.edu until=2030-03-17T17:46:50Z");
	add_line(f->users, "w tokens until=2030-03-17T17:46:50Z");
	assert_int_equal(auth_seen_note(f->users, PIN_TEXT, NOW), 0);
	assert_int_equal(auth_seen_note(f->users, OTHER, NOW), 0);
	assert_int_equal(auth_update_begin(f->users, AUTH_WAIT_SERVICE, &u), 0);
	assert_int_equal(auth_user_remove(u, f->users, "brad@447.edu", NOW), 0);
	assert_int_equal(auth_update_commit(u), 0);
	auth_update_free(u);
	assert_int_equal(find_line(f->users, 'u', "brad@447.edu", &line), 0);
	assert_int_equal(find_line(f->users, 'w', "brad@447.edu", &line), 0);
	assert_int_equal(find_line(f->users, 'd', PIN_TEXT, &line), 0);
	assert_int_equal(find_line(f->users, 't', PIN_TEXT, &line), 0);
	assert_int_equal(find_line(f->users, 'u', "sue@447.edu", &line), 1);
	assert_int_equal(find_line(f->users, 'd', OTHER, &line), 1);
	assert_int_equal(find_line(f->users, 't', OTHER, &line), 1);
	assert_int_equal(find_line(f->users, 'w', "tokens", &line), 1);
	assert_string_equal(buffer_string(&line), "w tokens until=2030-03-17T17:46:45Z");
	assert_int_equal(auth_seen_read(f->users, PIN_TEXT, &seen), 0);
	assert_int_equal(auth_seen_read(f->users, OTHER, &seen), 1);
	buffer_free(&line);
}

/* How many times this process has read so far; -1 where the kernel does not count. */
static long
count_reads(void)
{
	FILE *io = fopen("/proc/self/io", "re");
	char line[64];
	long n = -1;

	while (io && fgets(line, sizeof(line), io))
		if (strncmp(line, "syscr: ", 7) == 0)
			n = strtol(line + 7, NULL, 10);
	if (io)
		fclose(io);
	return n;
}

static void
number_pin(unsigned i, uint8_t ret[PKI_PIN_SIZE])
{
	for (size_t j = 0; j < PKI_PIN_SIZE; j++)
		ret[j] = (uint8_t)(i >> (j < 3 ? 16 - 8 * j : 0));
}

static void
write_large(struct fixture *f, unsigned n)
{
	struct buffer b = { 0 };
	uint8_t pin[PKI_PIN_SIZE];
	char word[PKI_PIN_HEX];

	buffer_puts(&b, "postern-users 1 secret=" OTHER "\n");
	for (unsigned i = 0; i < n; i++) {
		number_pin(2 * i + 1, pin);
		text_hex(pin, sizeof(pin), word);
		buffer_printf(&b,
			"d %s user%06u@447.edu created=2026-01-01T00:00:00Z "
			"label=machine%%20number%%20%u\n",
			word, i, i);
	}
	for (unsigned i = 0; i < n; i++)
		buffer_printf(&b, "u user%06u@447.edu created=2026-01-01T00:00:00Z\n", i);
	assert_true(n == 0 || buffer_string(&b) != NULL);
	write_file(f->users, buffer_data(&b), buffer_len(&b));
	buffer_free(&b);
}

/* Reads for each of many look-ups of a device and its user, and of keys that are none,
 * each in a store opened for it. */
static double
reads_of_lookups(struct fixture *f, unsigned n)
{
	enum { LOOKUPS = 400 };
	long before = count_reads();

	for (unsigned i = 0; i < LOOKUPS; i++) {
		unsigned number = i * 48611 % (2 * n + 1);
		struct auth_store *s = NULL;
		struct auth_device d;
		enum auth_standing standing = AUTH_STANDING_ORPHAN;
		uint8_t pin[PKI_PIN_SIZE];
		int r;

		number_pin(number, pin);
		assert_int_equal(auth_store_open(f->users, &s), 0);
		r = auth_device_find(s, pin, NOW, &d, &standing);
		if (r != (int)(number % 2))
			fail_msg("number %u of %u: %d", number, n, r);
		if (r == 1)
			assert_int_equal(standing, AUTH_STANDING_GOOD);
		auth_store_free(s);
	}
	return (double)(count_reads() - before) / LOOKUPS;
}

/* 100,000 devices and their users: as many reads as the depth of the search asks for. */
static void
test_large(void **state)
{
	enum { LARGE = 100000, MORE_READS = 30 };
	struct fixture *f = *state;
	double one, many;

	write_large(f, 1);
	one = reads_of_lookups(f, 1);
	write_large(f, LARGE);
	many = reads_of_lookups(f, LARGE);
	print_message("reads of a look-up: %.1f, of %d: %.1f\n", one, LARGE, many);
	assert_true(many < one + MORE_READS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standing),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_put_and_first_use),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_seen_by_root),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
