// SPDX-License-Identifier: ISC
/*
 * The encodings of MIME. It opens nothing and owns nothing but scratch memory; the one
 * fault is a lack of it.
 */
#include "client/mime.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "pki/digest.h"

enum {
	LINE_MAX_WANTED = 76,
	/* Of an encoded-word, "=?UTF-8?B?" and "?=" beside the base64. */
	WORD_FRAME = 12,
	/* Bytes before base64: 75 characters (RFC 2047 section 2) leave 15 groups of 4.
	 */
	WORD_BYTES = 45,
	PLAIN_VALUE_MAX = 50,
	EXTENDED_PART = 50,
};

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool
is_ascii_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80 || is_control(*text))
			return false;
	}
	return true;
}

/* Whether the text can be folded at its blanks, and means itself. */
static bool
folds_at_blanks(const char *text, size_t first)
{
	size_t column = first;

	if (!is_ascii_text(text) || strstr(text, "=?") || *text == ' ')
		return false;
	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (n == 0 || column + n > LINE_MAX_WANTED)
			return false;
		column = 1;
		text += n + (text[n] == ' ');
		if (text[-1] == ' ' && (*text == '\0' || *text == ' '))
			return false;
	}
	return true;
}

static int
put_folded(struct buffer *b, const char *text, size_t column)
{
	bool first = true;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");
		bool fold = !first && column + 1 + n > LINE_MAX_WANTED;

		if (!first && buffer_puts(b, fold ? "\n " : " ") < 0)
			return -ENOMEM;
		column = fold ? 1 + n : column + !first + n;
		if (buffer_append(b, text, n) < 0)
			return -ENOMEM;
		first = false;
		text += n + (text[n] == ' ');
	}
	return buffer_puts(b, "\n");
}

/* How many bytes of text go into one encoded-word that begins at a column: whole
 * characters. */
static size_t
word_length(const char *text, size_t len, size_t column)
{
	size_t most = (LINE_MAX_WANTED - WORD_FRAME - column) / 4 * 3;
	size_t n = 0;
	uint32_t c;

	while (n < len) {
		size_t more = utf8_char(text + n, len - n, &c);

		more = more > 0 ? more : 1;
		if (n > 0 && (n + more > most || n + more > WORD_BYTES))
			break;
		n += more;
	}
	return n;
}

static int
put_word(struct buffer *b, const char *text, size_t len)
{
	CLEANUP_FREE char *coded = NULL;
	char clean[WORD_BYTES];

	for (size_t i = 0; i < len; i++)
		clean[i] = is_control(text[i]) ? ' ' : text[i];
	if (pki_base64_encode(clean, len, &coded) < 0)
		return -ENOMEM;
	return buffer_printf(b, "=?UTF-8?B?%s?=", coded);
}

int
client_mime_put_text(struct buffer *b, const char *name, const char *text)
{
	size_t column = strlen(name) + 2;
	size_t len = strlen(text);

	if (buffer_printf(b, "%s: ", name) < 0)
		return -ENOMEM;
	if (folds_at_blanks(text, column))
		return put_folded(b, text, column);
	while (len > 0) {
		size_t n = word_length(text, len, column);

		if (put_word(b, text, n) < 0)
			return -ENOMEM;
		text += n;
		len -= n;
		column = 1;
		if (len > 0 && buffer_puts(b, "\n ") < 0)
			return -ENOMEM;
	}
	return buffer_puts(b, "\n");
}

static int
put_quoted_value(struct buffer *b, const char *name, const char *value)
{
	if (buffer_printf(b, ";\n %s=\"", name) < 0)
		return -ENOMEM;
	for (; *value != '\0'; value++) {
		if (strchr("\"\\", *value) && buffer_puts(b, "\\") < 0)
			return -ENOMEM;
		if (buffer_append(b, value, 1) < 0)
			return -ENOMEM;
	}
	return buffer_puts(b, "\"");
}

/* One byte of an extended value (RFC 2231 section 7, attribute-char). */
static int
put_extended(struct buffer *b, char c)
{
	bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		     (c >= '0' && c <= '9') || (c != '\0' && strchr("-._+", c));

	if (is_control(c))
		return buffer_puts(b, "_");
	return plain ? buffer_append(b, &c, 1)
		     : buffer_printf(b, "%%%02X", (unsigned char)c);
}

