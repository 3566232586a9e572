// SPDX-License-Identifier: ISC
/*
 * One function for each kind of value. Each leaves the configuration alone unless the
 * whole value is good, and says otherwise what would have been.
 */
#include "config/value.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"

enum { HOST_MAX = 253, LABEL_MAX = 63, USER_MAX = 32 };

static const char BLANKS[] = " \t";

static void *
member(struct config *c, const struct config_key *key)
{
	return (char *)c + key->offset;
}

/* Says what is wrong; the caller returns what comes back. */
static int __attribute__((format(printf, 2, 3)))
fault(struct buffer *why, const char *format, ...)
{
	va_list ap;
	char *text = NULL;
	int r;

	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	if (r < 0)
		return -ENOMEM;
	r = buffer_puts(why, text);
	free(text);
	return r < 0 ? r : -EINVAL;
}

/* Appends an unknown word to why, escaped, before what was expected. */
static int
quote(struct buffer *why, const char *text, size_t len)
{
	int r = buffer_puts(why, "\"");

	if (r == 0)
		r = text_escape(why, text, len);
	if (r == 0)
		r = buffer_puts(why, "\": ");
	return r;
}

/* "a, b or c" */
static int
fault_words(struct buffer *why, const char *const *words, const char *also)
{
	int r = buffer_puts(why, "expected ");

	for (size_t i = 0; r == 0 && words[i]; i++) {
		const char *glue = ", ";

		if (!words[i + 1])
			glue = also ? " or " : "";
		else if (!words[i + 2] && !also)
			glue = " or ";
		r = buffer_printf(why, "%s%s", words[i], glue);
	}
	if (r == 0 && also)
		r = buffer_puts(why, also);
	return r < 0 ? r : -EINVAL;
}

static int
word_find(const char *const *words, const char *text, size_t len)
{
	for (int i = 0; words[i]; i++)
		if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
			return i;
	return -1;
}

