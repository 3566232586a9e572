// SPDX-License-Identifier: ISC
/*
 * Commands split into words, by the rules of the header and by none of a shell.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/words.h"

static const struct {
	const char *line;
	int result;
	const char *words; /* joined by "|" */
} cases[] = {
	{ "/bin/pass show mail", 0, "/bin/pass|show|mail" },
	{ "  /bin/x\t a  ", 0, "/bin/x|a" },
	{ "/bin/x 'a b' \"c d\" e\\ f", 0, "/bin/x|a b|c d|e f" },
	{ "/bin/x '' \"\"", 0, "/bin/x||" },
	{ "/bin/x a'b'\"c\"d", 0, "/bin/x|abcd" },
	{ "/bin/x \"a\\\"b\\\\c\\d\"", 0, "/bin/x|a\"b\\c\\d" },
	{ "/bin/x 'a\\'", 0, "/bin/x|a\\" },
	{ "'/bin/a b' c", 0, "/bin/a b|c" },
	{ "~/bin/x", 0, "/srv/brad/bin/x" },
	/* Nothing of a shell's. */
	{ "/bin/x $HOME *.c ; rm `y` $(z) > w | v & #u ~/t", 0,
		"/bin/x|$HOME|*.c|;|rm|`y`|$(z)|>|w|||v|&|#u|~/t" },
	{ "", -EINVAL, NULL },
	{ "   ", -EINVAL, NULL },
	{ "pass show mail", -EINVAL, NULL },
	{ "./x", -EINVAL, NULL },
	{ "~x/y", -EINVAL, NULL },
	{ "'' x", -EINVAL, NULL },
	{ "/bin/x 'a", -EINVAL, NULL },
	{ "/bin/x \"a", -EINVAL, NULL },
	{ "/bin/x \"a\\\"", -EINVAL, NULL },
	{ "/bin/x a\\", -EINVAL, NULL },
};

static void
test_split(void **state)
{
	(void)state;
	setenv("HOME", "/srv/brad", 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client_words w = { 0 };
		char joined[400] = "";
		int r = client_words_split(cases[i].line, &w);

		if (r != cases[i].result)
			fail_msg("%s: %d", cases[i].line, r);
		for (size_t k = 0; k < w.n; k++) {
			strcat(joined, k > 0 ? "|" : "");
			strcat(joined, w.items[k]);
		}
		if (r == 0)
			assert_string_equal(joined, cases[i].words);
		else
			assert_int_equal(w.n, 0);
		assert_null(w.items[w.n]);
		client_words_clear(&w);
	}
}

static void
test_too_many(void **state)
{
	char line[2 * CLIENT_WORDS_MAX + 20] = "/x";
	struct client_words w = { 0 };

	(void)state;
	for (int i = 1; i < CLIENT_WORDS_MAX; i++)
		strcat(line, " y");
	assert_int_equal(client_words_split(line, &w), 0);
	assert_int_equal(w.n, CLIENT_WORDS_MAX);
	client_words_clear(&w);
	strcat(line, " y");
	assert_int_equal(client_words_split(line, &w), -E2BIG);
	assert_int_equal(w.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