int
client_mime_put_parameter(struct buffer *b, const char *name, const char *value)
{
	CLEANUP(buffer_free) struct buffer coded = { 0 };
	size_t at = 0, part = 0;

	if (strlen(value) <= PLAIN_VALUE_MAX && is_ascii_text(value))
		return put_quoted_value(b, name, value);
	for (; *value != '\0'; value++) {
		if (put_extended(&coded, *value) < 0)
			return -ENOMEM;
	}
	while (at < buffer_len(&coded) || part == 0) {
		const char *p = buffer_data(&coded) + at;
		size_t left = buffer_len(&coded) - at;
		size_t n = left < EXTENDED_PART ? left : EXTENDED_PART;

		/* A byte that is written %HH stays in one part. */
		if (n < left && p[n - 1] == '%')
			n -= 1;
		else if (n < left && p[n - 2] == '%')
			n -= 2;
		if (buffer_printf(b, ";\n %s*%zu*=%s%.*s", name, part++,
			    at == 0 ? "UTF-8''" : "", (int)n, p) < 0)
			return -ENOMEM;
		at += n;
	}
	return 0;
}

int
client_mime_put_base64(struct buffer *b, const void *data, size_t len)
{
	CLEANUP_FREE char *coded = NULL;
	const char *p;
	size_t left;

	if (len == 0)
		return 0;
	if (pki_base64_encode(data, len, &coded) < 0)
		return -ENOMEM;
	p = coded;
	for (left = strlen(coded); left > 0;) {
		size_t n = left < LINE_MAX_WANTED ? left : LINE_MAX_WANTED;

		if (buffer_append(b, p, n) < 0 || buffer_puts(b, "\n") < 0)
			return -ENOMEM;
		p += n;
		left -= n;
	}
	return 0;
}

bool
client_mime_is_plain(const char *text, size_t len)
{
	size_t line = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80 || c == '\0')
			return false;
		if (c == '\r' && (i + 1 == len || text[i + 1] != '\n'))
			return false;
		line = c == '\n' ? 0 : line + 1;
		if (line > CLIENT_MIME_PLAIN_LINE_MAX)
			return false;
	}
	return true;
}

/* One line, without its end. */
static int
put_quoted_line(struct buffer *b, const char *line, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		bool blank = c == ' ' || c == '\t';
		bool plain = c > ' ' && c < 0x7f && c != '=';
		size_t width;

		/* A blank at the end would be lost. */
		plain = plain || (blank && i + 1 < len);
		width = plain ? 1 : 3;
		if (column + width > LINE_MAX_WANTED - 1) {
			if (buffer_puts(b, "=\n") < 0)
				return -ENOMEM;
			column = 0;
		}
		if ((plain ? buffer_append(b, line + i, 1)
			   : buffer_printf(b, "=%02X", c)) < 0)
			return -ENOMEM;
		column += width;
	}
	return buffer_puts(b, "\n");
}

int
client_mime_put_quoted(struct buffer *b, const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		size_t used = end ? n + 1 : n;

		if (end && n > 0 && text[n - 1] == '\r')
			n--;
		if (put_quoted_line(b, text, n) < 0)
			return -ENOMEM;
		text += used;
		len -= used;
	}
	return 0;
}

int
client_mime_put_name(struct buffer *b, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);
	uint32_t c;

	while (len > 0) {
		size_t n = utf8_char(name, len, &c);
		bool fits = n > 0 && !is_control(*name);

		n = n > 0 ? n : 1;
		if ((fits ? buffer_append(b, name, n) : buffer_puts(b, "_")) < 0)
			return -ENOMEM;
		name += n;
		len -= n;
	}
	return 0;
}

static size_t
token_length(const char *text)
{
	size_t n = 0;

	while ((unsigned char)text[n] > ' ' && (unsigned char)text[n] < 0x7f &&
		!strchr("()<>@,;:\\\"/[]?=", text[n]))
		n++;
	return n;
}

bool
client_mime_is_type(const char *text)
{
	size_t n = token_length(text);

	if (n == 0 || text[n] != '/')
		return false;
	text += n + 1;
	n = token_length(text);
	if (n == 0)
		return false;
	for (text += n; *text == ';'; text += n) {
		text += 1 + strspn(text + 1, " ");
		n = token_length(text);
		if (n == 0 || text[n] != '=')
			return false;
		text += n + 1;
		n = token_length(text);
		if (n == 0)
			return false;
	}
	return *text == '\0';
}
