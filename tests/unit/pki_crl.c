// SPDX-License-Identifier: ISC
/*
 * Revocation lists made, read back, searched; what is no list; many entries.
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
#include <time.h>

#include "pki/crl.h"
#include "pki_fixture.h"

static const struct pki_order CA = { .role = PKI_ROLE_CA, .common_name = "CA" };
static const struct pki_order CLIENT = { .role = PKI_ROLE_CLIENT, .common_name = "x" };

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

/* Makes a list behind an earlier one and reads it back. */
static void
make(const struct pki_crl *earlier, const struct pki_crl_entry *more, size_t n,
	struct pki_crls *ret)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	struct pki_crl_order order = { .this_update = from,
		.next_update = until,
		.earlier = earlier,
		.more = more,
		.n_more = n };

	assert_int_equal(
		pki_crl_make(&order, holder_der(&ca), holder_len(&ca), ca.key, &pem), 0);
	assert_int_equal(pki_crls_read(buffer_data(&pem), buffer_len(&pem), ret), 0);
	assert_int_equal(ret->n, 1);
	assert_true(pki_crl_is_from(&ret->lists[0], holder_der(&ca), holder_len(&ca)));
}

static struct pki_crl_entry
entry(const char *serial, size_t len, int64_t date, unsigned reason)
{
	return (struct pki_crl_entry){ pki_der_of(serial, len), date, reason };
}

static void
test_entries(void **state)
{
	static const struct {
		const char *serial;
		size_t len;
		int64_t date;
		unsigned reason;
	} rows[] = {
		{ "\x01", 1, from + 1, PKI_REASON_UNSPECIFIED },
		{ "\x80", 1, from + 2, PKI_REASON_KEY_COMPROMISE },
		{ "\x7f\xff", 2, 2524607999, PKI_REASON_SUPERSEDED },
		{ "\xff\xff", 2, 2524608000, PKI_REASON_CESSATION },
		{ "01234567890123456789", 20, 0, PKI_REASON_PRIVILEGE_WITHDRAWN },
		{ "\x01\x00", 2, from, PKI_REASON_AFFILIATION_CHANGED },
	};
	struct pki_crl_entry more[COUNT(rows)];
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	const struct pki_crl *list;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		more[i] = entry(
			rows[i].serial, rows[i].len, rows[i].date, rows[i].reason);
	make(NULL, more, COUNT(rows), &crls);
	list = &crls.lists[0];
	assert_int_equal(list->n_entries, COUNT(rows));
	assert_int_equal(list->this_update, from);
	assert_int_equal(list->next_update, until);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct pki_crl_entry *found = pki_crl_find(
			list, rows[i].serial, rows[i].len);

		assert_non_null(found);
		assert_int_equal(found->date, rows[i].date);
		assert_int_equal(found->reason, rows[i].reason);
	}
	assert_non_null(pki_crl_find(list, "\0\x80", 2));
	assert_null(pki_crl_find(list, "\x02", 1));
	assert_null(pki_crl_find(list, "\x00", 1));
	assert_null(pki_crl_find(list, "\x80\x00", 2));
}

/* Nothing is lost, nothing twice, and the number grows. */
static void
test_earlier_entries(void **state)
{
	const struct pki_crl_entry first[] = { entry("a", 1, from, 1) };
	const struct pki_crl_entry second[] = { entry("b", 1, from + 5, 4),
		entry("a", 1, from + 9, 5) };
	CLEANUP(pki_crls_clear) struct pki_crls none = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls one = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls two = { 0 };

	(void)state;
	make(NULL, NULL, 0, &none);
	assert_int_equal(none.lists[0].n_entries, 0);
	make(&none.lists[0], first, 1, &one);
	assert_int_equal(one.lists[0].n_entries, 1);
	make(&one.lists[0], second, 2, &two);
	assert_int_equal(two.lists[0].n_entries, 2);
	assert_int_equal(pki_crl_find(&two.lists[0], "a", 1)->date, from);
	assert_int_equal(none.lists[0].number_len, two.lists[0].number_len);
	assert_true(memcmp(none.lists[0].number, one.lists[0].number,
			    one.lists[0].number_len) < 0);
	assert_true(memcmp(one.lists[0].number, two.lists[0].number,
			    one.lists[0].number_len) < 0);
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *earlier;
		size_t len;
		const char *next;
		size_t next_len;
	} rows[] = {
		{ "\x7f\xff\xff\xff\xff", 5, "\x80\x00\x00\x00\x00", 5 },
		{ "\xff\xff\xff\xff\xff", 5, "\x01\x00\x00\x00\x00\x00", 6 },
		{ "\x12\xff\xff\xff\xff\xff\xff\xff", 8,
			"\x13\x00\x00\x00\x00\x00\x00\x00", 8 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pki_crl earlier = { .number_len = rows[i].len };
		CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };

		memcpy(earlier.number, rows[i].earlier, rows[i].len);
		make(&earlier, NULL, 0, &crls);
		assert_int_equal(crls.lists[0].number_len, rows[i].next_len);
		assert_memory_equal(crls.lists[0].number, rows[i].next, rows[i].next_len);
	}
}

