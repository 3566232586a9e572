// SPDX-License-Identifier: ISC
/*
 * The header reader: what is stored of messages that are written down here; every cut and
 * every pair of cuts of them, every short message, and every limit, against the naive
 * reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "smtp_header_naive.h"

#define DATE       "Sun, 06 Nov 1994 08:49:37 +0000"
#define ADDED_DATE "Date: " DATE "\n"
#define ADDED_ID   "Message-ID: <abc123@mail.447.edu>\n"
#define ADDED      ADDED_DATE ADDED_ID
#define BOTH       "Date: d\nMessage-ID: m\n"

static char domain[] = "447.edu";
static char *domains[] = { domain };
static const struct smtp_header_facts FACTS[2] = {
	{ { "mail.447.edu", domains, 1 }, "abc123", 784111777, false },
	{ { "mail.447.edu", domains, 1 }, "abc123", 784111777, true },
};

static const struct {
	const char *what;
	const char *in;
	const char *stored;
} KNOWN[] = {
	{ "whole", BOTH "Subject: x\n\nbody\n", BOTH "Subject: x\n\nbody\n" },
	{ "nothing is there", "Subject: x\n\nbody\n", "Subject: x\n" ADDED "\nbody\n" },
	{ "no Date", "Message-ID: m\n\nbody\n", "Message-ID: m\n" ADDED_DATE "\nbody\n" },
	{ "no Message-ID", "Date: d\n\nbody\n", "Date: d\n" ADDED_ID "\nbody\n" },
	{ "any case", "DATE:\nmESSAGE-iD:\n\n", "DATE:\nmESSAGE-iD:\n\n" },
	{ "blanks before the colon", "Date \t : d\nMessage-ID\t:m\n\n",
		"Date \t : d\nMessage-ID\t:m\n\n" },
	{ "longer and shorter names", "Dates: d\nDat: d\nMessage-IDs: m\nX-Date: x\n\n",
		"Dates: d\nDat: d\nMessage-IDs: m\nX-Date: x\n" ADDED "\n" },
	{ "in the body", "A: b\n\n" BOTH "Bcc: x\n",
		"A: b\n" ADDED "\n" BOTH "Bcc: x\n" },
	{ "folded", "A: b\n Date: d\n\tMessage-ID: m\n\n",
		"A: b\n Date: d\n\tMessage-ID: m\n" ADDED "\n" },
	{ "a line of blanks is no end", BOTH "A: b\n  \n\t\nBcc: x\nC: d\n\n",
		BOTH "A: b\n  \n\t\nC: d\n\n" },
	{ "8-bit", BOTH "Subject: gr\xc3\xbc\xc3\x9f\x65 \xff\n\n\xff\n",
		BOTH "Subject: gr\xc3\xbc\xc3\x9f\x65 \xff\n\n\xff\n" },
	{ "empty values", BOTH "A:\nB:\n\n", BOTH "A:\nB:\n\n" },

	/* no header, or no end of it */
	{ "empty", "", ADDED },
	{ "an empty line", "\n", ADDED "\n" },
	{ "an empty line first", "\nbody\n", ADDED "\nbody\n" },
	{ "header only", "Subject: x\n", "Subject: x\n" ADDED },
	{ "whole header only", BOTH, BOTH },
	{ "header only, not ended", "Subject: x", "Subject: x\n" ADDED },
	{ "whole header only, not ended", "Date:\nMessage-ID: m",
		"Date:\nMessage-ID: m" },
	{ "dropped at the end, not ended", "Date: d\nBcc: x", "Date: d\n" ADDED_ID },
	{ "only what is dropped", "Bcc: x\n", ADDED },
	{ "body not ended", BOTH "\nbody", BOTH "\nbody" },
	{ "a line of text", "Hi\n", ADDED "\nHi\n" },
	{ "text not ended", "Hi", ADDED "\nHi" },
	{ "text with blanks", "Hi this is a test message\n",
		ADDED "\nHi this is a test message\n" },
	{ "text with blanks, not ended", "Hi this", ADDED "\nHi this" },
	{ "a blank, not ended", "Hi ", ADDED "\nHi " },
	{ "a blank first", " Subject: x\n", ADDED "\n Subject: x\n" },
	{ "a tab first", "\t\n\nx\n", ADDED "\n\t\n\nx\n" },
	{ "a colon first", ": x\n", ADDED "\n: x\n" },
	{ "mbox", "From brad Mon Jan  1\nSubject: x\n\n",
		ADDED "\nFrom brad Mon Jan  1\nSubject: x\n\n" },
	{ "8-bit name", "gr\xc3\xbc\xc3\x9f\x65: x\n",
		ADDED "\ngr\xc3\xbc\xc3\x9f\x65: x\n" },
	{ "control byte in a name", "a\x01: x\n", ADDED "\na\x01: x\n" },
	{ "DEL in a name", "a\x7f: x\n", ADDED "\na\x7f: x\n" },
	{ "text behind fields", "Subject: x\nDear Brad\nBcc: y\n",
		"Subject: x\n" ADDED "\nDear Brad\nBcc: y\n" },
	{ "text behind a whole header", BOTH "Dear", BOTH "\nDear" },
	{ "dots", ".\n..\n", ADDED "\n.\n..\n" },

	/* what is removed */
	{ "Bcc", BOTH "To: a\nBcc: b,\n c,\n\td\nbcc:\nBCC : e\nCc: f\n\nBcc: x\n",
		BOTH "To: a\nCc: f\n\nBcc: x\n" },
	{ "Resent-Bcc", BOTH "Resent-Bcc: b\n\tc\nResent-To: d\n\n",
		BOTH "Resent-To: d\n\n" },
	{ "Return-Path", "Return-Path: <x>\nreturn-path: <y>\n z\nA: b\n\n",
		"A: b\n" ADDED "\n" },
	{ "Return-Path alone", "Return-Path: <x>\n\n", ADDED "\n" },
	{ "forged results", "Authentication-Results: mail.447.edu; auth=pass\n" BOTH "\n",
		BOTH "\n" },
	{ "forged results, spelled otherwise",
		BOTH
		"authentication-RESULTS :\n (a (nested) comment)\n\t\"MAIL.447.edu\"\n"
		" 1; auth=pass\nA: b\n\n",
		BOTH "A: b\n\n" },
	{ "results of the domain",
		BOTH "Authentication-Results: 447.edu; none\n"
		     "Authentication-Results: mx.447.edu; none\n\n",
		BOTH "\n" },
	{ "results of others",
		BOTH "Authentication-Results: foreign.example;\n dkim=pass\nA: b\n\n",
		BOTH "Authentication-Results: foreign.example;\n dkim=pass\nA: b\n\n" },
	{ "results one behind the other",
		BOTH "Authentication-Results: x; none\nAuthentication-Results: 447.edu;\n"
		     "Authentication-Results: y; none\n\n",
		BOTH "Authentication-Results: x; none\n"
		     "Authentication-Results: y; none\n\n" },
	{ "unreadable results", BOTH "Authentication-Results: dkim=pass\n\n", BOTH "\n" },
	{ "results not ended", BOTH "Authentication-Results: x; none",
		BOTH "Authentication-Results: x; none" },
	{ "forged results not ended", "Authentication-Results: 447.edu; none", ADDED },
	{ "results before text", BOTH "Authentication-Results: x; none\nHi\n",
		BOTH "Authentication-Results: x; none\n\nHi\n" },
	{ "ARC keeps its results", BOTH "ARC-Authentication-Results: i=1; 447.edu;\n\n",
		BOTH "ARC-Authentication-Results: i=1; 447.edu;\n\n" },
	{ "Received stays", BOTH "Received: from x\n by y\nReceived: z\n\n",
		BOTH "Received: from x\n by y\nReceived: z\n\n" },
};

