// SPDX-License-Identifier: ISC
/*
 * The reader of transcripts: real handshakes are read, and nothing that differs from one
 * in the order of its messages, their number, or the lengths in them.
 */
#include "handshakes.h"
#include "tls/transcript.h"

enum { MESSAGES_MAX = 16, HELLO_VERSION = 4, HELLO_SESSION_ID = 38 };

static struct handshakes world;

/* One real handshake of each sort, and where its messages begin. */
struct sample {
	const char *priority;
	bool tls13, retry;
	struct buffer text;
	size_t at[MESSAGES_MAX + 1]; /* the last is the end */
	size_t n;
};

static struct sample samples[] = {
	{ .priority = HANDSHAKES_TLS12 },
	{ .priority = HANDSHAKES_TLS13, .tls13 = true },
	{ .priority = HANDSHAKES_RETRY, .tls13 = true, .retry = true },
};

static int
up(void **state)
{
	uint8_t random[TLS_RANDOM_SIZE];

	(void)state;
	memset(random, 'r', sizeof random);
	handshakes_make(&world);
	for (size_t i = 0; i < HANDSHAKES_COUNT(samples); i++) {
		struct sample *s = &samples[i];
		struct tls_transcriber t = { .credentials = world.credentials,
			.random = random };
		const uint8_t *p;
		size_t len;

		handshakes_note(&world, &world.clients[0], s->priority, &t);
		s->text = t.text;
		p = (const uint8_t *)buffer_data(&s->text);
		len = buffer_len(&s->text);
		for (size_t at = 0; at < len; s->n++) {
			assert_true(s->n < MESSAGES_MAX);
			s->at[s->n] = at;
			at += 4 + (size_t)(p[at + 1] << 16 | p[at + 2] << 8 | p[at + 3]);
		}
		s->at[s->n] = len;
	}
	return 0;
}

static int
down(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(samples); i++)
		buffer_free(&samples[i].text);
	handshakes_remove(&world);
	return 0;
}

/* From a copy of its own, so that a sanitizer sees what is read behind it. */
static int
read_copy(const void *data, size_t len, struct tls_transcript *ret)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct tls_transcript t;
	int r;

	assert_non_null(copy);
	memcpy(copy, data, len);
	r = tls_transcript_read(copy, len, ret ? ret : &t);
	free(copy);
	return r;
}

static void
expect_bad(const struct buffer *b, const char *what, size_t at)
{
	if (read_copy(buffer_data(b), buffer_len(b), NULL) != -EBADMSG)
		fail_msg("%s %zu is read", what, at);
}

/* Appends the sample's message of that number to b. */
static void
copy_message(struct buffer *b, const struct sample *s, size_t number)
{
	assert_int_equal(buffer_append(b, buffer_data(&s->text) + s->at[number],
				 s->at[number + 1] - s->at[number]),
		0);
}

static void
test_what_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(samples); i++) {
		const struct sample *s = &samples[i];
		const uint8_t *data = (const uint8_t *)buffer_data(&s->text);
		const uint8_t *end = data + buffer_len(&s->text);
		gnutls_datum_t der;
		struct tls_transcript t;

		assert_int_equal(tls_transcript_read(data, buffer_len(&s->text), &t), 0);
		assert_int_equal(t.tls13, s->tls13);
		assert_int_equal(t.retried.len, s->retry ? s->at[1] : 0);
		assert_true(s->tls13 == (t.suite >> 8 == 0x13));
		assert_memory_equal(t.random, "rrrrrrrrrrrrrrrrrrrrrrrr", 24);
		assert_memory_equal(
			t.random + 24, s->tls13 ? "rrrrrrrr" : "DOWNGRD\x01", 8);
		TLS_PEER_CHECK(gnutls_x509_crt_export2(
			world.server.crt, GNUTLS_X509_FMT_DER, &der));
		assert_int_equal(t.server_certificate.len, der.size);
		assert_memory_equal(t.server_certificate.data, der.data, der.size);
		gnutls_free(der.data);
		TLS_PEER_CHECK(gnutls_x509_crt_export2(
			world.clients[0].crt, GNUTLS_X509_FMT_DER, &der));
		assert_int_equal(t.n_chain, 1);
		assert_int_equal(t.chain[0].len, der.size);
		assert_memory_equal(t.chain[0].data, der.data, der.size);
		gnutls_free(der.data);
		assert_ptr_equal(t.before.data, data);
		assert_int_equal(t.before.len, s->at[s->n - 1]);
		assert_int_equal(t.client.scheme, 0x0403);
		assert_ptr_equal(t.client.signature.data + t.client.signature.len, end);
		assert_true(
			s->tls13 ? t.server.signature.len > 64 : t.key_exchange.len > 64);
	}
}

