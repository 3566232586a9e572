// SPDX-License-Identifier: ISC
/*
 * DER, element by element. Pure: nothing is kept, what is read stays where it is. Lengths
 * come from files and are never believed beyond the bytes that are there.
 */
#include "pki/der.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"

enum { LONG_FORM = 0x80, LENGTH_BYTES_MAX = 4, HEAD_MAX = 2 + LENGTH_BYTES_MAX };

bool
pki_der_is(const struct pki_der *in, uint8_t tag)
{
	return in->len > 0 && in->at[0] == tag;
}

/* The length that stands behind the tag, and the bytes that it and the tag take. */
static int
read_head(const struct pki_der *in, size_t *ret_head, size_t *ret_len)
{
	size_t len = 0;
	size_t n;

	if (in->len < 2)
		return -EBADMSG;
	if (in->at[1] < LONG_FORM) {
		*ret_head = 2;
		*ret_len = in->at[1];
		return 0;
	}
	n = in->at[1] & ~LONG_FORM;
	if (n == 0 || n > LENGTH_BYTES_MAX || in->len < 2 + n || in->at[2] == 0)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | in->at[2 + i];
	if (len < LONG_FORM)
		return -EBADMSG;
	*ret_head = 2 + n;
	*ret_len = len;
	return 0;
}

/* Tags of more than one byte do not occur in what is read here. */
static int
take(struct pki_der *in, size_t *ret_head, struct pki_der *ret)
{
	size_t head = 0;
	size_t len = 0;
	int r = read_head(in, &head, &len);

	if (r < 0)
		return r;
	if ((in->at[0] & 0x1f) == 0x1f || len > in->len - head)
		return -EBADMSG;
	*ret_head = head;
	*ret = (struct pki_der){ in->at, head + len };
	in->at += head + len;
	in->len -= head + len;
	return 0;
}

int
pki_der_take(struct pki_der *in, uint8_t tag, struct pki_der *ret)
{
	struct pki_der whole = { 0 };
	size_t head;
	int r;

	if (!pki_der_is(in, tag))
		return -EBADMSG;
	r = take(in, &head, &whole);
	if (r < 0)
		return r;
	*ret = (struct pki_der){ whole.at + head, whole.len - head };
	return 0;
}

int
pki_der_take_any(struct pki_der *in, struct pki_der *ret)
{
	size_t head;

	return take(in, &head, ret);
}

bool
pki_der_equal(struct pki_der a, struct pki_der b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Two digits as a number, or a negative one. */
static int
two_digits(const uint8_t *at)
{
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return -1;
	return (at[0] - '0') * 10 + (at[1] - '0');
}

int
pki_der_take_time(struct pki_der *in, int64_t *ret)
{
	bool is_utc = pki_der_is(in, PKI_DER_UTC_TIME);
	size_t digits = is_utc ? 12 : 14;
	struct pki_der text = { 0 };
	int part[7] = { 0 };
	struct tm tm;
	int year;
	int r = pki_der_take(in, is_utc ? PKI_DER_UTC_TIME : PKI_DER_TIME, &text);

	if (r < 0)
		return r;
	if (text.len != digits + 1 || text.at[digits] != 'Z')
		return -EBADMSG;
	for (size_t i = 0; i < digits / 2; i++) {
		part[i + is_utc] = two_digits(text.at + 2 * i);
		if (part[i + is_utc] < 0)
			return -EBADMSG;
	}
	year = is_utc ? part[1] + (part[1] < 50 ? 2000 : 1900) : part[0] * 100 + part[1];
	if (part[2] < 1 || part[2] > 12 || part[3] < 1 || part[3] > 31 || part[4] > 23 ||
		part[5] > 59 || part[6] > 60)
		return -EBADMSG;
	tm = (struct tm){ .tm_year = year - 1900,
		.tm_mon = part[2] - 1,
		.tm_mday = part[3],
		.tm_hour = part[4],
		.tm_min = part[5],
		.tm_sec = part[6] };
	*ret = timegm(&tm);
	return 0;
}

static size_t
write_head(uint8_t tag, size_t len, uint8_t ret[HEAD_MAX])
{
	size_t n = 0;

	ret[0] = tag;
	if (len < LONG_FORM) {
		ret[1] = (uint8_t)len;
		return 2;
	}
	while (n < LENGTH_BYTES_MAX && len >> (8 * n) > 0)
		n++;
	ret[1] = (uint8_t)(LONG_FORM | n);
	for (size_t i = 0; i < n; i++)
		ret[2 + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
	return 2 + n;
}

int
pki_der_put(struct buffer *b, uint8_t tag, const void *data, size_t len)
{
	uint8_t head[HEAD_MAX];
	size_t n;

	if (len > UINT32_MAX)
		return -ENOMEM;
	n = write_head(tag, len, head);
	/* All of it or none. */
	if (buffer_reserve(b, n + len) < 0 || buffer_append(b, head, n) < 0)
		return -ENOMEM;
	return len > 0 ? buffer_append(b, data, len) : 0;
}

int
pki_der_put_number(struct buffer *b, uint8_t tag, uint32_t number)
{
	uint8_t bytes[5] = { 0, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number };
	size_t skip = 0;

	/* As short as it can be, and never with the bit of a sign. */
	while (skip < 4 && bytes[skip] == 0 && bytes[skip + 1] < 0x80)
		skip++;
	return pki_der_put(b, tag, bytes + skip, sizeof(bytes) - skip);
}

int
pki_der_put_time(struct buffer *b, int64_t seconds)
{
	struct calendar c;
	char text[32];
	bool is_utc;

	calendar_of(seconds, &c);
	is_utc = c.year < 2050;
	snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", c.year, c.month, c.day,
		c.hour, c.minute, c.second);
	return pki_der_put(b, is_utc ? PKI_DER_UTC_TIME : PKI_DER_TIME,
		text + (is_utc ? 2 : 0), is_utc ? 13 : 15);
}

int
pki_der_wrap(struct buffer *b, uint8_t tag)
{
	CLEANUP(buffer_wipe) struct buffer whole = { 0 };
	struct buffer inside;
	int r = pki_der_put(&whole, tag, buffer_data(b), buffer_len(b));

	if (r < 0)
		return r;
	inside = *b;
	*b = whole;
	whole = inside;
	return 0;
}
