// SPDX-License-Identifier: ISC
/*
 * Steps over the elements of a TBSCertificate until the seventh. Owns nothing. The one
 * fault is -EBADMSG.
 */
#include "pki/spki.h"

#include <errno.h>

#include "base/reader.h"

enum {
	TAG_INTEGER = 0x02,
	TAG_SEQUENCE = 0x30,
	TAG_VERSION = 0xa0,
	LENGTH_MAX = 3, /* bytes of a length */
};

struct element {
	unsigned tag;
	const uint8_t *start; /* of the tag */
	struct reader content;
};

/* The next element in definite form (X.690 section 8.1). */
static struct element
next(struct reader *r)
{
	struct element e = { .start = r->at };
	size_t len;

	e.tag = reader_number(r, 1);
	len = reader_number(r, 1);
	if (len > 0x80)
		len = reader_number(
			r, len - 0x80 <= LENGTH_MAX ? len - 0x80 : r->left + 1);
	else if (len == 0x80)
		r->bad = true;
	e.content.at = reader_run(r, len);
	e.content.left = e.content.at ? len : 0;
	e.content.bad = r->bad;
	return e;
}

static struct element
next_of(struct reader *r, unsigned tag)
{
	struct element e = next(r);

	if (e.tag != tag)
		r->bad = e.content.bad = true;
	return e;
}

int
pki_spki_find(const void *der, size_t len, const void **ret, size_t *ret_len)
{
	/* Signature algorithm, issuer, validity, subject. */
	enum { BETWEEN = 4 };
	struct reader r = { .at = der, .left = len };
	struct reader tbs = next_of(&r, TAG_SEQUENCE).content;
	struct element e;

	tbs = next_of(&tbs, TAG_SEQUENCE).content;
	if (tbs.left > 0 && tbs.at[0] == TAG_VERSION)
		next(&tbs);
	next_of(&tbs, TAG_INTEGER);
	for (int i = 0; i < BETWEEN; i++)
		next_of(&tbs, TAG_SEQUENCE);
	e = next_of(&tbs, TAG_SEQUENCE);
	if (r.bad || tbs.bad)
		return -EBADMSG;
	*ret = e.start;
	*ret_len = (size_t)(tbs.at - e.start);
	return 0;
}