static void
test_no_part_is_a_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(samples); i++) {
		struct buffer *b = &samples[i].text;

		for (size_t n = 0; n < buffer_len(b); n++)
			if (read_copy(buffer_data(b), n, NULL) != -EBADMSG)
				fail_msg("%zu bytes are read", n);
		assert_int_equal(buffer_append(b, "\24\0\0\0", 4), 0);
		for (size_t n = 0; n < 4; n++) {
			expect_bad(b, "more by", 4 - n);
			b->end--;
		}
		assert_int_equal(read_copy(buffer_data(b), buffer_len(b), NULL), 0);
	}
}

static void
test_every_message_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(samples); i++) {
		const struct sample *s = &samples[i];

		for (size_t left_out = 0; left_out < s->n; left_out++) {
			CLEANUP(buffer_free) struct buffer without = { 0 };
			CLEANUP(buffer_free) struct buffer twice = { 0 };
			CLEANUP(buffer_free) struct buffer swapped = { 0 };

			for (size_t j = 0; j < s->n; j++) {
				size_t k = j == left_out       ? j + 1
					   : j == left_out + 1 ? j - 1
							       : j;

				if (j != left_out)
					copy_message(&without, s, j);
				copy_message(&twice, s, j);
				if (j == left_out)
					copy_message(&twice, s, j);
				if (left_out + 1 < s->n)
					copy_message(&swapped, s, k);
			}
			expect_bad(&without, "without message", left_out);
			expect_bad(&twice, "twice message", left_out);
			if (left_out + 1 < s->n)
				expect_bad(&swapped, "swapped message", left_out);
		}
	}
}

/* A sample with another message in the place of that number. */
static void
replace_message(struct buffer *b, const struct sample *s, size_t number, uint8_t type,
	const void *body, size_t len)
{
	uint8_t header[4] = { type, 0, (uint8_t)(len >> 8), (uint8_t)len };

	for (size_t i = 0; i < s->n; i++) {
		if (i != number) {
			copy_message(b, s, i);
			continue;
		}
		assert_int_equal(buffer_append(b, header, sizeof header), 0);
		assert_int_equal(buffer_append(b, body, len), 0);
	}
}

#define R8    "rrrrrrrr"
#define R32   R8 R8 R8 R8
#define SHARE "\0\x33\0\2\0\x1d"
#define TLS13 "\0\x2b\0\2\3\4"

/* Bodies of a ServerHello in the place of a real one's. */
static const struct {
	const char *what;
	const char *body;
	size_t len;
	bool tls13, tls12; /* whether it stands well in a transcript of that version */
} hellos[] = {
#define HELLO(what, body, tls13, tls12)                                                  \
	{                                                                                \
		what, body, sizeof(body) - 1, tls13, tls12                               \
	}
	HELLO("plain", "\3\3" R32 "\0\x13\2\0\0\x0c" TLS13 SHARE, true, false),
	HELLO("another order", "\3\3" R32 "\0\x13\2\0\0\x0c" SHARE TLS13, true, false),
	HELLO("with a session id", "\3\3" R32 "\4abcd\x13\2\0\0\6" TLS13, true, false),
	HELLO("version of its own", "\3\4" R32 "\0\x13\2\0\0\6" TLS13, false, false),
	HELLO("version of TLS 1.1", "\3\2" R32 "\0\x13\2\0\0\6" TLS13, false, false),
	HELLO("without a version", "\3\3" R32 "\0\x13\2\0\0\6" SHARE, false, true),
	HELLO("version twice", "\3\3" R32 "\0\x13\2\0\0\x0c" TLS13 TLS13, false, false),
	HELLO("a draft", "\3\3" R32 "\0\x13\2\0\0\6\0\x2b\0\2\x7f\x1c", false, false),
	HELLO("of TLS 1.2 by extension", "\3\3" R32 "\0\x13\2\0\0\6\0\x2b\0\2\3\3", false,
		false),
	HELLO("version and more", "\3\3" R32 "\0\x13\2\0\0\7\0\x2b\0\3\3\4\0", false,
		false),
	HELLO("resumed", "\3\3" R32 "\0\x13\2\0\0\x0c" TLS13 "\0\x29\0\2\0\0", false,
		false),
	HELLO("compressed", "\3\3" R32 "\0\x13\2\1\0\6" TLS13, false, false),
	HELLO("session id too long",
		"\3\3" R32 "\x21" R32 "!"
		"\x13\2\0\0\6" TLS13,
		false, false),
	HELLO("extensions too short", "\3\3" R32 "\0\x13\2\0\0\5" TLS13, false, false),
	HELLO("extensions too long", "\3\3" R32 "\0\x13\2\0\0\7" TLS13, false, false),
	HELLO("half an extension", "\3\3" R32 "\0\x13\2\0\0\x0a" TLS13 "\0\x33\0\1",
		false, false),
	HELLO("bytes behind", "\3\3" R32 "\0\x13\2\0\0\6" TLS13 "x", false, false),
	HELLO("nothing", "", false, false),
};

