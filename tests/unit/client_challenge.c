// SPDX-License-Identifier: ISC
/*
 * The rounds that a server's first message of SCRAM names.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/challenge.h"
#include "pki/digest.h"

static const struct {
	const char *message;
	int result;
	uint64_t rounds;
} cases[] = {
	{ "r=abc,s=c2FsdA==,i=4096", 0, 4096 },
	{ "r=abc,s=c2FsdA==,i=1", 0, 1 },
	{ "r=,s=,i=100000,x=y", 0, 100000 },
	{ "r=abc,s=c2FsdA==,i=4294967295", 0, 4294967295 },
	{ "r=abc,s=c2FsdA==,i=99999999999999999999999999", 0, UINT64_MAX },
	{ "r=abc,s=c2FsdA==,i=0", 0, UINT64_MAX },
	{ "r=abc,s=c2FsdA==,i=-1", -EINVAL, 0 },
	{ "r=abc,s=c2FsdA==,i=", -EINVAL, 0 },
	{ "r=abc,s=c2FsdA==,i=4096 ", -EINVAL, 0 },
	{ "r=abc,s=c2FsdA==", -EINVAL, 0 },
	{ "s=c2FsdA==,r=abc,i=4096", -EINVAL, 0 },
	{ "m=x,r=abc,s=c2FsdA==,i=4096", -EINVAL, 0 },
	{ "r=abc,i=4096", -EINVAL, 0 },
	{ "v=abc", -EINVAL, 0 },
	{ ",,,", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
};

static void
test_rounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t rounds = 0;
		char *coded;
		int r;

		assert_int_equal(pki_base64_encode(cases[i].message,
					 strlen(cases[i].message), &coded),
			0);
		r = client_challenge_rounds(coded, &rounds);
		if (r != cases[i].result || (r == 0 && rounds != cases[i].rounds))
			fail_msg("%s: %d", cases[i].message, r);
		free(coded);
	}
}

static void
test_no_base64(void **state)
{
	uint64_t rounds;

	(void)state;
	assert_int_equal(client_challenge_rounds("r=abc,s=x,i=4096", &rounds), -EINVAL);
	assert_int_equal(client_challenge_rounds("*", &rounds), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_no_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
