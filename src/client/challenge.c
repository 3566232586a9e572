// SPDX-License-Identifier: ISC
/*
 * Finds the iteration count, "r=NONCE,s=SALT,i=COUNT", with extensions behind it or
 * without. What was decoded is freed here.
 */
#include "client/challenge.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "base/text.h"
#include "pki/digest.h"

/* Takes the next attribute, which has to have this name, off the front. */
static int
take_attribute(const char **text, size_t *len, char name, const char **ret_value,
	size_t *ret_len)
{
	const char *comma = *len > 0 ? memchr(*text, ',', *len) : NULL;
	size_t n = comma ? (size_t)(comma - *text) : *len;

	if (n < 2 || (*text)[0] != name || (*text)[1] != '=')
		return -EINVAL;
	*ret_value = *text + 2;
	*ret_len = n - 2;
	n += comma ? 1 : 0;
	*text += n;
	*len -= n;
	return 0;
}

int
client_challenge_rounds(const char *challenge, uint64_t *ret)
{
	CLEANUP_FREE uint8_t *decoded = NULL;
	const char *text, *value;
	size_t len, n;
	int r;

	r = pki_base64_decode(challenge, strlen(challenge), &decoded, &len);
	if (r < 0)
		return r == -ENOMEM ? r : -EINVAL;
	text = (const char *)decoded;
	if (take_attribute(&text, &len, 'r', &value, &n) < 0 ||
		take_attribute(&text, &len, 's', &value, &n) < 0 ||
		take_attribute(&text, &len, 'i', &value, &n) < 0)
		return -EINVAL;
	r = number_parse(value, n, 1, UINT64_MAX, ret);
	if (r == -ERANGE)
		*ret = UINT64_MAX;
	return r == -EINVAL ? r : 0;
}