static const struct {
	const char *in;
	size_t len;
	enum smtp_data_fault fault[2]; /* with lines that end in LF, in CRLF */
} FAULTS[] = {
#define TEXT(s) s, sizeof(s) - 1
	{ TEXT("A: b\0c\r\n"), { SMTP_DATA_NUL, SMTP_DATA_NUL } },
	{ TEXT("A: b\rc\r\n"), { SMTP_DATA_BARE_CR, SMTP_DATA_BARE_CR } },
	{ TEXT("A: b\r\r\n"), { SMTP_DATA_BARE_CR, SMTP_DATA_BARE_CR } },
	{ TEXT("A: b\r"), { SMTP_DATA_BARE_CR, SMTP_DATA_BARE_CR } },
	{ TEXT("A: b\r\n c\r"), { SMTP_DATA_BARE_CR, SMTP_DATA_BARE_CR } },
	{ TEXT("A: b\n"), { SMTP_DATA_FINE, SMTP_DATA_BARE_LF } },
	{ TEXT("A: b\r\n\n"), { SMTP_DATA_FINE, SMTP_DATA_BARE_LF } },
	{ TEXT("\n"), { SMTP_DATA_FINE, SMTP_DATA_BARE_LF } },
	{ TEXT("A: b\r\n c\nD: e\0"), { SMTP_DATA_NUL, SMTP_DATA_BARE_LF } },
	{ TEXT("A: b\rc\0\n"), { SMTP_DATA_BARE_CR, SMTP_DATA_BARE_CR } },
	{ TEXT("A: b\0\rc\n"), { SMTP_DATA_NUL, SMTP_DATA_NUL } },
	/* in the body, which is somebody else's */
	{ TEXT("A: b\r\n\r\n\0\r\n\r"), { SMTP_DATA_FINE, SMTP_DATA_FINE } },
	{ TEXT("Hi\0\r\n\r"), { SMTP_DATA_FINE, SMTP_DATA_FINE } },
	{ TEXT("Hi\r"), { SMTP_DATA_FINE, SMTP_DATA_FINE } },
	{ TEXT("\0"), { SMTP_DATA_FINE, SMTP_DATA_FINE } },
	{ TEXT("\r"), { SMTP_DATA_FINE, SMTP_DATA_FINE } },
	{ TEXT("\r\r\n"), { SMTP_DATA_FINE, SMTP_DATA_FINE } },
#undef TEXT
};