static int
replace(char **at, const char *text, size_t len)
{
	char *copy = strndup(text, len);

	if (!copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

/* A domain name of letters, digits and hyphens (RFC 1123 section 2.1). */
static bool
is_host(const char *text, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > HOST_MAX || text[len - 1] == '-' || text[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.') {
			if (label == 0 || text[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!text_is_letter_or_digit(text[i]) && (text[i] != '-' || label == 0))
			return false;
		if (++label > LABEL_MAX)
			return false;
	}
	return true;
}

static bool
is_path(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return *text && strlen(text) < PATH_MAX;
}

static int
set_user(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	size_t len = strlen(text);
	bool good = len > 0 && len <= USER_MAX && *text != '-' && *text != '.';

	for (size_t i = 0; good && i < len; i++)
		good = text_is_letter_or_digit(text[i]) || strchr("_.-", text[i]);
	if (!good)
		return fault(why, "expected the name of a system user");
	return replace(member(c, key), text, len);
}

static int
set_host(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	char **at = member(c, key);
	size_t len = strlen(text);
	int r;

	if (!is_host(text, len))
		return fault(why,
			"expected a domain name of letters, digits and hyphens, "
			"such as mail.example.org");
	r = replace(at, text, len);
	if (r == 0)
		text_lower(*at, len);
	return r;
}

static void
domains_free(char **domains)
{
	for (size_t i = 0; domains && domains[i]; i++)
		free(domains[i]);
	free(domains);
}

static void
domains_cleanup(char ***domains)
{
	domains_free(*domains);
}

static int
domain_add(char **domains, size_t n, const char *text, size_t len, struct buffer *why)
{
	int r;

	if (!is_host(text, len)) {
		r = quote(why, text, len);
		return r < 0 ? r
			     : fault(why, "expected domain names with blanks between");
	}
	domains[n] = strndup(text, len);
	if (!domains[n])
		return -ENOMEM;
	text_lower(domains[n], len);
	for (size_t i = 0; i < n; i++)
		if (strcmp(domains[i], domains[n]) == 0) {
			r = quote(why, text, len);
			return r < 0 ? r : fault(why, "expected each domain once");
		}
	return 0;
}

static int
set_domains(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	/* A name and a blank are two bytes: there are no more than that, and the NULL. */
	char **domains CLEANUP(domains_cleanup) = calloc(
		strlen(text) / 2 + 2, sizeof(*domains));
	size_t n = 0;

	(void)key;
	if (!domains)
		return -ENOMEM;
	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t len = strcspn(text, BLANKS);
		int r = domain_add(domains, n, text, len, why);

		if (r < 0)
			return r;
		n++;
		text += len;
	}
	if (n == 0)
		return fault(why, "expected domain names with blanks between");
	domains_free(c->domains);
	c->domains = TAKE_PTR(domains);
	c->n_domains = n;
	return 0;
}

static int
set_word(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	unsigned *at = member(c, key);
	int i = word_find(key->words, text, strlen(text));

	if (i < 0)
		return fault_words(why, key->words, NULL);
	*at = (unsigned)i;
	return 0;
}

static int
set_switch(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	bool *at = member(c, key);
	int i = word_find(key->words, text, strlen(text));

	if (i < 0)
		return fault_words(why, key->words, NULL);
	*at = i == 1;
	return 0;
}

static int
set_path(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	if (*text != '/' || !is_path(text))
		return fault(why, "expected an absolute path");
	return replace(member(c, key), text, strlen(text));
}

static int
set_optional(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	if (strcmp(text, "none") == 0) {
		config_value_clear(c, key);
		return 0;
	}
	if (*text != '/' || !is_path(text))
		return fault(why, "expected an absolute path or none");
	return replace(member(c, key), text, strlen(text));
}

static int
set_text(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	bool good = *text;

	for (const char *p = text; *p; p++)
		good = good && *p >= 0x20 && *p <= 0x7e;
	if (!good)
		return fault(why, "expected printable ASCII");
	return replace(member(c, key), text, strlen(text));
}

static int
set_number(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	uint64_t n;

	if (number_parse(text, strlen(text), key->min, key->max, &n) < 0)
		return fault(why, "expected a number from %llu to %llu",
			(unsigned long long)key->min, (unsigned long long)key->max);
	if (key->kind == CONFIG_KIND_SIZE)
		*(uint64_t *)member(c, key) = n;
	else
		*(unsigned *)member(c, key) = (unsigned)n;
	return 0;
}

static int
set_mechanisms(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	unsigned *at = member(c, key);
	unsigned bits = 0;

	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t len = strcspn(text, BLANKS);
		int i = word_find(key->words, text, len);

		if (i < 0 || bits & 1U << i) {
			int r = quote(why, text, len);

			if (r < 0)
				return r;
			return i < 0 ? fault_words(why, key->words, NULL)
				     : fault(why, "expected each mechanism once");
		}
		bits |= 1U << i;
		text += len;
	}
	if (bits == 0)
		return fault_words(why, key->words, NULL);
	*at = bits;
	return 0;
}

static int
set_maildir(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	static const char prefix[] = "maildir:";
	const char *path = text + strlen(prefix);

	if (strncmp(text, prefix, strlen(prefix)) != 0 || *path != '/' || !is_path(path))
		return fault(why, "expected maildir: and an absolute path behind it");
	return replace(member(c, key), path, strlen(path));
}

static int
set_log(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	static const char prefix[] = "file:";
	const char *path = text + strlen(prefix);
	int i = word_find(key->words, text, strlen(text));
	int r;

	if (i >= 0) {
		config_value_clear(c, key);
		c->log = (enum config_log)i;
		return 0;
	}
	if (strncmp(text, prefix, strlen(prefix)) != 0 || !is_path(path))
		return fault_words(why, key->words, "file:PATH");
	r = replace(&c->log_file, path, strlen(path));
	if (r == 0)
		c->log = CONFIG_LOG_FILE;
	return r;
}

int
config_value_set(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why)
{
	static int (*const setters[])(struct config *, const struct config_key *,
		const char *, struct buffer *) = {
		[CONFIG_KIND_USER] = set_user,
		[CONFIG_KIND_HOST] = set_host,
		[CONFIG_KIND_DOMAINS] = set_domains,
		[CONFIG_KIND_WORD] = set_word,
		[CONFIG_KIND_SWITCH] = set_switch,
		[CONFIG_KIND_PATH] = set_path,
		[CONFIG_KIND_OPTIONAL] = set_optional,
		[CONFIG_KIND_TEXT] = set_text,
		[CONFIG_KIND_NUMBER] = set_number,
		[CONFIG_KIND_SIZE] = set_number,
		[CONFIG_KIND_MECHANISMS] = set_mechanisms,
		[CONFIG_KIND_MAILDIR] = set_maildir,
		[CONFIG_KIND_LOG] = set_log,
	};

	return setters[key->kind](c, key, text, why);
}

void
config_value_clear(struct config *c, const struct config_key *key)
{
	char **at = member(c, key);

	switch (key->kind) {
	case CONFIG_KIND_USER:
	case CONFIG_KIND_HOST:
	case CONFIG_KIND_PATH:
	case CONFIG_KIND_OPTIONAL:
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_MAILDIR:
		free(*at);
		*at = NULL;
		break;
	case CONFIG_KIND_DOMAINS:
		domains_free(c->domains);
		c->domains = NULL;
		c->n_domains = 0;
		break;
	case CONFIG_KIND_LOG:
		free(c->log_file);
		c->log_file = NULL;
		break;
	case CONFIG_KIND_WORD:
	case CONFIG_KIND_SWITCH:
	case CONFIG_KIND_NUMBER:
	case CONFIG_KIND_SIZE:
	case CONFIG_KIND_MECHANISMS:
		break;
	}
}

const char *
config_value_word(const struct config *c, const struct config_key *key)
{
	const unsigned *at = (const void *)((const char *)c + key->offset);

	return key->words[*at];
}
