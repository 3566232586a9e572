// SPDX-License-Identifier: ISC
/*
 * Addresses: those that may go into a command, and lists of them in headers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "client/address.h"

static const struct {
	const char *text;
	bool fits;
} addresses[] = {
	{ "brad@447.edu", true },
	{ "brad", true },
	{ "\"odd one\"@447.edu", true },
	{ "\"a\\\"b>\"@447.edu", true },
	{ "brad@[192.0.2.1]", true },
	{ "brad@[IPv6:2001:db8::1]", true },
	{ "-brad@447.edu", true },
	{ "", false },
	{ "a b@447.edu", false },
	{ "a@b>", false },
	{ "<a@b>", false },
	{ "a@b,c@d", false },
	{ "a@b\r\nRSET", false },
	{ "a\n@b", false },
	{ "a@b\t", false },
	{ "a\x7f@b", false },
	{ "\xc3\xb6@b", true },
	{ "\xc3\xb6@\xc3\xb6.example", true },
	{ "\xc3@b", false },
	{ "a\xe2\x80\xae@b", false }, /* turns the direction of writing */
	{ "a\xc2\x85@b", false },
	{ "@route:a@b", false },
	{ "\"open@b", false },
	{ "\"open\\", false },
	{ "a\\", false },
	{ "\"\r\"@b", false },
	{ "\"\\\n\"@b", false },
};

static void
test_fits(void **state)
{
	char long_one[CLIENT_ADDRESS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		if (client_address_fits(addresses[i].text, strlen(addresses[i].text)) !=
			addresses[i].fits)
			fail_msg("%s", addresses[i].text);
	}
	memset(long_one, 'x', sizeof long_one);
	assert_true(client_address_fits(long_one, CLIENT_ADDRESS_MAX));
	assert_false(client_address_fits(long_one, CLIENT_ADDRESS_MAX + 1));
}

static const struct {
	const char *body;
	const char *found; /* joined by blanks, or NULL where it cannot be read */
} lists[] = {
	{ " brad@447.edu", "brad@447.edu" },
	{ "a@b, c@d ,\r\n e@f", "a@b c@d e@f" },
	{ "Brad <brad@447.edu>", "brad@447.edu" },
	{ "\"Lee, Ann\" <ann@447.edu>, <bob@447.edu>", "ann@447.edu bob@447.edu" },
	{ "ann@447.edu (the, one (and) only), bob@447.edu", "ann@447.edu bob@447.edu" },
	{ "ann @ 447 . edu", "ann@447.edu" },
	{ "ann(c)@447.edu", "ann@447.edu" },
	{ "\"odd, one\"@447.edu", "\"odd, one\"@447.edu" },
	{ "friends: a@b, C <c@d>;, e@f", "a@b c@d e@f" },
	{ "undisclosed-recipients:;", "" },
	{ "", "" },
	{ " , ,\t;", "" },
	{ "<@one,@two:a@b>", "a@b" },
	{ "a@b, A@B", "a@b" },
	{ "Brad Smith", NULL },
	{ "Brad Smith, a@b", NULL },
	{ "a@b c@d", NULL },
	{ "a@b <c@d", NULL },
	{ "<a@b> <c@d>", NULL },
	{ "<a@b> c", NULL },
	{ "<>", NULL },
	{ "(open", NULL },
	{ "(open\\", NULL },
	{ "\"open", NULL },
	{ "\"open\\", NULL },
	{ "<\"open", NULL },
	{ "<(open", NULL },
	{ "\xc3\x96 <\xc3\xb6@b>", "\xc3\xb6@b" },
	{ "\xc3@b", NULL },
};

static void
test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct client_addresses list = { 0 };
		struct buffer found = { 0 };
		size_t len = strlen(lists[i].body);
		char *body = malloc(len + 1);
		int r;

		/* No byte behind it: a sanitizer sees who reads on. */
		memcpy(body, lists[i].body, len);
		r = client_addresses_read(&list, body, len);
		free(body);
		for (size_t k = 0; k < list.n; k++)
			buffer_printf(&found, "%s%s", k > 0 ? " " : "", list.items[k]);
		if (r != (lists[i].found ? 0 : -EINVAL))
			fail_msg("%s: %d", lists[i].body, r);
		if (lists[i].found)
			assert_string_equal(buffer_string(&found), lists[i].found);
		buffer_free(&found);
		client_addresses_clear(&list);
	}
}

static void
test_each_counts_once(void **state)
{
	struct client_addresses list = { 0 };

	(void)state;
	assert_int_equal(client_addresses_add(&list, "ann@447.edu", 11), 0);
	assert_int_equal(client_addresses_add(&list, "bob@447.edu", 11), 0);
	assert_int_equal(client_addresses_add(&list, "ANN@447.EDU", 11), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.items[0], "ann@447.edu");
	client_addresses_clear(&list);
	assert_int_equal(list.n, 0);
}

static void
test_too_many(void **state)
{
	struct client_addresses list = { 0 };
	char name[32];
	int n = 0;

	(void)state;
	for (int i = 0; i < CLIENT_RECIPIENTS_MAX; i++) {
		n = snprintf(name, sizeof name, "%d@447.edu", i);
		assert_int_equal(client_addresses_add(&list, name, (size_t)n), 0);
	}
	assert_int_equal(client_addresses_add(&list, name, (size_t)n), 0);
	assert_int_equal(client_addresses_add(&list, "x@447.edu", 9), -E2BIG);
	client_addresses_clear(&list);
}

static void
test_in_ascii(void **state)
{
	static const struct {
		const char *address, *want; /* NULL: it has no such form */
	} CASES[] = {
		{ "brad@447.edu", "brad@447.edu" },
		{ "brad", "brad" },
		{ "brad@b\xc3\xbc"
		  "cher.example",
			"brad@xn--bcher-kva.example" },
		{ "\"a@b\"@\xc3\xb6.example", "\"a@b\"@xn--nda.example" },
		{ "\xc3\xb6@447.edu", NULL },
		{ "\xc3\xb6", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char *got = NULL;
		int r = client_address_in_ascii(CASES[i].address, &got);

		if (CASES[i].want) {
			assert_int_equal(r, 0);
			assert_string_equal(got, CASES[i].want);
		} else
			assert_int_equal(r, -EILSEQ);
		free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_in_ascii),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_each_counts_once),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
