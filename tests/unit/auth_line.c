// SPDX-License-Identifier: ISC
/*
 * Lines of the store: keys, fields, credentials, order; and the passwords and times that
 * stand in them.
 */
#include "auth_fixture.h"

#include "auth/order.h"
#include "auth/stamp.h"

#define PIN   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define BYTES "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define CREDENTIALS                                                                      \
	"iterations=4096 salt=AAAAAAAAAAAAAAAAAAAAAA== stored=" BYTES " server=" BYTES

struct line_case {
	const char *text;
	size_t key; /* length of the key, 0 for none */
	bool whole;
};

static const struct line_case line_cases[] = {
	{ "u brad@447.edu", 14, true },
	{ "u brad@447.edu " CREDENTIALS, 14, true },
	{ "u brad@447.edu locked=x " CREDENTIALS " new-thing=1,2;3", 14, true },
	{ "u brad@447.edu empty=", 14, true },
	{ "d " PIN " brad@447.edu", 66, true },
	{ "d " PIN " brad@447.edu created=x", 66, true },
	{ "d " PIN " brad@447.edu label=a%20b expires=2030-01-02T03:04:05Z revoked=x", 66,
		true },
	{ "d " PIN " brad@447.edu senders=<>,a@b.c", 66, true },
	{ "d " PIN " brad@447.edu expires=2030-01-02", 66, false },
	{ "d " PIN " brad@447.edu expires=", 66, false },
	{ "d " PIN " brad@447.edu expires=2030-02-30T00:00:00Z", 66, false },
	{ "t " PIN " brad@447.edu expires=2030-01-02T03:04:05Z", 66, true },
	{ "t " PIN " brad@447.edu", 66, false },
	{ "t " PIN " expires=2030-01-02T03:04:05Z", 66, false },
	{ "t " PIN, 66, false },
	{ "t brad@447.edu brad@447.edu expires=2030-01-02T03:04:05Z", 0, false },
	{ "w * until=2030-01-02T03:04:05Z", 3, true },
	{ "w * until=2030-01-02T03:04:05Z uses=64", 3, true },
	{ "w brad@447.edu until=2030-01-02T03:04:05Z", 14, true },
	{ "w tokens until=2030-01-02T03:04:05Z", 8, true },
	{ "w *", 3, false },
	{ "w * until=never", 3, false },
	{ "w * until=2030-01-02T03:04:05Z uses=0", 3, false },
	{ "w * until=2030-01-02T03:04:05Z uses=-1", 3, false },
	{ "w * until=2030-01-02T03:04:05Z uses=99999999999999999999", 3, false },
	{ "w ** until=2030-01-02T03:04:05Z", 0, false },
	{ "w brad until=2030-01-02T03:04:05Z", 0, false },
	{ "d " PIN, 66, false },
	{ "d " PIN " brad", 66, false },
	{ "d 0011 brad@447.edu", 0, false },
	{ "", 0, false },
	{ "u", 0, false },
	{ "u ", 0, false },
	{ "u brad", 0, false },
	{ "u  brad@447.edu", 0, false },
	{ "u @447.edu", 0, false },
	{ "u brad@", 0, false },
	{ "u Brad@447.edu", 0, false },
	{ "u br\tad@447.edu", 0, false },
	{ "u br\xc3\xa4@447.edu", 0, false },
	{ "x brad@447.edu", 0, false },
	{ "ubrad@447.edu", 0, false },
	{ "u brad@447.edu ", 14, false },
	{ "u brad@447.edu  a=b", 14, false },
	{ "u brad@447.edu a", 14, false },
	{ "u brad@447.edu =a", 14, false },
	{ "u brad@447.edu A=b", 14, false },
	{ "u brad@447.edu a=b a=c", 14, false },
	{ "u brad@447.edu a=b\tc", 14, false },
	{ "u brad@447.edu a=\xff", 14, false },
	{ "u brad@447.edu iterations=4096", 14, false },
	{ "u brad@447.edu iterations=0 salt=AAAAAAAAAAAAAAAAAAAAAA== stored=" BYTES
	  " server=" BYTES,
		14, false },
	{ "u brad@447.edu iterations=99999999999 salt=AAAAAAAAAAAAAAAAAAAAAA== "
	  "stored=" BYTES " server=" BYTES,
		14, false },
	{ "u brad@447.edu iterations=1 salt=AAAA stored=" BYTES " server=" BYTES, 14,
		false },
	{ "u brad@447.edu iterations=1 salt=AAAAAAAAAAAAAAAAAAAAAA== stored=AAAA "
	  "server=" BYTES,
		14, false },
	{ "u brad@447.edu iterations=1 salt=AAAAAAAAAAAAAAAAAAAAA!== stored=" BYTES
	  " server=" BYTES,
		14, false },
};

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(line_cases); i++) {
		const struct line_case *c = &line_cases[i];
		size_t len = strlen(c->text);

		if (auth_line_key(c->text, len) != c->key)
			fail_msg("key of: %s", c->text);
		if (auth_line_is_whole(c->text, len) != c->whole)
			fail_msg("wholeness of: %s", c->text);
	}
	assert_false(auth_line_is_whole("u a@b.c x=\0", 11));
	assert_int_equal(auth_line_key("u a\0@b.c", 8), 0);
}

