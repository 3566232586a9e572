// SPDX-License-Identifier: ISC
/*
 * A strict reader of transcripts: each message has its place, each length is looked at,
 * nothing is skipped but whole messages and extensions that say nothing to the point.
 * What it reads comes from a process that may lie, so nothing here allocates, loops only
 * over what it consumes, and calls no library. The one fault is -EBADMSG.
 */
#include "tls/transcript.h"

#include <errno.h>
#include <string.h>

#include "base/reader.h"

/* RFC 8446 appendix B.3 and RFC 5246 section 7.4. */
enum message {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	ENCRYPTED_EXTENSIONS = 8,
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	CERTIFICATE_REQUEST = 13,
	SERVER_HELLO_DONE = 14,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16,
	FINISHED = 20,
};

enum {
	VERSION_12 = 0x0303,
	VERSION_13 = 0x0304,
	SESSION_ID_MAX = 32,
	EXTENSION_PRE_SHARED_KEY = 41,
	EXTENSION_SUPPORTED_VERSIONS = 43,
	NAMED_CURVE = 3,
};

/* The random of a ServerHello that is a HelloRetryRequest (RFC 8446 section 4.1.3). */
static const uint8_t RETRY[TLS_RANDOM_SIZE] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61,
	0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16,
	0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

struct hello {
	const uint8_t *random;
	uint16_t suite;
	bool tls13;
};

/* The body of the next message, which has to be of that type. */
static struct reader
begin_message(struct reader *r, enum message type)
{
	if (reader_number(r, 1) != type)
		r->bad = true;
	return reader_inner(r, 3);
}

/* A message whose content tells nothing here; the client's signature covers it. */
static void
pass_message(struct reader *r, enum message type)
{
	begin_message(r, type);
}

static struct tls_span
take_span(struct reader *r, size_t bytes)
{
	struct reader inner = reader_inner(r, bytes);

	return (struct tls_span){ inner.at, inner.left };
}

static struct tls_signed
take_signature(struct reader *r)
{
	struct tls_signed s = { .scheme = (uint16_t)reader_number(r, 2) };

	s.signature = take_span(r, 2);
	return s;
}

/* Says the version, and bars a session that is resumed by a key of an older one. */
static void
take_hello_extension(struct reader *extensions, struct hello *ret)
{
	uint32_t type = reader_number(extensions, 2);
	struct reader body = reader_inner(extensions, 2);

	if (type == EXTENSION_PRE_SHARED_KEY)
		extensions->bad = true;
	if (type != EXTENSION_SUPPORTED_VERSIONS)
		return;
	if (ret->tls13 || reader_number(&body, 2) != VERSION_13)
		extensions->bad = true;
	reader_leave(extensions, &body);
	ret->tls13 = true;
}

/* RFC 8446 section 4.1.3. */
static struct hello
take_server_hello(struct reader *r)
{
	struct reader m = begin_message(r, SERVER_HELLO), extensions;
	struct hello hello = { 0 };

	if (reader_number(&m, 2) != VERSION_12)
		m.bad = true;
	hello.random = reader_run(&m, TLS_RANDOM_SIZE);
	if (take_span(&m, 1).len > SESSION_ID_MAX)
		m.bad = true;
	hello.suite = (uint16_t)reader_number(&m, 2);
	reader_below(&m, 1, 1); /* no compression */
	if (!m.bad && m.left > 0) {
		extensions = reader_inner(&m, 2);
		while (!extensions.bad && extensions.left > 0)
			take_hello_extension(&extensions, &hello);
		reader_leave(&m, &extensions);
	}
	reader_leave(r, &m);
	return hello;
}

static bool
is_retry(const struct hello *hello)
{
	return hello->random && memcmp(hello->random, RETRY, sizeof RETRY) == 0;
}

/* The hellos, of which a HelloRetryRequest makes two each (RFC 8446 section 4.1.4). */
static void
take_hellos(struct reader *r, struct tls_transcript *t)
{
	const uint8_t *start = r->at;
	struct hello hello, again;

	pass_message(r, CLIENT_HELLO);
	t->retried = (struct tls_span){ start, (size_t)(r->at - start) };
	hello = take_server_hello(r);
	if (is_retry(&hello)) {
		pass_message(r, CLIENT_HELLO);
		again = take_server_hello(r);
		if (!hello.tls13 || !again.tls13 || again.suite != hello.suite ||
			is_retry(&again))
			r->bad = true;
		hello = again;
	} else
		t->retried.len = 0;
	t->tls13 = hello.tls13;
	t->suite = hello.suite;
	t->random = hello.random;
}