static void
test_who_has_signed(void **state)
{
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(holder_clear) struct holder namesake = { 0 };
	CLEANUP(holder_clear) struct holder client = { 0 };
	struct pki_crl_order order = { .this_update = from, .next_update = until };

	(void)state;
	holder_make(&CA, PKI_KEY_P256, NULL, &namesake);
	holder_make(&CLIENT, PKI_KEY_P256, &ca, &client);
	make(NULL, NULL, 0, &crls);
	assert_false(pki_crl_is_from(
		&crls.lists[0], holder_der(&namesake), holder_len(&namesake)));
	assert_false(pki_crl_is_from(
		&crls.lists[0], holder_der(&client), holder_len(&client)));
	assert_true(pki_crl_is_about(
		&crls.lists[0], holder_der(&client), holder_len(&client)));
	assert_int_equal(pki_crl_make(&order, holder_der(&ca), holder_len(&ca),
				 namesake.key, &pem),
		-EKEYREJECTED);
	assert_int_equal(pki_crl_make(&order, holder_der(&client), holder_len(&client),
				 client.key, &pem),
		-EBADMSG);
	assert_int_equal(buffer_len(&pem), 0);
	/* One bit of the signature, and one of what is signed. */
	for (size_t back = 1; back < 200; back += 150) {
		struct buffer *der = &crls.lists[0].der;

		buffer_data(der)[buffer_len(der) - back] ^= 1;
		assert_false(pki_crl_is_from(
			&crls.lists[0], holder_der(&ca), holder_len(&ca)));
		buffer_data(der)[buffer_len(der) - back] ^= 1;
	}
}

/* Every cut is a fault, and none reads beyond it. */
static void
test_damage(void **state)
{
	const struct pki_crl_entry more[] = { entry("a", 1, from, 1),
		entry("b", 1, from, 0) };
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls none = { 0 };
	struct pki_crl crl;
	const struct buffer *der;

	(void)state;
	make(NULL, more, 2, &crls);
	der = &crls.lists[0].der;
	for (size_t len = 0; len < buffer_len(der); len++) {
		char *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, buffer_data(der), len);
		assert_int_equal(pki_crl_read(copy, len, &crl), -EBADMSG);
		free(copy);
	}
	assert_int_equal(pki_crls_read("x", 1, &none), 0);
	assert_int_equal(none.n, 0);
	assert_int_equal(pki_crls_read("-----BEGIN X509 CRL-----\nAAAA\n"
				       "-----END X509 CRL-----\n",
				 53, &none),
		-EBADMSG);
}

/* 100,000 of them, in a time that grows with their number and not with its square. */
static void
test_many(void **state)
{
	enum { MANY = 100000 };
	uint32_t *serials = malloc(MANY * sizeof(*serials));
	struct pki_crl_entry *more = malloc(MANY * sizeof(*more));
	const struct pki_crl_entry last[] = { entry("last", 4, from, 1) };
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls again = { 0 };

	(void)state;
	assert_non_null(serials);
	assert_non_null(more);
	for (uint32_t i = 0; i < MANY; i++) {
		serials[i] = (i * 2654435761U) | 1;
		more[i] = entry((const char *)&serials[i], sizeof(*serials), from, i % 2);
	}
	make(NULL, more, MANY, &crls);
	make(&crls.lists[0], last, 1, &again);
	assert_int_equal(again.lists[0].n_entries, crls.lists[0].n_entries + 1);
	for (uint32_t i = 0; i < MANY; i += 101)
		assert_non_null(
			pki_crl_find(&again.lists[0], &serials[i], sizeof(*serials)));
	assert_non_null(pki_crl_find(&again.lists[0], "last", 4));
	free(serials);
	free(more);
}

static void
test_reasons(void **state)
{
	enum pki_reason reason;

	(void)state;
	for (unsigned i = 0; i <= PKI_REASON_MAX; i++) {
		const char *name = pki_reason_name(i);

		if (!name)
			continue;
		assert_int_equal(pki_reason_parse(name, &reason), 0);
		assert_int_equal(reason, i);
	}
	assert_int_equal(pki_reason_parse("KEYcompromise", &reason), 0);
	assert_int_equal(reason, PKI_REASON_KEY_COMPROMISE);
	assert_int_equal(pki_reason_parse("certificateHold", &reason), -EINVAL);
	assert_int_equal(pki_reason_parse("", &reason), -EINVAL);
	assert_null(pki_reason_name(6));
	assert_null(pki_reason_name(99));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_earlier_entries),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_who_has_signed),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