static void
test_long_line(void **state)
{
	char line[AUTH_LINE_MAX + 1];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "u a@b.c long=", 13);
	assert_true(auth_line_is_whole(line, AUTH_LINE_MAX - 1));
	assert_int_equal(auth_line_key(line, AUTH_LINE_MAX), 0);
	assert_false(auth_line_is_whole(line, AUTH_LINE_MAX));
	memcpy(line, "u a@b.", 6);
	memset(line + 6, 'x', sizeof(line) - 6);
	assert_int_equal(auth_line_key(line, 300), 0);
	assert_int_equal(auth_line_key(line, 256), 256);
	assert_int_equal(auth_line_key(line, 257), 0);
}

static void
assert_line(struct buffer *line, const char *text)
{
	assert_string_equal(buffer_string(line), text);
}

/* Setting and dropping leaves all other fields, known or not, as they were. */
static void
test_set(void **state)
{
	struct buffer line = { 0 };
	char value[AUTH_LINE_MAX];

	(void)state;
	buffer_puts(&line, "u a@b.c strange=%41=x locked=t zz=");
	line_set(&line, "locked", "longer-value");
	assert_line(&line, "u a@b.c strange=%41=x locked=longer-value zz=");
	line_set(&line, "locked", NULL);
	assert_line(&line, "u a@b.c strange=%41=x zz=");
	line_set(&line, "locked", NULL);
	assert_line(&line, "u a@b.c strange=%41=x zz=");
	line_set(&line, "new", "1");
	assert_line(&line, "u a@b.c strange=%41=x zz= new=1");
	line_set(&line, "zz", NULL);
	line_set(&line, "new", "");
	assert_line(&line, "u a@b.c strange=%41=x new=");
	assert_int_equal(auth_line_set(&line, "new", "a b"), -EINVAL);
	assert_int_equal(auth_line_set(&line, "new", "a\nu x@y.z"), -EINVAL);
	assert_int_equal(auth_line_set(&line, "new", "\xc3\xa4"), -EINVAL);
	memset(value, 'v', sizeof(value));
	value[AUTH_LINE_MAX - 8] = '\0';
	assert_int_equal(auth_line_set(&line, "new", value), -E2BIG);
	assert_line(&line, "u a@b.c strange=%41=x new=");
	buffer_free(&line);
}

