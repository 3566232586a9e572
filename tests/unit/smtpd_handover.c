// SPDX-License-Identifier: ISC
/*
 * The handlers of a resident parent as a value, and the bytes by which it leaves them to
 * itself: what was written is read, anything else is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "smtpd/handover.h"

static struct host_source
source(uint8_t last)
{
	return (struct host_source){ .bytes = { [0] = 0x20, [1] = 0x01, [7] = last } };
}

static void
add(struct smtpd_children *c, pid_t pid, uint8_t last)
{
	struct host_source s = source(last);

	assert_int_equal(smtpd_children_reserve(c), 0);
	smtpd_children_add(c, pid, &s);
}

static size_t
count(const struct smtpd_children *c, uint8_t last)
{
	struct host_source s = source(last);

	return smtpd_children_count(c, &s);
}

static void
test_children(void **state)
{
	CLEANUP(smtpd_children_free) struct smtpd_children c = { 0 };
	struct smtpd_child child;

	(void)state;
	for (int i = 0; i < 1000; i++)
		add(&c, 100 + i, (uint8_t)(i % 4));
	assert_int_equal(c.n, 1000);
	assert_int_equal(count(&c, 3), 250);
	assert_int_equal(count(&c, 4), 0);
	assert_true(smtpd_children_take(&c, 103, &child));
	assert_int_equal(child.pid, 103);
	assert_int_equal(child.source.bytes[7], 3);
	assert_false(smtpd_children_take(&c, 103, &child));
	assert_int_equal(count(&c, 3), 249);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(smtpd_children_take(&c, 1099 - i, &child), i != 996);
	assert_int_equal(c.n, 0);
}

static struct smtpd_handover
example(void)
{
	struct smtpd_handover h = { .pid = 4711,
		.walled = true,
		.notify = 7,
		.counts = { UINT64_C(1) << 40, 2, UINT64_MAX, 4 } };

	add(&h.children, 5000, 1);
	add(&h.children, 5001, 2);
	return h;
}

static void
write_example(struct buffer *b)
{
	struct smtpd_handover h = example();

	assert_int_equal(smtpd_handover_write(b, &h), 0);
	smtpd_children_free(&h.children);
}

static void
test_what_was_written_is_read(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct smtpd_handover h;

	(void)state;
	write_example(&b);
	assert_int_equal(smtpd_handover_read(buffer_data(&b), buffer_len(&b), &h), 0);
	assert_int_equal(h.pid, 4711);
	assert_true(h.walled);
	assert_int_equal(h.notify, 7);
	assert_true(h.counts.served == UINT64_C(1) << 40);
	assert_true(h.counts.died == UINT64_MAX);
	assert_int_equal(h.counts.refused, 2);
	assert_int_equal(h.counts.renewed, 4);
	assert_int_equal(h.children.n, 2);
	assert_int_equal(h.children.at[1].pid, 5001);
	assert_int_equal(h.children.at[1].source.bytes[7], 2);
	smtpd_children_free(&h.children);
}

static void
test_nothing_to_hand_over(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	const struct smtpd_handover none = { .pid = 2, .notify = -1 };
	struct smtpd_handover h;

	(void)state;
	assert_int_equal(smtpd_handover_write(&b, &none), 0);
	assert_int_equal(smtpd_handover_read(buffer_data(&b), buffer_len(&b), &h), 0);
	assert_int_equal(h.notify, -1);
	assert_false(h.walled);
	assert_int_equal(h.children.n, 0);
	assert_null(h.children.at);
}

static void
assert_bad(const char *data, size_t len)
{
	struct smtpd_handover h;

	assert_int_equal(smtpd_handover_read(data, len, &h), -EBADMSG);
}

static void
test_what_is_cut_or_longer(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };

	(void)state;
	write_example(&b);
	for (size_t len = 0; len < buffer_len(&b); len++)
		assert_bad(buffer_data(&b), len);
	assert_int_equal(buffer_append(&b, "", 1), 0);
	assert_bad(buffer_data(&b), buffer_len(&b));
}

/* Where things lie in the bytes of the example. */
enum { AT_PID = 8, AT_WALLED = 12, AT_COUNT = 49, AT_CHILD = 53, CHILD = 20 };

static void
test_values_that_cannot_be(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t len;
	} CASES[] = {
		{ 0, "X", 1 },
		{ AT_PID, "\0\0\0\0", 4 },
		{ AT_PID, "\0\0\0\1", 4 },
		{ AT_PID, "\xff\xff\xff\xff", 4 },
		{ AT_WALLED, "\2", 1 },
		{ AT_COUNT, "\0\0\0\3", 4 },
		{ AT_COUNT, "\0\0\0\1", 4 },
		{ AT_COUNT, "\xff\xff\xff\xff", 4 },
		{ AT_CHILD, "\0\0\0\1", 4 },
		{ AT_CHILD, "\x80\0\0\0", 4 },
		/* The second one's. */
		{ AT_CHILD, "\0\0\x13\x89", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };

		write_example(&b);
		assert_int_equal(buffer_len(&b), AT_CHILD + 2 * CHILD);
		memcpy(buffer_data(&b) + CASES[i].at, CASES[i].bytes, CASES[i].len);
		assert_bad(buffer_data(&b), buffer_len(&b));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_what_was_written_is_read),
		cmocka_unit_test(test_nothing_to_hand_over),
		cmocka_unit_test(test_what_is_cut_or_longer),
		cmocka_unit_test(test_values_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