/* Feeds the pieces that end at the n cuts and at len; appends all that is stored. */
static enum smtp_data_fault
read_pieces(const struct smtp_header_facts *facts, const char *in, size_t len,
	const size_t *cuts, size_t n, struct buffer *out)
{
	struct smtp_header h;
	size_t from = 0;

	smtp_header_init(&h, facts);
	for (size_t i = 0; i <= n; i++) {
		size_t to = i < n ? cuts[i] : len, taken = 0;
		char *copy CLEANUP_FREE = malloc(to - from + 1);

		memcpy(copy, in + from, to - from);
		if (!smtp_header_ended(&h))
			assert_int_equal(
				smtp_header_feed(&h, copy, to - from, out, &taken), 0);
		assert_true(taken <= to - from);
		assert_true(taken == to - from || smtp_header_ended(&h));
		buffer_append(out, copy + taken, to - from - taken);
		from = to;
	}
	assert_int_equal(smtp_header_finish(&h, out), 0);
	return h.fault;
}

static void
check_pieces(const struct smtp_header_facts *facts, const char *in, size_t len,
	const size_t *cuts, size_t n)
{
	struct naive naive = naive_header(facts, DATE, in, len);
	char *expected CLEANUP_FREE = naive.out;
	CLEANUP(buffer_free) struct buffer out = { 0 };
	enum smtp_data_fault fault = read_pieces(facts, in, len, cuts, n, &out);

	assert_int_equal(fault, naive.fault);
	if (fault != SMTP_DATA_FINE)
		return;
	assert_int_equal(buffer_len(&out), naive.stored + len - naive.body_at);
	assert_memory_equal(buffer_data(&out), expected, naive.stored);
	if (len > naive.body_at)
		assert_memory_equal(buffer_data(&out) + naive.stored, in + naive.body_at,
			len - naive.body_at);
}

