// SPDX-License-Identifier: ISC
/*
 * Answers of DNS with SRV records: whole ones, and every beginning of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/srv.h"

/* An answer as it is put together. */
struct answer {
	uint8_t bytes[1024];
	size_t len;
};

static void
put(struct answer *a, const void *bytes, size_t n)
{
	memcpy(a->bytes + a->len, bytes, n);
	a->len += n;
}

static void
put16(struct answer *a, unsigned n)
{
	const uint8_t bytes[] = { (uint8_t)(n >> 8), (uint8_t)n };

	put(a, bytes, 2);
}

/* "a.b" as labels. */
static void
put_name(struct answer *a, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");
		uint8_t len = (uint8_t)n;

		put(a, &len, 1);
		put(a, name, n);
		name += n + (name[n] == '.');
	}
	put(a, "", 1);
}

static void
begin(struct answer *a, unsigned records)
{
	a->len = 0;
	put16(a, 1);
	put16(a, 0x8180);
	put16(a, 1);
	put16(a, records);
	put16(a, 0);
	put16(a, 0);
	put_name(a, "_submissions._tcp.example.org");
	put16(a, 33);
	put16(a, 1);
}

static void
add(struct answer *a, unsigned type, unsigned priority, unsigned weight, unsigned port,
	const char *target)
{
	size_t at;

	put16(a, 0xc00c); /* the name that was asked for */
	put16(a, type);
	put16(a, 1);
	put16(a, 0);
	put16(a, 300);
	at = a->len;
	put16(a, 0);
	put16(a, priority);
	put16(a, weight);
	put16(a, port);
	put_name(a, target);
	a->bytes[at + 1] = (uint8_t)(a->len - at - 2);
}

static int
parse(const struct answer *a, size_t len, struct client_srv *ret)
{
	/* No byte behind it: a sanitizer sees who reads on. */
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int n;

	memcpy(copy, a->bytes, len);
	n = client_srv_parse(copy, len, ret);
	free(copy);
	return n;
}

static void
test_order(void **state)
{
	struct client_srv found[CLIENT_SRV_MAX];
	struct answer a;

	(void)state;
	begin(&a, 4);
	add(&a, 33, 20, 0, 465, "c.example.org");
	add(&a, 33, 10, 1, 465, "b.example.org");
	add(&a, 16, 0, 0, 1, "text.example.org");
	add(&a, 33, 10, 5, 12345, "a.example.org");
	assert_int_equal(parse(&a, a.len, found), 3);
	assert_string_equal(found[0].target, "a.example.org");
	assert_int_equal(found[0].port, 12345);
	assert_string_equal(found[1].target, "b.example.org");
	assert_string_equal(found[2].target, "c.example.org");
	assert_int_equal(found[2].priority, 20);
}

static void
test_none(void **state)
{
	struct client_srv found[CLIENT_SRV_MAX];
	struct answer a;

	(void)state;
	begin(&a, 0);
	assert_int_equal(parse(&a, a.len, found), -ENOENT);
	begin(&a, 1);
	add(&a, 33, 0, 0, 0, "");
	assert_int_equal(parse(&a, a.len, found), 1);
	assert_string_equal(found[0].target, "");
}

static void
test_many(void **state)
{
	struct client_srv found[CLIENT_SRV_MAX];
	struct answer a;

	(void)state;
	begin(&a, 2 * CLIENT_SRV_MAX);
	for (int i = 0; i < 2 * CLIENT_SRV_MAX; i++)
		add(&a, 33, 1, 1, 465, "a.b");
	assert_int_equal(parse(&a, a.len, found), CLIENT_SRV_MAX);
}

static void
test_names_that_are_none(void **state)
{
	struct client_srv found[CLIENT_SRV_MAX];
	struct answer a;

	(void)state;
	begin(&a, 1);
	add(&a, 33, 1, 1, 465, "a b.example");
	assert_int_equal(parse(&a, a.len, found), 1);
	/* dn_expand writes odd bytes as \DDD, which is text. */
	assert_null(strchr(found[0].target, ' '));
}

static void
test_every_beginning(void **state)
{
	struct client_srv found[CLIENT_SRV_MAX];
	struct answer a;

	(void)state;
	begin(&a, 2);
	add(&a, 33, 10, 1, 465, "b.example.org");
	add(&a, 33, 10, 5, 465, "a.example.org");
	for (size_t len = 0; len < a.len; len++) {
		int n = parse(&a, len, found);

		assert_true(n == -EBADMSG || n == -ENOENT || n == 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_every_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
