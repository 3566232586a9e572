// SPDX-License-Identifier: ISC
/*
 * Reads prompts. What was decoded is freed here; a lack of memory counts as a prompt that
 * is not known.
 */
#include "client/prompt.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pki/digest.h"

enum { PASSWORD_MAX = 256 };

enum client_prompt
client_prompt_read(const char *text, size_t len)
{
	CLEANUP_FREE uint8_t *prompt = NULL;
	size_t n;

	if (pki_base64_decode(text, len, &prompt, &n) < 0)
		return CLIENT_PROMPT_OTHER;
	if (text_begins((const char *)prompt, n, "user"))
		return CLIENT_PROMPT_USER;
	if (text_begins((const char *)prompt, n, "pass"))
		return CLIENT_PROMPT_PASSWORD;
	return CLIENT_PROMPT_OTHER;
}

char *
client_prompt_told(const char *text, size_t len)
{
	const char *end = text + len;
	const char *p = len > 0 ? memrchr(text, ' ', len) : NULL;

	if (!p || p == text || p[-1] != ':')
		return NULL;
	p++;
	if (p == end || end - p > PASSWORD_MAX)
		return NULL;
	for (size_t i = 0; p + i < end; i++) {
		if (p[i] <= ' ' || p[i] >= 0x7f)
			return NULL;
	}
	return strndup(p, (size_t)(end - p));
}