static void
test_server_hellos(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(hellos); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };
		bool good[] = { hellos[i].tls12, hellos[i].tls13 };

		for (size_t j = 0; j < 2; j++) {
			int r;

			replace_message(
				&b, &samples[j], 1, 2, hellos[i].body, hellos[i].len);
			r = read_copy(buffer_data(&b), buffer_len(&b), NULL);
			if (r != (good[j] ? 0 : -EBADMSG))
				fail_msg("TLS 1.%zu, ServerHello %s: %d", j + 2,
					hellos[i].what, r);
			buffer_free(&b);
		}
	}
}

/* A second HelloRetryRequest, one with another suite behind it, one of TLS 1.2. */
static void
test_retries(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct sample *s = &samples[2];
	char *suite;

	(void)state;
	for (size_t i = 0; i < s->n; i++) {
		copy_message(&b, s, i);
		if (i == 1) {
			copy_message(&b, s, 0);
			copy_message(&b, s, 1);
		}
	}
	expect_bad(&b, "a second retry", 0);
	buffer_free(&b);
	for (size_t i = 0; i < s->n; i++)
		copy_message(&b, s, i);
	assert_int_equal(read_copy(buffer_data(&b), buffer_len(&b), NULL), 0);
	suite = buffer_data(&b) + s->at[1] + HELLO_SESSION_ID;
	suite += 1 + (unsigned char)*suite;
	suite[1] = suite[1] == 2 ? 1 : 2;
	expect_bad(&b, "another suite", 0);
	buffer_free(&b);
	/* Its random in the place of a ServerHello's. */
	for (size_t i = 0; i < 2; i++) {
		const struct sample *other = &samples[i];

		for (size_t j = 0; j < other->n; j++)
			copy_message(&b, other, j);
		memcpy(buffer_data(&b) + other->at[1] + 4 + 2,
			buffer_data(&s->text) + s->at[1] + 4 + 2, TLS_RANDOM_SIZE);
		expect_bad(&b, "random of a retry", i);
		buffer_free(&b);
	}
}

/* Certificate messages of TLS 1.2 in the place of the client's. */
static const struct {
	const char *what;
	const char *body;
	size_t len;
	size_t n; /* certificates, 0 for a fault */
} certificates[] = {
#define LIST(what, body, n)                                                              \
	{                                                                                \
		what, body, sizeof(body) - 1, n                                          \
	}
	LIST("one", "\0\0\4\0\0\1a", 1),
	LIST("two", "\0\0\x9\0\0\1a\0\0\2bc", 2),
	LIST("eight", "\0\0\x20\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a",
		8),
	LIST("nine",
		"\0\0\x24\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a\0\0\1a",
		0),
	LIST("none", "\0\0\0", 0),
	LIST("an empty one", "\0\0\3\0\0\0", 0),
	LIST("an empty one behind", "\0\0\7\0\0\1a\0\0\0", 0),
	LIST("one too long", "\0\0\4\0\0\2a", 0),
	LIST("a list too short", "\0\0\3\0\0\1a", 0),
	LIST("a list too long", "\0\0\5\0\0\1a", 0),
	LIST("half a length", "\0\0\6\0\0\1a\0\0", 0),
	LIST("nothing", "", 0),
};

static void
test_certificates(void **state)
{
	const struct sample *tls12 = &samples[0];

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(certificates); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };
		struct tls_transcript t = { 0 };
		int r;

		replace_message(&b, tls12, tls12->n - 3, 11, certificates[i].body,
			certificates[i].len);
		r = read_copy(buffer_data(&b), buffer_len(&b), &t);
		if (r != (certificates[i].n ? 0 : -EBADMSG) ||
			t.n_chain != certificates[i].n)
			fail_msg("%s: %d, %zu", certificates[i].what, r, t.n_chain);
	}
}

