// SPDX-License-Identifier: ISC
/*
 * Labels, and address literals by a reader that takes one group after the other. Owns
 * nothing; what is no name is no fault, but "false".
 */
#include "smtp/domain.h"

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

struct reader {
	const char *at;
	const char *end;
};

bool
smtp_name_may_hold(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} NEVER[] = {
		{ 0x0080, 0x00a0 },   /* controls, a blank that does not break */
		{ 0x00ad, 0x00ad },   /* a hyphen that is not seen */
		{ 0x034f, 0x034f },   /* a joiner of marks, not seen */
		{ 0x061c, 0x061c },   /* a direction */
		{ 0x115f, 0x1160 },   /* fillers for letters, which look like blanks */
		{ 0x1680, 0x1680 },   /* a blank */
		{ 0x17b4, 0x17b5 },   /* vowels that are not seen */
		{ 0x180b, 0x180f },   /* variants, a separator, not seen */
		{ 0x2000, 0x200f },   /* blanks, joiners, directions */
		{ 0x2028, 0x202f },   /* ends of lines, directions, a blank */
		{ 0x205f, 0x206f },   /* a blank, what is not seen, directions */
		{ 0x2800, 0x2800 },   /* a sign of Braille without dots */
		{ 0x3000, 0x3000 },   /* a blank */
		{ 0x3164, 0x3164 },   /* a filler */
		{ 0xfdd0, 0xfdef },   /* no characters */
		{ 0xfe00, 0xfe0f },   /* variants, not seen */
		{ 0xfeff, 0xfeff },   /* a mark of byte order */
		{ 0xffa0, 0xffa0 },   /* a filler */
		{ 0xfff0, 0xffff },   /* stand-ins, no characters */
		{ 0x13430, 0x13442 }, /* controls and blanks of hieroglyphs */
		{ 0x16fe4, 0x16fe4 }, /* a filler */
		{ 0x1bca0, 0x1bca3 }, /* controls of shorthand */
		{ 0x1d159, 0x1d159 }, /* a note that is not seen */
		{ 0x1d173, 0x1d17a }, /* controls of music */
		{ 0xe0000, 0xe0fff }, /* tags and variants, not seen */
	};

	for (size_t i = 0; i < sizeof(NEVER) / sizeof(NEVER[0]); i++)
		if (c >= NEVER[i].from && c <= NEVER[i].to)
			return false;
	return (c & 0xfffe) != 0xfffe;
}

static bool
ascii_label_is_valid(const char *text, size_t len)
{
	if (len == 0 || len > SMTP_LABEL_MAX)
		return false;
	if (text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!text_is_letter_or_digit(text[i]) && text[i] != '-')
			return false;
	return true;
}

/* The full stops of other scripts, which some software takes for dots. */
static bool
is_foreign_dot(uint32_t c)
{
	return c == 0x3002 || c == 0xff0e || c == 0xff61;
}

static bool
label_is_valid(const char *text, size_t len)
{
	if (!utf8_has_more_than_ascii(text, len))
		return ascii_label_is_valid(text, len);
	if (text[0] == '-' || text[len - 1] == '-')
		return false;
	while (len > 0) {
		uint32_t c;
		size_t n = utf8_char(text, len, &c);

		if (n == 0)
			return false;
		if (n == 1 && !text_is_letter_or_digit(*text) && *text != '-')
			return false;
		if (n > 1 && (!smtp_name_may_hold(c) || is_foreign_dot(c)))
			return false;
		text += n;
		len -= n;
	}
	return true;
}

static bool
labels_are_valid(
	const char *text, size_t len, bool (*is_valid)(const char *label, size_t len))
{
	const char *end = text + len;

	if (len == 0 || len > SMTP_DOMAIN_MAX)
		return false;
	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		const char *stop = dot ? dot : end;

		if (!is_valid(text, (size_t)(stop - text)))
			return false;
		if (!dot)
			return true;
		text = dot + 1;
	}
}

bool
smtp_domain_is_valid(const char *text, size_t len)
{
	return labels_are_valid(text, len, ascii_label_is_valid);
}

bool
smtp_domain_is_valid_utf8(const char *text, size_t len)
{
	return labels_are_valid(text, len, label_is_valid);
}

/* All that is left is an IPv4 address: four numbers up to 255. */
static bool
is_ipv4(struct reader r)
{
	for (int i = 0; i < 4; i++) {
		unsigned value = 0, digits = 0;

		if (i > 0 && (r.at == r.end || *r.at++ != '.'))
			return false;
		for (; r.at < r.end && text_is_digit(*r.at) && digits < 3;
			r.at++, digits++)
			value = value * 10 + (unsigned)(*r.at - '0');
		if (digits == 0 || value > 255)
			return false;
	}
	return r.at == r.end;
}

/* Takes one to four hexadecimal digits. */
static bool
take_group(struct reader *r)
{
	int digits = 0;

	for (; r->at < r->end && digits < 4; r->at++, digits++) {
		char c = text_lower_char(*r->at);

		if (!text_is_digit(c) && (c < 'a' || c > 'f'))
			break;
	}
	return digits > 0;
}

static bool
take_colons(struct reader *r, size_t n)
{
	if ((size_t)(r->end - r->at) < n || memcmp(r->at, "::", n) != 0)
		return false;
	r->at += n;
	return true;
}

/* All that is left is an IPv6 address: eight groups, of which the last two may be an IPv4
 * address; or fewer with one "::" for two or more. */
static bool
is_ipv6(struct reader r)
{
	unsigned groups = 0;
	bool gap = take_colons(&r, 2), first = true;

	while (r.at < r.end) {
		if (!first && take_colons(&r, 2)) {
			if (gap)
				return false;
			gap = true;
			if (r.at == r.end)
				break;
		} else if (!first && !take_colons(&r, 1)) {
			return false;
		}
		first = false;
		if (is_ipv4(r)) {
			groups += 2;
			break;
		}
		if (!take_group(&r) || ++groups > 8)
			return false;
	}
	return gap ? groups <= 6 : groups == 8;
}

/* A tag of letters, digits and hyphens that does not end in one, a colon, and printable
 * characters. RFC 5321 would have all of them but brackets and backslash; those that mean
 * something in an address or a header are refused as well, since no tag that is
 * registered has use for them. */
static bool
is_general(struct reader r)
{
	const char *colon = memchr(r.at, ':', (size_t)(r.end - r.at));

	if (!colon || colon == r.at || colon[-1] == '-' || colon + 1 == r.end)
		return false;
	for (; r.at < colon; r.at++)
		if (!text_is_letter_or_digit(*r.at) && *r.at != '-')
			return false;
	for (r.at++; r.at < r.end; r.at++)
		if (*r.at <= ' ' || *r.at > '~' || strchr("[]\\<>()@,;\"", *r.at))
			return false;
	return true;
}

bool
smtp_literal_is_valid(const char *text, size_t len)
{
	static const char IPV6[] = "IPv6:";
	struct reader r = { .at = text + 1, .end = text + len - 1 };

	if (len < 3 || len > SMTP_DOMAIN_MAX || text[0] != '[' || text[len - 1] != ']')
		return false;
	if (!text_begins(r.at, len - 2, IPV6))
		return is_ipv4(r) || is_general(r);
	r.at += strlen(IPV6);
	return is_ipv6(r);
}
