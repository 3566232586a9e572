// SPDX-License-Identifier: ISC
/*
 * A parser by recursive descent over one run of bytes. Every function takes what it names
 * from the front of the cursor and answers 0, or -EINVAL where that is not there.
 */
#include "smtp/address.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

struct cursor {
	const char *at;
	const char *end;
};

struct local_part {
	char text[SMTP_LOCAL_PART_MAX + 1]; /* without quotes and escapes */
	size_t len;
	bool quoted; /* it came in quotes */
};

static int
cursor_peek(const struct cursor *c)
{
	return c->at < c->end ? (unsigned char)*c->at : -1;
}

static bool
cursor_take(struct cursor *c, char what)
{
	if (cursor_peek(c) != what)
		return false;
	c->at++;
	return true;
}

static void
cursor_skip_blanks(struct cursor *c)
{
	while (text_is_blank(cursor_peek(c)))
		c->at++;
}

static bool
is_atext(int c)
{
	return text_is_letter_or_digit(c) || (c > 0 && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Skips a character beyond ASCII that a name may hold. */
static bool
cursor_skip_utf8(struct cursor *c)
{
	uint32_t found;
	size_t n = utf8_char(c->at, (size_t)(c->end - c->at), &found);

	if (n < 2 || !smtp_name_may_hold(found))
		return false;
	c->at += n;
	return true;
}

static bool
cursor_skip_atext(struct cursor *c)
{
	if (!is_atext(cursor_peek(c)))
		return cursor_skip_utf8(c);
	c->at++;
	return true;
}

/* A domain or an address literal, as it came. */
static int
take_domain(struct cursor *c, const char **ret, size_t *ret_len)
{
	const char *from = c->at;
	bool literal = cursor_peek(c) == '[';
	bool valid;
	size_t len;

	if (literal) {
		while (c->at < c->end && *c->at != ']')
			c->at++;
		cursor_take(c, ']');
	} else {
		while (text_is_letter_or_digit(cursor_peek(c)) || cursor_peek(c) == '-' ||
			cursor_peek(c) == '.' || cursor_peek(c) >= 0x80)
			c->at++;
	}
	len = (size_t)(c->at - from);
	valid = literal ? smtp_literal_is_valid(from, len)
			: smtp_domain_is_valid_utf8(from, len);
	if (!valid)
		return -EINVAL;
	*ret = from;
	*ret_len = len;
	return 0;
}

static int
take_dot_string(struct cursor *c, struct local_part *local)
{
	const char *from = c->at;

	do {
		const char *atom = c->at;

		while (cursor_skip_atext(c))
			;
		if (c->at == atom)
			return -EINVAL;
	} while (cursor_take(c, '.'));
	local->len = (size_t)(c->at - from);
	if (local->len > SMTP_LOCAL_PART_MAX)
		return -EINVAL;
	memcpy(local->text, from, local->len);
	return 0;
}

static bool
is_printable(int c)
{
	return c >= ' ' && c <= '~';
}

static int
take_quoted_string(struct cursor *c, struct local_part *local)
{
	const char *from = c->at;

	cursor_take(c, '"');
	while (!cursor_take(c, '"')) {
		bool escaped = cursor_take(c, '\\');
		const char *at = c->at;
		size_t n;

		/* Only ASCII may stand behind a backslash (RFC 6531 section 3.3). */
		if (is_printable(cursor_peek(c)))
			c->at++;
		else if (escaped || !cursor_skip_utf8(c))
			return -EINVAL;
		n = (size_t)(c->at - at);
		if (n > SMTP_LOCAL_PART_MAX - local->len)
			return -EINVAL;
		memcpy(local->text + local->len, at, n);
		local->len += n;
	}
	return c->at - from > SMTP_LOCAL_PART_MAX ? -EINVAL : 0;
}

static int
take_local_part(struct cursor *c, struct local_part *local)
{
	local->len = 0;
	local->quoted = cursor_peek(c) == '"';
	return local->quoted ? take_quoted_string(c, local) : take_dot_string(c, local);
}

static bool
needs_quotes(const struct local_part *local)
{
	struct cursor c = { .at = local->text, .end = local->text + local->len };
	struct local_part unused = { .len = 0 };

	return take_dot_string(&c, &unused) < 0 || c.at < c.end;
}

/* Writes the local part in its shortest form and answers its length, which is never more
 * than it came with. */
static size_t
write_local_part(const struct local_part *local, char *out)
{
	size_t n = 0;

	if (!local->quoted || !needs_quotes(local)) {
		memcpy(out, local->text, local->len);
		return local->len;
	}
	out[n++] = '"';
	for (size_t i = 0; i < local->len; i++) {
		if (local->text[i] == '"' || local->text[i] == '\\')
			out[n++] = '\\';
		out[n++] = local->text[i];
	}
	out[n++] = '"';
	return n;
}

static bool
may_lack_domain(const struct local_part *local, enum smtp_path_kind kind, bool loose)
{
	if (loose)
		return true;
	return kind == SMTP_PATH_FORWARD &&
	       text_equal(local->text, local->len, "postmaster");
}

static int
take_mailbox(struct cursor *c, enum smtp_path_kind kind, bool loose,
	const char *default_domain, struct smtp_path *ret)
{
	char local_text[SMTP_LOCAL_PART_MAX + 2];
	const char *from = c->at, *domain = default_domain;
	size_t domain_len, local_len, typed_len;
	struct local_part local;
	int r = take_local_part(c, &local);

	if (r < 0)
		return r;
	if (cursor_take(c, '@')) {
		r = take_domain(c, &domain, &domain_len);
		if (r < 0)
			return r;
	} else if (!may_lack_domain(&local, kind, loose)) {
		return -EINVAL;
	} else {
		domain_len = strlen(domain);
	}
	local_len = write_local_part(&local, local_text);
	typed_len = (size_t)(c->at - from);
	if (local_len + 1 + domain_len > SMTP_ADDRESS_MAX || typed_len > SMTP_ADDRESS_MAX)
		return -EINVAL;
	memcpy(ret->address, local_text, local_len);
	ret->address[local_len] = '@';
	memcpy(ret->address + local_len + 1, domain, domain_len);
	ret->address[local_len + 1 + domain_len] = '\0';
	text_lower(ret->address + local_len + 1, domain_len);
	ret->domain_at = local_len + 1;
	memcpy(ret->typed, from, typed_len);
	ret->typed[typed_len] = '\0';
	return 0;
}

/* "@one,@two:", which RFC 5321 appendix C tells to ignore. */
static int
take_source_route(struct cursor *c)
{
	const char *domain;
	size_t len;

	do {
		int r;

		if (!cursor_take(c, '@'))
			return -EINVAL;
		r = take_domain(c, &domain, &len);
		if (r < 0)
			return r;
	} while (cursor_take(c, ','));
	return cursor_take(c, ':') ? 0 : -EINVAL;
}

static int
take_bracketed(struct cursor *c, enum smtp_path_kind kind, bool loose,
	const char *default_domain, struct smtp_path *ret)
{
	const char *from = c->at;
	int r;

	if (kind == SMTP_PATH_REVERSE && cursor_take(c, '>'))
		return 0;
	if (cursor_peek(c) == '@') {
		r = take_source_route(c);
		if (r < 0)
			return r;
		if (c->at - from > SMTP_ADDRESS_MAX)
			return -EINVAL;
	}
	r = take_mailbox(c, kind, loose, default_domain, ret);
	if (r < 0)
		return r;
	return cursor_take(c, '>') ? 0 : -EINVAL;
}

/* The colon and the opening bracket, which loose forms may lack, but not both of them and
 * the blank. */
static int
take_opening(struct cursor *c, bool loose, bool *ret_bracketed)
{
	const char *from = c->at;

	if (loose)
		cursor_skip_blanks(c);
	if (!cursor_take(c, ':') && !loose)
		return -EINVAL;
	if (loose)
		cursor_skip_blanks(c);
	*ret_bracketed = cursor_take(c, '<');
	if (!loose)
		return *ret_bracketed ? 0 : -EINVAL;
	return c->at > from ? 0 : -EINVAL;
}

int
smtp_path_parse(const char *text, size_t len, enum smtp_path_kind kind, bool loose,
	const char *default_domain, struct smtp_path *ret)
{
	struct cursor c = { .at = text, .end = text + len };
	struct smtp_path path = { .rest_len = 0 };
	int r = take_opening(&c, loose, &path.bracketed);

	if (r == 0 && path.bracketed)
		r = take_bracketed(&c, kind, loose, default_domain, &path);
	else if (r == 0)
		r = take_mailbox(&c, kind, loose, default_domain, &path);
	if (r == 0 && c.at < c.end && !text_is_blank(*c.at))
		r = -EINVAL;
	if (r < 0)
		return r;
	path.utf8 = utf8_has_more_than_ascii(text, (size_t)(c.at - text));
	cursor_skip_blanks(&c);
	*ret = path;
	ret->rest = c.at;
	ret->rest_len = (size_t)(c.end - c.at);
	return 0;
}

int
smtp_path_set_domain(struct smtp_path *path, const char *domain)
{
	size_t len = strlen(domain);

	if (path->domain_at + len > SMTP_ADDRESS_MAX)
		return -EINVAL;
	memcpy(path->address + path->domain_at, domain, len + 1);
	return 0;
}