/* A context in a request, an answer or ours: the sign of one behind the handshake. */
static void
test_contexts(void **state)
{
	const struct sample *s = &samples[1];
	static const size_t numbers[] = { 3, 4, 7 };

	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(numbers); i++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };
		size_t at = s->at[numbers[i]], len = s->at[numbers[i] + 1] - at - 4;
		uint8_t *body = malloc(len + 1);

		assert_non_null(body);
		memcpy(body + 1, buffer_data(&s->text) + at + 4, len);
		body[0] = 1;
		body[1] = 'c';
		replace_message(&b, s, numbers[i], (uint8_t)buffer_data(&s->text)[at],
			body, len + 1);
		expect_bad(&b, "context in message", numbers[i]);
		free(body);
	}
}

static const struct {
	const char *what;
	const char *body;
	size_t len;
	bool elliptic;
	bool good;
} exchanges[] = {
#define EXCHANGE(what, body, elliptic, good)                                             \
	{                                                                                \
		what, body, sizeof(body) - 1, elliptic, good                             \
	}
	EXCHANGE("curve", "\3\0\x1d\2xy\4\3\0\3sig", true, true),
	EXCHANGE("curve as numbers", "\3\0\x1d\2xy\4\3\0\3sig", false, false),
	EXCHANGE("explicit curve", "\1\0\x1d\2xy\4\3\0\3sig", true, false),
	EXCHANGE("curve, more behind", "\3\0\x1d\2xy\4\3\0\3sigs", true, false),
	EXCHANGE("curve, less behind", "\3\0\x1d\2xy\4\3\0\3si", true, false),
	EXCHANGE("curve without signature", "\3\0\x1d\2xy", true, false),
	EXCHANGE("numbers", "\0\1p\0\1g\0\2ys\4\3\0\3sig", false, true),
	EXCHANGE("numbers as curve", "\0\1p\0\1g\0\2ys\4\3\0\3sig", true, false),
	EXCHANGE("numbers, more behind", "\0\1p\0\1g\0\2ys\4\3\0\3sigs", false, false),
	EXCHANGE("numbers, less behind", "\0\1p\0\1g\0\2ys\4\3\0\3si", false, false),
	EXCHANGE("nothing", "", true, false),
};

static void
test_key_exchanges(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(exchanges); i++) {
		struct tls_span body = { (const void *)exchanges[i].body,
			exchanges[i].len };
		struct tls_signed s = { 0 };
		int r = tls_transcript_key_exchange(&body, exchanges[i].elliptic, &s);

		if (r != (exchanges[i].good ? 0 : -EBADMSG))
			fail_msg("%s: %d", exchanges[i].what, r);
		if (r < 0)
			continue;
		assert_int_equal(s.scheme, 0x0403);
		assert_int_equal(s.signature.len, 3);
		assert_memory_equal(s.signature.data, "sig", 3);
	}
}

static void
test_too_long(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	const struct sample *s = &samples[0];
	size_t rest = buffer_len(&s->text) - s->at[1];
	size_t len = TLS_TRANSCRIPT_MAX - rest - 4;
	uint8_t header[4] = { 1, (uint8_t)(len >> 16), (uint8_t)(len >> 8),
		(uint8_t)len };

	(void)state;
	assert_int_equal(buffer_append(&b, header, 4), 0);
	assert_int_equal(buffer_reserve(&b, len), 0);
	memset(buffer_tail(&b), 'x', len);
	buffer_grow(&b, len);
	assert_int_equal(buffer_append(&b, buffer_data(&s->text) + s->at[1], rest), 0);
	assert_int_equal(buffer_len(&b), TLS_TRANSCRIPT_MAX);
	assert_int_equal(read_copy(buffer_data(&b), buffer_len(&b), NULL), 0);
	buffer_free(&b);
	header[3]++;
	assert_int_equal(buffer_append(&b, header, 4), 0);
	assert_int_equal(buffer_reserve(&b, len + 1), 0);
	memset(buffer_tail(&b), 'x', len + 1);
	buffer_grow(&b, len + 1);
	assert_int_equal(buffer_append(&b, buffer_data(&s->text) + s->at[1], rest), 0);
	expect_bad(&b, "longer than", TLS_TRANSCRIPT_MAX);
	assert_int_equal(
		tls_transcript_read(NULL, 0, &(struct tls_transcript){ 0 }), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_no_part_is_a_whole),
		cmocka_unit_test(test_every_message_has_its_place),
		cmocka_unit_test(test_server_hellos),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_key_exchanges),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name("tls_transcript", tests, up, down);
}