/* The list of a Certificate message, leaf first; each entry has extensions behind it in
 * TLS 1.3 (RFC 8446 section 4.4.2). Answers how many, max at most. */
static size_t
take_certificates(struct reader *r, bool tls13, struct tls_span *ret, size_t max)
{
	struct reader m = begin_message(r, CERTIFICATE), list;
	size_t n = 0;

	/* Only a request behind the handshake has a context. */
	if (tls13)
		reader_below(&m, 1, 1);
	list = reader_inner(&m, 3);
	while (!list.bad && list.left > 0) {
		struct tls_span certificate = take_span(&list, 3);

		if (tls13)
			reader_inner(&list, 2);
		if (n == max || certificate.len == 0)
			list.bad = true;
		else
			ret[n++] = certificate;
	}
	reader_leave(&m, &list);
	reader_leave(r, &m);
	if (n == 0)
		r->bad = true;
	return n;
}

static struct tls_signed
take_verify(struct reader *r)
{
	struct reader m = begin_message(r, CERTIFICATE_VERIFY);
	struct tls_signed s = take_signature(&m);

	reader_leave(r, &m);
	return s;
}

static void
take_server_certificate(struct reader *r, struct tls_transcript *t)
{
	struct tls_span chain[TLS_PEER_CHAIN_MAX];

	if (take_certificates(r, t->tls13, chain, TLS_PEER_CHAIN_MAX) > 0)
		t->server_certificate = chain[0];
}

static void
take_server_13(struct reader *r, struct tls_transcript *t)
{
	struct reader request;

	pass_message(r, ENCRYPTED_EXTENSIONS);
	request = begin_message(r, CERTIFICATE_REQUEST);
	/* As above: no context. */
	reader_below(&request, 1, 1);
	r->bad |= request.bad;
	take_server_certificate(r, t);
	t->server = take_verify(r);
	pass_message(r, FINISHED);
}

static void
take_server_12(struct reader *r, struct tls_transcript *t)
{
	struct reader exchange, done;

	take_server_certificate(r, t);
	exchange = begin_message(r, SERVER_KEY_EXCHANGE);
	t->key_exchange = (struct tls_span){ exchange.at, exchange.left };
	pass_message(r, CERTIFICATE_REQUEST);
	done = begin_message(r, SERVER_HELLO_DONE);
	reader_leave(r, &done);
}

static void
take_client(struct reader *r, struct tls_transcript *t)
{
	t->n_chain = take_certificates(r, t->tls13, t->chain, TLS_PEER_CHAIN_MAX);
	if (!t->tls13)
		pass_message(r, CLIENT_KEY_EXCHANGE);
}

int
tls_transcript_read(const void *data, size_t len, struct tls_transcript *ret)
{
	struct reader r = { .at = data, .left = len };
	struct tls_transcript t = { 0 };

	if (!data || len > TLS_TRANSCRIPT_MAX)
		return -EBADMSG;
	take_hellos(&r, &t);
	if (t.tls13)
		take_server_13(&r, &t);
	else
		take_server_12(&r, &t);
	take_client(&r, &t);
	t.before = (struct tls_span){ data, len - r.left };
	t.client = take_verify(&r);
	if (r.bad || r.left > 0)
		return -EBADMSG;
	*ret = t;
	return 0;
}

int
tls_transcript_key_exchange(
	const struct tls_span *message, bool elliptic, struct tls_signed *ret)
{
	struct reader r = { .at = message->data, .left = message->len };
	struct tls_signed s;

	if (elliptic) {
		if (reader_number(&r, 1) != NAMED_CURVE)
			r.bad = true;
		reader_number(&r, 2);
		reader_inner(&r, 1);
	} else {
		for (int i = 0; i < 3; i++)
			reader_inner(&r, 2);
	}
	s = take_signature(&r);
	if (r.bad || r.left > 0)
		return -EBADMSG;
	*ret = s;
	return 0;
}
