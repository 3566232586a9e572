// SPDX-License-Identifier: ISC
/*
 * The sample and the manual page say what the program does: they name the same keys in
 * the same order, with the defaults of the table. Runs in the top folder of the source.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config/file.h"
#include "config/key.h"
#include "config/load.h"

#define SAMPLE "contrib/postern.conf"
#define MANUAL "src/smtpd/postern.conf.5"

/* Reads a document, with the paths of this build in place of those under /etc. */
static void
read_document(const char *path, struct buffer *ret)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	const char *from, *at;

	assert_int_equal(config_file_read(path, &text), 0);
	from = buffer_string(&text);
	while ((at = strstr(from, "/etc/postern"))) {
		buffer_append(ret, from, (size_t)(at - from));
		buffer_puts(ret, POSTERN_SYSCONFDIR "/postern");
		from = at + strlen("/etc/postern");
	}
	buffer_puts(ret, from);
}

/* Cuts the next line off *text; NULL at the end. */
static char *
next_line(char **text)
{
	return strsep(text, "\n");
}

static const char *
fallback(size_t i)
{
	return config_keys[i].fallback;
}

/* Every commented setting, uncommented: exactly the table, in its order. */
static void
test_sample_is_the_table(void **state)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	char *next, *line;
	size_t i = 0;

	(void)state;
	read_document(SAMPLE, &text);
	next = buffer_string(&text);
	while ((line = next_line(&next))) {
		const char *equals = strstr(line, " = ");
		size_t len;

		if (*line != '#' || line[1] == ' ' || !equals)
			continue;
		assert_true(i < CONFIG_KEYS);
		len = (size_t)(equals - line - 1);
		assert_int_equal(len, strlen(config_keys[i].name));
		assert_memory_equal(line + 1, config_keys[i].name, len);
		if (fallback(i))
			assert_string_equal(equals + 3, fallback(i));
		i++;
	}
	assert_int_equal(i, CONFIG_KEYS);
}

static void
assert_same(const struct config *a, const struct config *b)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const char *p = (const char *)a + config_keys[i].offset;
		const char *q = (const char *)b + config_keys[i].offset;
		const char *const *s = (const void *)p, *const *t = (const void *)q;

		switch (config_keys[i].kind) {
		case CONFIG_KIND_HOST:
		case CONFIG_KIND_DOMAINS:
			break; /* examples in the sample */
		case CONFIG_KIND_SWITCH:
			assert_memory_equal(p, q, sizeof(bool));
			break;
		case CONFIG_KIND_SIZE:
			assert_memory_equal(p, q, sizeof(uint64_t));
			break;
		case CONFIG_KIND_WORD:
		case CONFIG_KIND_NUMBER:
		case CONFIG_KIND_MECHANISMS:
		case CONFIG_KIND_LOG:
			assert_memory_equal(p, q, sizeof(unsigned));
			break;
		default:
			assert_int_equal(!*s, !*t);
			if (*s)
				assert_string_equal(*s, *t);
		}
	}
}

/* The sample as it is, and with every setting uncommented, is the default. */
static void
test_sample_loads(void **state)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	struct buffer faults CLEANUP(buffer_free) = { 0 };
	struct config *none = NULL, *as_is = NULL, *uncommented = NULL;
	char *p;

	(void)state;
	assert_int_equal(config_load(NULL, NULL, 0, &none, &faults), 0);
	read_document(SAMPLE, &text);
	assert_int_equal(config_load_text("sample", buffer_data(&text), buffer_len(&text),
				 NULL, 0, &as_is, &faults),
		0);
	p = buffer_string(&text);
	while ((p = strstr(p, "\n#")))
		if (p[2] != ' ' && p[2] != '#' && p[2] != '\n')
			memmove(p + 1, p + 2, strlen(p + 2) + 1);
		else
			p++;
	p = buffer_string(&text);
	assert_int_equal(
		config_load_text("sample", p, strlen(p), NULL, 0, &uncommented, &faults),
		0);
	assert_string_equal(uncommented->hostname, "mail.example.org");
	assert_same(none, as_is);
	assert_same(none, uncommented);
	config_free(none);
	config_free(as_is);
	config_free(uncommented);
}

static void
test_manual(void **state)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	char *next, *line;
	size_t n = 0;
	bool is_default = false;

	(void)state;
	read_document(MANUAL, &text);
	next = buffer_string(&text);
	while ((line = next_line(&next))) {
		if (strncmp(line, ".It Ic ", 7) == 0) {
			assert_true(n < CONFIG_KEYS);
			line[7 + strcspn(line + 7, " ")] = '\0';
			assert_string_equal(line + 7, config_keys[n].name);
			n++;
		} else if (is_default) {
			assert_non_null(fallback(n - 1));
			assert_int_equal(strncmp(line, ".Ql ", 4), 0);
			assert_string_equal(line + 4, fallback(n - 1));
		} else if (strncmp(line, "Default: ", 9) == 0) {
			assert_null(fallback(n - 1));
		}
		is_default = strcmp(line, "Default:") == 0;
	}
	assert_int_equal(n, CONFIG_KEYS);
}

/* Every word of a key, and its limits, are named in the manual. */
static void
test_manual_values(void **state)
{
	struct buffer text CLEANUP(buffer_free) = { 0 };
	const char *manual;

	(void)state;
	read_document(MANUAL, &text);
	manual = buffer_string(&text);
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = &config_keys[i];
		char item[64], number[32];
		const char *at, *end;

		snprintf(item, sizeof(item), "\n.It Ic %s ", key->name);
		at = strstr(manual, item);
		assert_non_null(at);
		end = strstr(at + 1, "\n.It Ic ");
		for (size_t w = 0; key->words && key->words[w]; w++) {
			const char *word = strstr(at, key->words[w]);

			assert_non_null(word);
			assert_true(!end || word < end);
		}
		snprintf(number, sizeof(number), "to %llu", (unsigned long long)key->max);
		if (key->max > 0 && key->max != 86400)
			assert_true(
				strstr(at, number) && (!end || strstr(at, number) < end));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample_is_the_table),
		cmocka_unit_test(test_sample_loads),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_manual_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
