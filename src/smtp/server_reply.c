// SPDX-License-Identifier: ISC
/*
 * The parser of a server's replies. It owns nothing: lines point into the caller's data.
 * Each byte is looked at once, however small the pieces in which it comes. Faults are
 * kept, so that a caller who goes on reading gets the same answer.
 */
#include "smtp/server_reply.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

static int
reply_fail(struct smtp_server_reply *r, enum smtp_server_fault fault)
{
	r->fault = fault;
	return -EBADMSG;
}

/* The code of a line, or 0. */
static unsigned
read_code(const char *line, size_t len)
{
	if (len < 3 || line[0] < '2' || line[0] > '5')
		return 0;
	if (!text_is_digit(line[1]) || !text_is_digit(line[2]))
		return 0;
	if (len > 3 && line[3] != ' ' && line[3] != '-')
		return 0;
	return (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 +
	       (unsigned)(line[2] - '0');
}

/* Judges a whole line of len bytes, without its CRLF. */
static int
judge_line(struct smtp_server_reply *r, const char *line, size_t len,
	struct smtp_server_line *ret)
{
	unsigned code = read_code(line, len);

	if (code == 0)
		return reply_fail(r, SMTP_SERVER_NO_CODE);
	if (r->code != 0 && code != r->code)
		return reply_fail(r, SMTP_SERVER_CODE_CHANGED);
	r->lines++;
	r->bytes += len + 2;
	if (r->lines > SMTP_SERVER_LINES_MAX)
		return reply_fail(r, SMTP_SERVER_TOO_MANY_LINES);
	if (r->bytes > SMTP_SERVER_REPLY_MAX)
		return reply_fail(r, SMTP_SERVER_TOO_MUCH);
	*ret = (struct smtp_server_line){
		.code = code,
		.last = len == 3 || line[3] == ' ',
		.line = line,
		.len = len,
		.text = len > 4 ? line + 4 : line + len,
		.text_len = len > 4 ? len - 4 : 0,
	};
	r->code = code;
	if (ret->last) {
		r->code = 0;
		r->lines = 0;
		r->bytes = 0;
	}
	return 1;
}

int
smtp_server_reply_line(struct smtp_server_reply *r, const char *data, size_t len,
	struct smtp_server_line *ret, size_t *ret_consumed)
{
	size_t i;
	int found;

	if (r->fault != SMTP_SERVER_FINE)
		return -EBADMSG;
	for (i = r->scanned; i < len; i++) {
		if (i >= SMTP_SERVER_LINE_MAX)
			return reply_fail(r, SMTP_SERVER_LINE_TOO_LONG);
		if (data[i] == '\0')
			return reply_fail(r, SMTP_SERVER_NUL);
		if (data[i] == '\n')
			break;
		if (i > 0 && data[i - 1] == '\r')
			return reply_fail(r, SMTP_SERVER_BARE_CR);
	}
	r->scanned = i;
	if (i == len)
		return 0;
	if (i == 0 || data[i - 1] != '\r')
		return reply_fail(r, SMTP_SERVER_BARE_LF);
	found = judge_line(r, data, i - 1, ret);
	if (found < 0)
		return found;
	r->scanned = 0;
	*ret_consumed = i + 1;
	return 1;
}

const char *
smtp_server_fault_text(enum smtp_server_fault fault)
{
	static const char *const texts[SMTP_SERVER_FAULTS] = {
		[SMTP_SERVER_FINE] = "nothing that is wrong",
		[SMTP_SERVER_LINE_TOO_LONG] = "a line of more than 12288 bytes",
		[SMTP_SERVER_TOO_MANY_LINES] = "a reply of more than 256 lines",
		[SMTP_SERVER_TOO_MUCH] = "a reply of more than 65536 bytes",
		[SMTP_SERVER_BARE_CR] = "a line with a CR in the middle",
		[SMTP_SERVER_BARE_LF] = "a line that ends in LF without CR",
		[SMTP_SERVER_NUL] = "a NUL byte",
		[SMTP_SERVER_NO_CODE] = "a line without a reply code",
		[SMTP_SERVER_CODE_CHANGED] = "two reply codes in one reply",
	};

	return fault < SMTP_SERVER_FAULTS ? texts[fault] : texts[SMTP_SERVER_FINE];
}

/* Splits the next word off, at blanks. */
static bool
next_word(const char **text, size_t *len, const char **ret_word, size_t *ret_len)
{
	const char *p = *text;
	const char *end = p + *len;
	const char *word;

	while (p < end && *p == ' ')
		p++;
	word = p;
	while (p < end && *p != ' ')
		p++;
	*text = p;
	*len = (size_t)(end - p);
	*ret_word = word;
	*ret_len = (size_t)(p - word);
	return p > word;
}

static void
read_mechanisms(struct smtp_server_offers *o, const char *text, size_t len)
{
	static const struct {
		const char *name;
		enum smtp_server_auth bit;
	} known[] = {
		{ "SCRAM-SHA-256-PLUS", SMTP_SERVER_SCRAM_SHA_256_PLUS },
		{ "SCRAM-SHA-256", SMTP_SERVER_SCRAM_SHA_256 },
		{ "PLAIN", SMTP_SERVER_PLAIN },
		{ "LOGIN", SMTP_SERVER_LOGIN },
		{ "EXTERNAL", SMTP_SERVER_EXTERNAL },
	};
	const char *word;
	size_t n;

	o->auth_offered = true;
	while (next_word(&text, &len, &word, &n)) {
		for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
			if (text_equal(word, n, known[i].name))
				o->auth |= known[i].bit;
		}
	}
}

