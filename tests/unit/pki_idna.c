// SPDX-License-Identifier: ISC
/*
 * Domain names and their forms in other scripts.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pki/idna.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static void
test_names(void **state)
{
	static const struct {
		char domain[40];
		const char *other; /* NULL: none */
	} CASES[] = {
		{ "xn--bcher-kva.example", "b\xc3\xbc"
					   "cher.example" },
		{ "mail.xn--p1ai", "mail.\xd1\x80\xd1\x84" },
		{ "xn--fiqs8s", "\xe4\xb8\xad\xe5\x9b\xbd" }, { "447.edu", NULL },
		{ "axn--b.example", NULL }, { "xn--.example", NULL },
		{ "xn--99999999.example", NULL },
		{ "xn--a-ecp.ru", NULL }, /* decodes to nothing that IDNA has */
	};
	char *domains[N(CASES)], **names = NULL;

	(void)state;
	for (size_t i = 0; i < N(CASES); i++)
		domains[i] = (char *)CASES[i].domain;
	assert_int_equal(pki_idna_all(domains, N(CASES), &names), 0);
	assert_non_null(names);
	for (size_t i = 0; i < N(CASES); i++) {
		if (CASES[i].other && names[i])
			assert_string_equal(names[i], CASES[i].other);
		else if (CASES[i].other || names[i])
			fail_msg("%s: %s", CASES[i].domain, names[i]);
	}
	pki_idna_free(names, N(CASES));
}

static void
test_none(void **state)
{
	char first[] = "447.edu", second[] = "example.org";
	char *domains[] = { first, second }, **names = domains;

	(void)state;
	assert_int_equal(pki_idna_all(domains, 2, &names), 0);
	assert_null(names);
	pki_idna_free(names, 2);
}

static void
test_to_ascii(void **state)
{
	static const struct {
		const char *name, *domain; /* NULL: it has none */
	} CASES[] = {
		{ "b\xc3\xbc"
		  "cher.example",
			"xn--bcher-kva.example" },
		{ "mail.\xd1\x80\xd1\x84", "mail.xn--p1ai" },
		{ "447.edu", "447.edu" },
		{ "\xff.example", NULL },
	};

	(void)state;
	for (size_t i = 0; i < N(CASES); i++) {
		char *domain = NULL;
		int r = pki_idna_to_ascii(CASES[i].name, &domain);

		if (CASES[i].domain) {
			assert_int_equal(r, 0);
			assert_string_equal(domain, CASES[i].domain);
		} else
			assert_int_equal(r, -EINVAL);
		free(domain);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_to_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
