// SPDX-License-Identifier: ISC
/*
 * Any bytes as the transcript of a handshake: refused, or one whose parts lie in it in
 * their order, with nothing but the client's signature behind what it was made over.
 */
#include <stdlib.h>

#include "tls/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct whole {
	const uint8_t *at, *end;
};

/* The span lies in what is left, and what is left now lies behind it. */
static void
expect_next(struct whole *w, const uint8_t *data, size_t len)
{
	if (data < w->at || data > w->end || len > (size_t)(w->end - data))
		abort();
	w->at = data + len;
}

static void
expect_signature(const uint8_t *data, size_t size)
{
	struct tls_span body = { data, size };
	struct tls_signed s;

	for (int elliptic = 0; elliptic < 2; elliptic++) {
		struct whole w = { data, data + size };

		if (tls_transcript_key_exchange(&body, elliptic, &s) < 0)
			continue;
		expect_next(&w, s.signature.data, s.signature.len);
		if (w.at != w.end)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whole w = { data, data + size };
	struct tls_transcript t, cut;

	expect_signature(data, size);
	if (tls_transcript_read(data, size, &t) < 0)
		return 0;
	if (size > TLS_TRANSCRIPT_MAX || tls_transcript_read(data, size - 1, &cut) == 0)
		abort();
	expect_next(&w, t.retried.data, t.retried.len);
	expect_next(&w, t.random, TLS_RANDOM_SIZE);
	expect_next(&w, t.server_certificate.data, t.server_certificate.len);
	if (t.tls13) {
		expect_next(&w, t.server.signature.data, t.server.signature.len);
	} else {
		expect_next(&w, t.key_exchange.data, t.key_exchange.len);
		expect_signature(t.key_exchange.data, t.key_exchange.len);
	}
	if (t.n_chain == 0 || t.n_chain > TLS_PEER_CHAIN_MAX)
		abort();
	for (size_t i = 0; i < t.n_chain; i++) {
		if (t.chain[i].len == 0)
			abort();
		expect_next(&w, t.chain[i].data, t.chain[i].len);
	}
	if (t.before.data != data || t.before.len >= size)
		abort();
	w.at = w.at > data + t.before.len ? w.end : data + t.before.len;
	expect_next(&w, t.client.signature.data, t.client.signature.len);
	if (w.at != w.end)
		abort();
	return 0;
}