static void
check_whole_and_bytes(const struct smtp_header_facts *facts, const char *in, size_t len)
{
	size_t *each CLEANUP_FREE = calloc(len + 1, sizeof(*each));

	for (size_t i = 0; i < len; i++)
		each[i] = i + 1;
	check_pieces(facts, in, len, NULL, 0);
	check_pieces(facts, in, len, each, len);
}

static void
check_all_cuts(const struct smtp_header_facts *facts, const char *in, size_t len)
{
	check_whole_and_bytes(facts, in, len);
	for (size_t i = 0; i <= len; i++)
		for (size_t j = i; j <= len; j++)
			check_pieces(facts, in, len, (size_t[]){ i, j }, 2);
}

/* The same with CRLF for LF. */
static char *
with_crlf(const char *text)
{
	char *copy = malloc(2 * strlen(text) + 1), *to = copy;

	for (; *text; text++) {
		if (*text == '\n')
			*to++ = '\r';
		*to++ = *text;
	}
	*to = '\0';
	return copy;
}

static void
check_known(const struct smtp_header_facts *facts, const char *what, const char *in,
	const char *stored)
{
	CLEANUP(buffer_free) struct buffer out = { 0 };
	enum smtp_data_fault fault = read_pieces(facts, in, strlen(in), NULL, 0, &out);

	if (fault != SMTP_DATA_FINE || strcmp(buffer_string(&out), stored) != 0)
		fail_msg("%s: fault %d, stored:\n%s", what, (int)fault,
			buffer_string(&out));
}

static void
test_known_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
		char *in CLEANUP_FREE = with_crlf(KNOWN[i].in);
		char *stored CLEANUP_FREE = with_crlf(KNOWN[i].stored);

		check_known(&FACTS[0], KNOWN[i].what, KNOWN[i].in, KNOWN[i].stored);
		check_known(&FACTS[1], KNOWN[i].what, in, stored);
	}
}

static void
test_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(KNOWN[0]); i++) {
		char *crlf CLEANUP_FREE = with_crlf(KNOWN[i].in);

		check_all_cuts(&FACTS[0], KNOWN[i].in, strlen(KNOWN[i].in));
		check_all_cuts(&FACTS[1], crlf, strlen(crlf));
		/* Either ends a line where LF does. */
		check_all_cuts(&FACTS[0], crlf, strlen(crlf));
	}
}

static void
test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++)
		for (size_t crlf = 0; crlf < 2; crlf++) {
			CLEANUP(buffer_free) struct buffer out = { 0 };

			assert_int_equal(read_pieces(&FACTS[crlf], FAULTS[i].in,
						 FAULTS[i].len, NULL, 0, &out),
				FAULTS[i].fault[crlf]);
			check_all_cuts(&FACTS[crlf], FAULTS[i].in, FAULTS[i].len);
		}
}

/* Every message of up to LENGTH of these words, cut nowhere and everywhere. */
static void
check_every_message(const char *const *words, size_t n_words, unsigned length)
{
	unsigned count = 1;

	for (unsigned i = 0; i < length; i++)
		count *= (unsigned)n_words;
	for (unsigned code = 0; code < count; code++) {
		char in[256];
		size_t len = 0;
		unsigned rest = code;

		for (unsigned i = 0; i < length; i++, rest /= (unsigned)n_words) {
			const char *word = words[rest % n_words];
			size_t n = *word ? strlen(word) : 1; /* "" is a NUL */

			memcpy(in + len, word, n);
			len += n;
		}
		for (size_t crlf = 0; crlf < 2; crlf++)
			check_whole_and_bytes(&FACTS[crlf], in, len);
	}
}

