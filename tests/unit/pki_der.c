// SPDX-License-Identifier: ISC
/*
 * DER read and written by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/der.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
test_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 65535, 65536, 70000 };
	static uint8_t data[70000];

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };
		struct pki_der in = { 0 }, found = { 0 };

		assert_int_equal(pki_der_put(&b, PKI_DER_OCTETS, data, lengths[i]), 0);
		assert_int_equal(pki_der_put_number(&b, PKI_DER_INTEGER, 7), 0);
		in = pki_der_of(buffer_data(&b), buffer_len(&b));
		assert_int_equal(pki_der_take(&in, PKI_DER_OCTETS, &found), 0);
		assert_int_equal(found.len, lengths[i]);
		assert_int_equal(pki_der_take(&in, PKI_DER_OCTETS, &found), -EBADMSG);
		assert_int_equal(pki_der_take(&in, PKI_DER_INTEGER, &found), 0);
		assert_int_equal(in.len, 0);
		assert_int_equal(pki_der_take(&in, PKI_DER_INTEGER, &found), -EBADMSG);
	}
}

static void
test_numbers(void **state)
{
	static const struct {
		uint32_t number;
		const char *der;
		size_t len;
	} rows[] = {
		{ 0, "\x02\x01\x00", 3 },
		{ 127, "\x02\x01\x7f", 3 },
		{ 128, "\x02\x02\x00\x80", 4 },
		{ 600000, "\x02\x03\x09\x27\xc0", 5 },
		{ UINT32_MAX, "\x02\x05\x00\xff\xff\xff\xff", 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };

		assert_int_equal(
			pki_der_put_number(&b, PKI_DER_INTEGER, rows[i].number), 0);
		assert_int_equal(buffer_len(&b), rows[i].len);
		assert_memory_equal(buffer_data(&b), rows[i].der, rows[i].len);
	}
}

static void
test_times(void **state)
{
	static const int64_t times[] = { 0, 951782400, 1700000000, 2524607999, 2524608000,
		4102444800, 253402300799 };
	static const char *const bad[] = { "\x17\x0c"
					   "260101000000",
		"\x17\x0d"
		"261301000000Z",
		"\x17\x0d"
		"260132000000Z",
		"\x17\x0d"
		"26010100000aZ",
		"\x18\x0f"
		"20260101000000+",
		"\x17\x0d"
		"260101240000Z" };

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };
		struct pki_der in = { 0 };
		int64_t found;

		assert_int_equal(pki_der_put_time(&b, times[i]), 0);
		assert_int_equal(buffer_data(&b)[0],
			times[i] < 2524608000 ? PKI_DER_UTC_TIME : PKI_DER_TIME);
		in = pki_der_of(buffer_data(&b), buffer_len(&b));
		assert_int_equal(pki_der_take_time(&in, &found), 0);
		assert_true(found == times[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct pki_der in = pki_der_of(bad[i], strlen(bad[i]));
		int64_t found;

		assert_int_equal(pki_der_take_time(&in, &found), -EBADMSG);
	}
}

static void
test_what_is_no_der(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "", 0 }, { "\x30", 1 }, { "\x30\x01", 2 },
		{ "\x30\x80\x00\x00", 4 }, /* without end */
		{ "\x30\x81\x01\x00", 4 }, /* longer than need be */
		{ "\x30\x82\x00\x80", 4 }, /* with a zero in front */
		{ "\x30\x85\x01\x00\x00\x00\x00", 7 },
		{ "\x30\x84\xff\xff\xff\xff", 6 }, /* beyond the bytes */
		{ "\x3f\x81\x00", 3 },             /* a tag of two bytes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pki_der in = pki_der_of(rows[i].bytes, rows[i].len);
		struct pki_der found = { 0 };

		assert_int_equal(pki_der_take_any(&in, &found), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_what_is_no_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
