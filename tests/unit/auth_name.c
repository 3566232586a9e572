// SPDX-License-Identifier: ISC
/*
 * Names of users: what is one, what it is in canonical form, and what a certificate
 * names.
 */
#include "auth_fixture.h"

struct name_case {
	const char *text;
	size_t len; /* 0: strlen */
	int r;
	const char *name;
};

static const struct name_case name_cases[] = {
	{ "brad", 0, 0, "brad@447.edu" },
	{ "Brad@447.EDU", 0, 0, "brad@447.edu" },
	{ "brad@other.example", 0, 0, "brad@other.example" },
	{ "a.b_c+d-e=f9", 0, 0, "a.b_c+d-e=f9@447.edu" },
	{ "_x", 0, 0, "_x@447.edu" },
	{ "7", 0, 0, "7@447.edu" },
	{ "brad@foreign.example", 0, -EADDRNOTAVAIL, NULL },
	{ "brad@sub.447.edu", 0, -EADDRNOTAVAIL, NULL },
	{ "brad@7.edu", 0, -EADDRNOTAVAIL, NULL },
	{ "", 0, -EINVAL, NULL },
	{ "@", 0, -EINVAL, NULL },
	{ "@447.edu", 0, -EINVAL, NULL },
	{ "brad@", 0, -EINVAL, NULL },
	{ "brad@@447.edu", 0, -EINVAL, NULL },
	{ "a@b@447.edu", 0, -EINVAL, NULL },
	{ "../brad", 0, -EINVAL, NULL },
	{ "..", 0, -EINVAL, NULL },
	{ ".", 0, -EINVAL, NULL },
	{ ".brad", 0, -EINVAL, NULL },
	{ "brad.", 0, -EINVAL, NULL },
	{ "br..ad", 0, -EINVAL, NULL },
	{ "-brad", 0, -EINVAL, NULL },
	{ "+brad", 0, -EINVAL, NULL },
	{ "br/ad", 0, -EINVAL, NULL },
	{ "br ad", 0, -EINVAL, NULL },
	{ " brad", 0, -EINVAL, NULL },
	{ "brad\n", 0, -EINVAL, NULL },
	{ "brad\r\nu x@447.edu", 0, -EINVAL, NULL },
	{ "brad\0", 5, -EINVAL, NULL },
	{ "\0", 1, -EINVAL, NULL },
	{ "brad\0@447.edu", 13, -EINVAL, NULL },
	{ "brad@447.edu\0", 13, -EINVAL, NULL },
	{ "br\x7f", 0, -EINVAL, NULL },
	{ "br\xc3\xa4", 0, -EINVAL, NULL },
	{ "\xff", 0, -EINVAL, NULL },
	{ "$(id)", 0, -EINVAL, NULL },
	{ "a;b", 0, -EINVAL, NULL },
	{ "a|b", 0, -EINVAL, NULL },
	{ "a*b", 0, -EINVAL, NULL },
	{ "a%b", 0, -EINVAL, NULL },
	{ "a\\b", 0, -EINVAL, NULL },
	{ "\"a\"@447.edu", 0, -EINVAL, NULL },
	{ "<brad@447.edu>", 0, -EINVAL, NULL },
	{ "brad@447..edu", 0, -EINVAL, NULL },
	{ "brad@.447.edu", 0, -EINVAL, NULL },
	{ "brad@447.edu.", 0, -EINVAL, NULL },
	{ "brad@-447.edu", 0, -EINVAL, NULL },
	{ "brad@447-.edu", 0, -EINVAL, NULL },
	{ "brad@447/edu", 0, -EINVAL, NULL },
};

static void
test_names(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(name_cases); i++) {
		const struct name_case *c = &name_cases[i];
		char name[AUTH_NAME_SIZE] = "untouched";
		int r = auth_name_read(
			f->config, c->text, c->len ? c->len : strlen(c->text), name);

		if (r != c->r)
			fail_msg("%s: %d instead of %d", c->text, r, c->r);
		assert_string_equal(name, r == 0 ? c->name : "untouched");
	}
}

/* 64 bytes of local part, 254 of address, and not one more; then far more. */
static void
test_lengths(void **state)
{
	struct fixture *f = *state;
	char name[AUTH_NAME_SIZE], *text = malloc(10001);

	assert_non_null(text);
	memset(text, 'a', 10000);
	text[10000] = '\0';
	assert_int_equal(auth_name_read(f->config, text, 64, name), 0);
	assert_int_equal(strlen(name), 64 + 8);
	assert_int_equal(auth_name_read(f->config, text, 65, name), -EINVAL);
	assert_int_equal(auth_name_read(f->config, text, 255, name), -EINVAL);
	assert_int_equal(auth_name_read(f->config, text, 10000, name), -EINVAL);
	text[64] = '@';
	for (size_t i = 80; i < 254; i += 20)
		text[i] = '.';
	assert_int_equal(auth_address_read(text, 254, name), 0);
	assert_int_equal(strlen(name), 254);
	assert_int_equal(auth_address_read(text, 255, name), -EINVAL);
	free(text);
}

static void
test_addresses(void **state)
{
	char name[AUTH_NAME_SIZE];

	(void)state;
	assert_int_equal(auth_address_read("Root@Foreign.Example", 20, name), 0);
	assert_string_equal(name, "root@foreign.example");
	assert_int_equal(auth_address_read("root", 4, name), -EINVAL);
	assert_int_equal(auth_address_read("root@a,b@c", 10, name), -EINVAL);
}

static void
test_listed(void **state)
{
	struct fixture *f = *state;
	char *names[] = { (char *)"CN of a printer", (char *)"x@foreign.example",
		(char *)"Brad", (char *)"sue@Other.Example" };

	assert_true(auth_name_listed(f->config, names, 4, "brad@447.edu"));
	assert_true(auth_name_listed(f->config, names, 4, "sue@other.example"));
	assert_false(auth_name_listed(f->config, names, 4, "sue@447.edu"));
	assert_false(auth_name_listed(f->config, names, 4, "x@foreign.example"));
	assert_false(auth_name_listed(f->config, names, 4, "x@447.edu"));
	assert_false(auth_name_listed(f->config, names, 2, "brad@447.edu"));
	assert_false(auth_name_listed(f->config, NULL, 0, "brad@447.edu"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_listed),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