/* A device's user is not a field, whatever it looks like; nor is part of a name. */
static void
test_get(void **state)
{
	static const char device[] = "d " PIN " a=b@447.edu b=c";
	static const char user[] = "u a@b.c xalias=1 alias=a@b.c,d@e.f aliasx=2";
	const char *value;
	size_t len;

	(void)state;
	assert_false(auth_line_has(device, sizeof(device) - 1, "a"));
	assert_true(auth_line_get(device, sizeof(device) - 1, "b", &value, &len));
	assert_int_equal(len, 1);
	assert_memory_equal(value, "c", 1);
	assert_true(auth_line_get(user, sizeof(user) - 1, "alias", &value, &len));
	assert_int_equal(len, 11);
	assert_true(auth_line_has_alias(user, sizeof(user) - 1, "a@b.c"));
	assert_true(auth_line_has_alias(user, sizeof(user) - 1, "d@e.f"));
	assert_false(auth_line_has_alias(user, sizeof(user) - 1, "d@e.fx"));
	assert_false(auth_line_has_alias(user, sizeof(user) - 1, "d@e"));
	assert_false(auth_line_has_alias(user, sizeof(user) - 1, "a@b.c,d@e.f"));
	assert_false(auth_line_has_alias(device, sizeof(device) - 1, "a@b.c"));
	assert_true(auth_line_user(device, sizeof(device) - 1, &value, &len));
	assert_int_equal(len, 11);
	assert_memory_equal(value, "a=b@447.edu", len);
	assert_false(auth_line_user(user, sizeof(user) - 1, &value, &len));
	assert_false(auth_line_user("d " PIN, 66, &value, &len));
}

static void
test_credentials(void **state)
{
	struct auth_credentials c, again;
	struct buffer line = { 0 };

	(void)state;
	buffer_puts(&line, "u a@b.c x=1");
	assert_int_equal(
		auth_line_credentials(buffer_data(&line), buffer_len(&line), &again), 0);
	assert_int_equal(auth_password_derive("pencil", 7, &c), 0);
	assert_int_equal(auth_line_set_credentials(&line, &c), 0);
	assert_true(auth_line_is_whole(buffer_data(&line), buffer_len(&line)));
	assert_int_equal(
		auth_line_credentials(buffer_data(&line), buffer_len(&line), &again), 1);
	assert_int_equal(again.iterations, 7);
	assert_int_equal(again.salt_len, AUTH_SALT_SIZE);
	assert_memory_equal(again.salt, c.salt, AUTH_SALT_SIZE);
	assert_memory_equal(again.stored, c.stored, sizeof(c.stored));
	assert_memory_equal(again.server, c.server, sizeof(c.server));
	assert_memory_not_equal(again.server, c.stored, sizeof(c.stored));
	assert_int_equal(auth_line_set_credentials(&line, NULL), 0);
	assert_line(&line, "u a@b.c x=1");
	buffer_free(&line);
}