static void
test_every_short_message(void **state)
{
	static const char *const BYTES[] = { "\r", "\n", " ", ":", "a", "\xc3", "" };
	static const char *const WORDS[] = { "Bcc",
		"Date:", "Authentication-Results:", "x;", "447.edu", ":", " ", "\n",
		"\r\n" };

	(void)state;
	check_every_message(BYTES, sizeof(BYTES) / sizeof(BYTES[0]), 5);
	check_every_message(WORDS, sizeof(WORDS) / sizeof(WORDS[0]), 4);
}

/* A message of n times the text, then the rest; cut in the middle and in blocks. */
static void
check_limit(const char *text, size_t n, const char *rest, enum smtp_data_fault fault)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	CLEANUP(buffer_free) struct buffer out = { 0 };
	size_t cuts[64], n_cuts = 0;

	for (size_t i = 0; i < n; i++)
		buffer_puts(&b, text);
	buffer_puts(&b, rest);
	for (size_t at = 4096; n_cuts < 64 && at < buffer_len(&b); at += 4095)
		cuts[n_cuts++] = at;
	assert_int_equal(read_pieces(&FACTS[0], buffer_data(&b), buffer_len(&b), cuts,
				 n_cuts, &out),
		fault);
	check_pieces(&FACTS[0], buffer_data(&b), buffer_len(&b), cuts, n_cuts);
	check_pieces(&FACTS[0], buffer_data(&b), buffer_len(&b), NULL, 0);
	check_pieces(&FACTS[0], buffer_data(&b), buffer_len(&b),
		(size_t[]){ buffer_len(&b) / 2, buffer_len(&b) - 1 }, 2);
}

static void
test_limits_of_number(void **state)
{
	(void)state;
	check_limit("Received: x\n y\n", 100, "\n", SMTP_DATA_FINE);
	check_limit("Received: x\n y\n", 101, "\n", SMTP_DATA_LOOP);
	check_limit("receiveD : x\n", 101, "", SMTP_DATA_LOOP);
	check_limit("X-Received: x\n", 101, "\n", SMTP_DATA_FINE);
	check_limit("A:\n", 1000, "\nB: x\n", SMTP_DATA_FINE);
	check_limit("A:\n", 1000, "B:", SMTP_DATA_HEADER_TOO_BIG);
	check_limit("Bcc:\n", 1001, "", SMTP_DATA_HEADER_TOO_BIG);
	check_limit("A: b\n c\n d\n", 400, "\n", SMTP_DATA_FINE);
}

static void
test_limits_of_length(void **state)
{
	char line[16384], rest[16384];

	(void)state;
	/* 256 lines of 1022 bytes and their end are all there is room for. */
	memset(line, 'x', sizeof(line));
	memcpy(line, "A:", 2);
	strcpy(line + 1022, "\n");
	check_limit(line, 256, "\nmore\n", SMTP_DATA_FINE);
	check_limit(line, 256, "\n", SMTP_DATA_FINE);
	check_limit(line, 256, "text", SMTP_DATA_FINE);
	check_limit(line, 256, " ", SMTP_DATA_HEADER_TOO_BIG);
	check_limit(line, 256, "B:", SMTP_DATA_HEADER_TOO_BIG);
	check_limit(line, 255, line + 1, SMTP_DATA_FINE);
	/* A last line with no room for both bytes of its end, or that meets both limits.
	 */
	memset(rest, 'x', sizeof(rest));
	rest[1] = ':';
	strcpy(rest + 1023, "\n");
	check_limit(line, 255, rest, SMTP_DATA_HEADER_TOO_BIG);
	rest[1023] = '\0';
	check_limit(line, 255, rest, SMTP_DATA_FINE);
	rest[1023] = rest[1024] = 'x';
	rest[8193] = '\0';
	check_limit(line, 248, rest, SMTP_DATA_HEADER_TOO_BIG);
	check_limit(line, 247, rest, SMTP_DATA_HEADER_LINE);
	for (size_t len = 8190; len < 8195; len++) {
		memset(line, 'x', sizeof(line));
		memcpy(line, "A:", 2);
		strcpy(line + len, "\n");
		check_limit(line, 1, "\n",
			len > 8192 ? SMTP_DATA_HEADER_LINE : SMTP_DATA_FINE);
		line[0] = ' ';
		check_limit("A:\n", 1, line,
			len > 8192 ? SMTP_DATA_HEADER_LINE : SMTP_DATA_FINE);
		/* A line of the body may be longer. */
		check_limit("A:\n\n", 1, line, SMTP_DATA_FINE);
	}
}

