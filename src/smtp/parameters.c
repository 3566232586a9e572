// SPDX-License-Identifier: ISC
/*
 * One loop that takes "KEYWORD" or "KEYWORD=VALUE" from the front, and a table of the
 * keywords that are known, each with the function that reads its value.
 */
#include "smtp/parameters.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

struct parameter {
	const char *keyword;
	size_t keyword_len;
	const char *value; /* NULL where there is no "=" */
	size_t value_len;
};

enum { SIZE_DIGITS_MAX = 20 };

static bool
is_keyword(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text_lower_char(text[i]);
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!alnum && (c != '-' || i == 0))
			return false;
	}
	return len > 0;
}

static bool
is_value(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '=')
			return false;
	return len > 0;
}

static int
read_size(struct smtp_parameters *p, const char *value, size_t len)
{
	int r;

	if (p->has_size || !value || len > SIZE_DIGITS_MAX)
		return -EINVAL;
	p->has_size = true;
	r = number_parse(value, len, 0, UINT64_MAX, &p->size);
	if (r == -ERANGE)
		p->size = UINT64_MAX;
	return r == -EINVAL ? r : 0;
}

static int
read_body(struct smtp_parameters *p, const char *value, size_t len)
{
	static const struct {
		const char *value;
		enum smtp_body body;
	} BODIES[] = {
		{ "7BIT", SMTP_BODY_TEXT },
		{ "8BITMIME", SMTP_BODY_TEXT },
		{ "BINARYMIME", SMTP_BODY_BINARY },
	};

	if (p->has_body || !value)
		return -EINVAL;
	p->has_body = true;
	for (size_t i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); i++)
		if (text_equal(value, len, BODIES[i].value)) {
			p->body = BODIES[i].body;
			return 0;
		}
	return -EINVAL;
}

static int
read_utf8(struct smtp_parameters *p, const char *value, size_t len)
{
	(void)len;
	if (p->utf8 || value)
		return -EINVAL;
	p->utf8 = true;
	return 0;
}

static bool
is_upper_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* xtext (RFC 3461 section 4), or "<>". What it says is ignored: the sender is who logged
 * in. */
static int
read_auth(struct smtp_parameters *p, const char *value, size_t len)
{
	if (p->has_auth || !value)
		return -EINVAL;
	p->has_auth = true;
	for (size_t i = 0; i < len; i++) {
		if (value[i] != '+')
			continue;
		if (len - i < 3 || !is_upper_hex(value[i + 1]) ||
			!is_upper_hex(value[i + 2]))
			return -EINVAL;
	}
	return 0;
}

static const struct {
	const char *keyword;
	int (*read)(struct smtp_parameters *p, const char *value, size_t len);
} MAIL_PARAMETERS[] = {
	{ "SIZE", read_size },
	{ "BODY", read_body },
	{ "AUTH", read_auth },
	{ "SMTPUTF8", read_utf8 },
};

/* Takes the first parameter of *text; false where there is none left. */
static bool
next_parameter(const char **text, size_t *len, struct parameter *ret)
{
	const char *at = *text, *end = *text + *len, *from, *equals;

	while (at < end && text_is_blank(*at))
		at++;
	from = at;
	while (at < end && !text_is_blank(*at))
		at++;
	*text = at;
	*len = (size_t)(end - at);
	if (at == from)
		return false;
	equals = memchr(from, '=', (size_t)(at - from));
	*ret = (struct parameter){
		.keyword = from,
		.keyword_len = (size_t)((equals ? equals : at) - from),
		.value = equals ? equals + 1 : NULL,
		.value_len = equals ? (size_t)(at - equals - 1) : 0,
	};
	return true;
}

static int
check_form(const struct parameter *p)
{
	if (!is_keyword(p->keyword, p->keyword_len))
		return -EINVAL;
	return !p->value || is_value(p->value, p->value_len) ? 0 : -EINVAL;
}

static int
read_mail_parameter(struct smtp_parameters *ret, const struct parameter *p)
{
	size_t n = sizeof(MAIL_PARAMETERS) / sizeof(MAIL_PARAMETERS[0]);

	for (size_t i = 0; i < n; i++)
		if (text_equal(p->keyword, p->keyword_len, MAIL_PARAMETERS[i].keyword))
			return MAIL_PARAMETERS[i].read(ret, p->value, p->value_len);
	return -ENOTSUP;
}

/* What HELO does not offer is unknown after it. */
static bool
is_modern(const struct smtp_parameters *p)
{
	return p->utf8 || p->body == SMTP_BODY_BINARY;
}

int
smtp_parameters_of_mail(
	const char *text, size_t len, bool modern, struct smtp_parameters *ret)
{
	struct smtp_parameters found = { .has_size = false };
	struct parameter p;

	while (next_parameter(&text, &len, &p)) {
		int r = check_form(&p);

		if (r == 0)
			r = read_mail_parameter(&found, &p);
		if (r == 0 && !modern && is_modern(&found))
			r = -ENOTSUP;
		if (r < 0)
			return r;
	}
	*ret = found;
	return 0;
}

int
smtp_parameters_of_rcpt(const char *text, size_t len)
{
	struct parameter p;
	int r;

	if (!next_parameter(&text, &len, &p))
		return 0;
	r = check_form(&p);
	return r < 0 ? r : -ENOTSUP;
}

bool
smtp_parameter_of_vrfy(const char *text, size_t *len)
{
	static const char WORD[] = "SMTPUTF8";
	size_t n = strlen(WORD), rest;

	if (*len <= n || !text_equal(text + *len - n, n, WORD))
		return false;
	rest = *len - n;
	while (rest > 0 && text_is_blank(text[rest - 1]))
		rest--;
	if (rest == 0 || rest == *len - n)
		return false;
	*len = rest;
	return true;
}