/* The example of RFC 7677 section 3: user "user", password "pencil". */
static void
test_known_keys(void **state)
{
	struct auth_credentials c = { .iterations = 4096 };
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(
		pki_base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==", 24, &bytes, &len), 0);
	memcpy(c.salt, bytes, len);
	c.salt_len = len;
	free(bytes);
	assert_int_equal(pki_base64_decode("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
				 44, &bytes, &len),
		0);
	memcpy(c.stored, bytes, sizeof(c.stored));
	free(bytes);
	assert_int_equal(auth_password_check(&c, "pencil", 6), 1);
	assert_int_equal(auth_password_check(&c, "pencim", 6), 0);
	assert_int_equal(auth_password_check(&c, "pencil\0", 7), 0);
	assert_int_equal(auth_password_check(&c, "", 0), 0);
	/* A soft hyphen is nothing (RFC 4013 section 2.1). */
	assert_int_equal(auth_password_check(&c,
				 "pen\xc2\xad"
				 "cil",
				 8),
		1);
	assert_int_equal(auth_password_check(&c, "pencil\xff", 7), 0);
}

static void
test_passwords(void **state)
{
	struct auth_credentials c;
	char a[AUTH_PASSWORD_SIZE], b[AUTH_PASSWORD_SIZE], *text;
	bool seen[256] = { false };
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(auth_password_generate(a), 0);
		assert_int_equal(strlen(a), 29);
		for (size_t j = 0; j < 29; j++)
			if (j % 5 == 4)
				assert_int_equal(a[j], '-');
			else
				seen[(unsigned char)a[j]] = true;
	}
	for (int i = 0; i < 256; i++)
		n += seen[i];
	assert_int_equal(n, 32);
	assert_false(seen['l'] || seen['o'] || seen['0'] || seen['1'] || seen['-']);
	assert_int_equal(auth_password_generate(b), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(auth_password_derive("", 1, &c), -EINVAL);
	assert_int_equal(auth_password_derive("\xc2\xad", 1, &c), -EINVAL);
	assert_int_equal(auth_password_derive("a\tb", 1, &c), -EINVAL);
	assert_int_equal(auth_password_derive("\xff\xfe", 1, &c), -EINVAL);
	/* Not in Unicode 3.2: a key, and a letter. */
	assert_int_equal(auth_password_derive("\xf0\x9f\x94\x91", 1, &c), -EINVAL);
	assert_int_equal(auth_password_derive("\xc8\xa1", 1, &c), -EINVAL);
	text = calloc(1, AUTH_PASSWORD_MAX + 2);
	assert_non_null(text);
	memset(text, 'x', AUTH_PASSWORD_MAX);
	assert_int_equal(auth_password_derive(text, 1, &c), 0);
	text[AUTH_PASSWORD_MAX] = 'x';
	assert_int_equal(auth_password_derive(text, 1, &c), -EINVAL);
	/* A ligature of 18 letters. */
	for (size_t i = 0; i < AUTH_PASSWORD_MAX / 3; i++)
		memcpy(text + 3 * i, "\xef\xb7\xba", 3);
	text[AUTH_PASSWORD_MAX / 3 * 3] = '\0';
	assert_int_equal(auth_password_derive(text, 1, &c), -EINVAL);
	free(text);
}

static void
test_order(void **state)
{
	static const struct {
		const char *keys;   /* one letter each */
		const char *places; /* R right, W wrong, B the one before */
	} cases[] = {
		{ "abcd", "RRRR" },
		{ "azbcd", "RRBRR" },
		{ "bcadef", "RRWRRR" },
		{ "abbc", "RRWR" },
		{ "zabc", "RBRR" },
		{ "a", "R" },
		{ "bcdezf", "RRRRRB" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct auth_order order = { 0 };

		for (size_t j = 0; cases[i].keys[j]; j++) {
			char key[8] = "u x@";

			key[4] = cases[i].keys[j];
			assert_int_equal(auth_order_next(&order, key, 5),
				cases[i].places[j] == 'R'   ? AUTH_PLACE_RIGHT
				: cases[i].places[j] == 'W' ? AUTH_PLACE_WRONG
							    : AUTH_PLACE_BEFORE);
		}
	}
	assert_true(auth_key_compare("u ab", 4, "u ab.c", 6) < 0);
	assert_true(auth_key_compare("u b", 3, "u ab", 4) > 0);
	assert_int_equal(auth_key_compare("u b", 3, "u b", 3), 0);
}

static void
test_stamps(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 951868800, "2000-03-01T00:00:00Z" },
		{ 1709251199, "2024-02-29T23:59:59Z" },
		{ 1735689599, "2024-12-31T23:59:59Z" },
		{ 1735689600, "2025-01-01T00:00:00Z" },
		{ 4107542400, "2100-03-01T00:00:00Z" },
		{ 4107542399, "2100-02-28T23:59:59Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
		{ -1, "1970-01-01T00:00:00Z" },
	};
	char text[AUTH_STAMP_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auth_stamp(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_known_keys),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