static void
test_limits_of_names(void **state)
{
	char name[2048];

	(void)state;
	for (size_t len = 250; len < 1010; len++) {
		enum smtp_data_fault fault = SMTP_DATA_FINE;

		/* With the colon beyond sense it is no field, but text. */
		if (len > 255 && len < 998)
			fault = SMTP_DATA_HEADER_NAME;
		memset(name, 'n', len);
		strcpy(name + len, ": x\n");
		check_limit("", 0, name, fault);
		check_limit("A: b\n", 1, name, fault);
		/* Nor is it one without a colon, or with blanks up to there. */
		strcpy(name + len, "\n");
		check_limit("", 0, name, SMTP_DATA_FINE);
		memset(name + 4, ' ', len - 4);
		strcpy(name + len, ": x\n");
		check_limit("A: b\n", 1, name, SMTP_DATA_FINE);
	}
}

/* A comment so long that the name behind it is not found: nobody's, then. */
static void
test_results_beyond_the_hold(void **state)
{
	static const char NAME[] = "Authentication-Results: (";
	char field[4096];

	(void)state;
	for (size_t len = 2020; len < 2060; len++)
		for (size_t tail = 0; tail < 2000; tail += 1999) {
			CLEANUP(buffer_free) struct buffer out = { 0 };

			memset(field, '(', sizeof(field));
			strcpy(field, NAME);
			memset(field + strlen(NAME), 'c', len - strlen(NAME) - 4);
			strcpy(field + len - 4, ")x;\n");
			if (tail > 0)
				memset(field + len, ' ', tail);
			strcpy(field + len + tail, "\n\n");
			read_pieces(&FACTS[0], field, strlen(field), NULL, 0, &out);
			assert_int_equal(field[0] == buffer_data(&out)[0],
				len - 1 <= SMTP_HEADER_HOLD);
			check_whole_and_bytes(&FACTS[0], field, strlen(field));
		}
}

/* However much comes, no more is held back than the struct has room for. */
static void
test_output_keeps_up(void **state)
{
	CLEANUP(buffer_free) struct buffer out = { 0 };
	struct smtp_header h;
	size_t taken, fed = 0;

	(void)state;
	smtp_header_init(&h, &FACTS[0]);
	for (int i = 0; i < 20000; i++) {
		const char *text = i == 0 ? "Subject: x" : i % 70 ? "yy" : "\n ";

		assert_int_equal(
			smtp_header_feed(&h, text, strlen(text), &out, &taken), 0);
		fed += strlen(text);
		assert_int_equal(taken, strlen(text));
		assert_int_equal(buffer_len(&out), fed);
	}
	assert_int_equal(h.fault, SMTP_DATA_FINE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_messages),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_every_short_message),
		cmocka_unit_test(test_limits_of_number),
		cmocka_unit_test(test_limits_of_length),
		cmocka_unit_test(test_limits_of_names),
		cmocka_unit_test(test_results_beyond_the_hold),
		cmocka_unit_test(test_output_keeps_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
