// SPDX-License-Identifier: ISC
/*
 * When certificates are valid, read by hand and by GnuTLS; what is none; when the end is
 * soon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/validity.h"
#include "pki_fixture.h"

static const struct pki_order CA = { .role = PKI_ROLE_CA, .common_name = "CA" };
static struct holder ca;

static int
begin(void **state)
{
	(void)state;
	holder_make(&CA, PKI_KEY_P256, NULL, &ca);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	holder_clear(&ca);
	return 0;
}

static void
test_read(void **state)
{
	struct pki_validity v;

	(void)state;
	assert_int_equal(pki_validity_read(holder_der(&ca), holder_len(&ca), &v), 0);
	assert_int_equal(v.from, from);
	assert_int_equal(v.until, until);
}

/* Cut anywhere it is none; with any byte another, it is read or not, and stays inside. */
static void
test_damage(void **state)
{
	size_t len = holder_len(&ca);
	CLEANUP_FREE uint8_t *copy = malloc(len);
	struct pki_validity v = { 1, 2 };

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(pki_validity_read(holder_der(&ca), i, &v), -EBADMSG);
		assert_true(v.from == 1 && v.until == 2);
	}
	for (size_t i = 0; i < len; i++) {
		memcpy(copy, holder_der(&ca), len);
		copy[i] ^= 0xff;
		pki_validity_read(copy, len, &v);
	}
}

static void
test_soon(void **state)
{
	enum { DAY = 86400 };
	static const struct {
		int64_t from, until;
		bool soon;
	} rows[] = {
		{ -365 * DAY, 29 * DAY, true },
		{ -365 * DAY, 30 * DAY, false },
		{ -365 * DAY, 1, true },
		{ -365 * DAY, 0, false },
		{ -365 * DAY, -1, false },
		{ 1, 2 * DAY, false },
		{ -2 * DAY, DAY - 2, true },
		{ -2 * DAY, DAY, false },
		{ -10, 2, true },
		{ INT64_MIN / 4, DAY, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pki_validity v = { rows[i].from, rows[i].until };

		assert_int_equal(pki_validity_ends_soon(&v, 0), rows[i].soon);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_soon),
	};

	return cmocka_run_group_tests_name("pki_validity", tests, begin, end);
}