static void
read_size(struct smtp_server_offers *o, const char *text, size_t len)
{
	const char *word;
	size_t n;

	o->size = true;
	if (next_word(&text, &len, &word, &n))
		number_parse(word, n, 0, UINT64_MAX, &o->max_size);
}

/* One "NAME=NUMBER" after the other; what is none, or unknown, is passed over (RFC 9422
 * section 3). */
static void
read_limits(struct smtp_server_offers *o, const char *text, size_t len)
{
	const char *word, *equals;
	size_t n;

	while (next_word(&text, &len, &word, &n)) {
		uint64_t *limit = NULL;

		equals = memchr(word, '=', n);
		if (!equals)
			continue;
		if (text_equal(word, (size_t)(equals - word), "RCPTMAX"))
			limit = &o->max_recipients;
		else if (text_equal(word, (size_t)(equals - word), "MAILMAX"))
			limit = &o->max_messages;
		if (limit)
			number_parse(equals + 1, (size_t)(word + n - equals - 1), 1,
				SMTP_SERVER_LIMIT_MAX, limit);
	}
}

static void
read_flag(struct smtp_server_offers *o, const char *word, size_t len)
{
	const struct {
		const char *keyword;
		bool *flag;
	} FLAGS[] = {
		{ "STARTTLS", &o->starttls },
		{ "PIPELINING", &o->pipelining },
		{ "8BITMIME", &o->eight_bit },
		{ "SMTPUTF8", &o->utf8 },
		{ "CHUNKING", &o->chunking },
		{ "BINARYMIME", &o->binary },
		{ "ENHANCEDSTATUSCODES", &o->codes },
	};

	for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS; i++)
		if (text_equal(word, len, FLAGS[i].keyword))
			*FLAGS[i].flag = true;
}

void
smtp_server_offers_read(struct smtp_server_offers *o, const char *text, size_t len)
{
	const char *word;
	size_t n;

	if (!next_word(&text, &len, &word, &n))
		return;
	if (text_equal(word, n, "AUTH"))
		read_mechanisms(o, text, len);
	else if (text_equal(word, n, "SIZE"))
		read_size(o, text, len);
	else if (text_equal(word, n, "LIMITS"))
		read_limits(o, text, len);
	else
		read_flag(o, word, n);
}
