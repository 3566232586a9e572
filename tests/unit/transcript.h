// SPDX-License-Identifier: ISC
/*
 * The text of transcripts, as tests/transcripts/README.md describes it: escapes,
 * wildcards and base64. Whatever differs, or is malformed, fails the test and names its
 * place.
 */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

static const char BASE64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What \k stands for: a token that is somebody's. */
#define TRANSCRIPT_TOKEN "abcd-efgh-ijkm-npqr-stuv-wxyz-2345"

struct place {
	const char *file;
	unsigned line;
};

__attribute__((format(printf, 2, 3), noreturn)) static inline void
place_fail(const struct place *p, const char *format, ...)
{
	char why[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	fail_msg("%s:%u: %s", p->file, p->line, why);
	abort();
}

static inline void
base64_encode(struct buffer *out, const char *in, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		unsigned char three[3] = { 0 };
		size_t n = len - i < 3 ? len - i : 3;
		char four[4];

		memcpy(three, in + i, n);
		four[0] = BASE64[three[0] >> 2];
		four[1] = BASE64[(three[0] & 3) << 4 | three[1] >> 4];
		four[2] = n < 2 ? '=' : BASE64[(three[1] & 15) << 2 | three[2] >> 6];
		four[3] = n < 3 ? '=' : BASE64[three[2] & 63];
		buffer_append(out, four, 4);
	}
}

/* Strict: whole quads, padding at the end alone, no stray bits. */
static inline bool
base64_decode(struct buffer *out, const char *in)
{
	size_t len = strlen(in), pad = 0;
	unsigned bits = 0;

	while (pad < 2 && pad < len && in[len - 1 - pad] == '=')
		pad++;
	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len - pad; i++) {
		const char *digit = strchr(BASE64, in[i]);

		bits = bits << 6 | (unsigned)(digit ? digit - BASE64 : 0);
		if (!digit)
			return false;
		if (i % 4 > 0)
			buffer_append(
				out, &(char){ (char)(bits >> (6 - 2 * (i % 4))) }, 1);
	}
	return pad == 0 || (bits & ((1u << (2 * pad)) - 1)) == 0;
}

static void text_expand(const struct place *p, const char *text, size_t len,
	const char *star, struct buffer *b);

/* The text up to the brace that closes the one before it. */
static inline size_t
braces_len(const struct place *p, const char *text, size_t len)
{
	int depth = 1;

	for (size_t i = 0; i < len; i++) {
		depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
		if (depth == 0)
			return i;
	}
	place_fail(p, "a brace is not closed");
}

/* What stands behind a backslash; returns how many bytes of it there are. */
static inline size_t
escape_expand(const struct place *p, const char *text, size_t len, const char *star,
	struct buffer *b)
{
	static const char LETTERS[] = "rnt0\\", BYTES[] = "\r\n\t\0\\";
	const char *letter = len > 0 ? memchr(LETTERS, text[0], 5) : NULL;
	struct buffer inner = { 0 };
	uint8_t byte;
	size_t n;

	if (letter) {
		buffer_append(b, BYTES + (letter - LETTERS), 1);
		return 1;
	}
	if (len >= 3 && text[0] == 'x' && text_unhex(text + 1, 2, &byte, 1) == 0) {
		buffer_append(b, &byte, 1);
		return 3;
	}
	if (len >= 1 && text[0] == 'k') {
		buffer_puts(b, TRANSCRIPT_TOKEN);
		return 1;
	}
	if (len >= 1 && text[0] == 'w') {
		buffer_puts(b, star);
		return 1;
	}
	if (len >= 2 && memcmp(text, "b{", 2) == 0) {
		n = braces_len(p, text + 2, len - 2);
		text_expand(p, text + 2, n, star, &inner);
		base64_encode(b, buffer_data(&inner), buffer_len(&inner));
		buffer_free(&inner);
		return n + 3;
	}
	if (len >= 1 && text[0] == '{') {
		char *end;
		long times = strtol(text + 1, &end, 10);

		n = braces_len(p, text + 1, len - 1);
		if (*end != '*')
			place_fail(p, "\\{N*text} lacks its star");
		for (; times > 0; times--)
			text_expand(
				p, end + 1, (size_t)(text + 1 + n - end - 1), star, b);
		return n + 2;
	}
	place_fail(p, "what stands behind the backslash is unknown");
}

static void
text_expand(const struct place *p, const char *text, size_t len, const char *star,
	struct buffer *b)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\\')
			i += escape_expand(p, text + i + 1, len - i - 1, star, b);
		else
			buffer_append(b, text + i, 1);
}

/* Whether text is the pattern, each * of which stands for any run; the last one's is
 * written to star, which has room for size bytes. */
static inline bool
pattern_matches(const char *pattern, const char *text, char *star, size_t size)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern != '*')
		return *pattern == *text &&
		       pattern_matches(pattern + 1, text + 1, star, size);
	for (const char *end = text;; end++) {
		if (pattern_matches(pattern + 1, end, star, size)) {
			if (!strchr(pattern + 1, '*'))
				snprintf(star, size, "%.*s", (int)(end - text), text);
			return true;
		}
		if (*end == '\0')
			return false;
	}
}

#endif
