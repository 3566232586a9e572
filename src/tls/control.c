// SPDX-License-Identifier: ISC
/*
 * Encoding and decoding of control messages. The encoder trusts its caller; the decoder
 * trusts nothing: a reader that has met one fault yields zeros from then on, and the
 * message is refused whole. Owns nothing but the names of a decoded CLAIM, which the
 * receiver clears. Faults: -EBADMSG, -EMSGSIZE, -EPIPE, -ENOMEM, those of the socket
 * calls.
 */
#include "tls/control.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/reader.h"

/* Fields are big-endian numbers of four bytes, and runs of bytes behind their length. */

static int
put_number(struct buffer *b, uint32_t n)
{
	uint8_t be[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
		(uint8_t)n };

	return buffer_append(b, be, sizeof be);
}

static int
put_long(struct buffer *b, uint64_t n)
{
	int r = put_number(b, (uint32_t)(n >> 32));

	return r < 0 ? r : put_number(b, (uint32_t)n);
}

static int
put_bytes(struct buffer *b, const void *data, size_t len)
{
	int r = put_number(b, (uint32_t)len);

	return r < 0 ? r : buffer_append(b, data, len);
}

static uint32_t
get_number(struct reader *r)
{
	return reader_number(r, 4);
}

static uint64_t
get_long(struct reader *r)
{
	uint64_t high = get_number(r);

	return high << 32 | get_number(r);
}

static uint32_t
get_below(struct reader *r, uint32_t limit)
{
	return reader_below(r, 4, limit);
}

static const void *
get_bytes(struct reader *r, size_t max, size_t *ret_len)
{
	size_t len = get_below(r, (uint32_t)max + 1);
	const void *p = reader_run(r, len);

	*ret_len = p ? len : 0;
	return p;
}

/* A run of bytes copied to where there is room for max. */
static size_t
get_copy(struct reader *r, void *to, size_t max)
{
	size_t len;
	const void *p = get_bytes(r, max, &len);

	if (p && len > 0)
		memcpy(to, p, len);
	return len;
}

static void
get_text(struct reader *r, char *to, size_t size)
{
	size_t len = get_copy(r, to, size - 1);

	to[len] = '\0';
	if (strlen(to) != len)
		r->bad = true;
}

static int
put_identity(struct buffer *b, const struct pki_identity *id)
{
	int r = buffer_append(b, id->pin, sizeof id->pin);

	if (r < 0 || (r = put_bytes(b, id->serial, id->serial_len)) < 0 ||
		(r = put_long(b, (uint64_t)id->not_before)) < 0 ||
		(r = put_long(b, (uint64_t)id->not_after)) < 0 ||
		(r = put_number(b, id->has_san)) < 0 ||
		(r = put_number(b, (uint32_t)id->n_names)) < 0)
		return r;
	for (size_t i = 0; i < id->n_names; i++) {
		r = put_bytes(b, id->names[i], strlen(id->names[i]));
		if (r < 0)
			return r;
	}
	return 0;
}

static int
get_identity(struct reader *r, struct pki_identity *id)
{
	const void *pin = reader_run(r, sizeof id->pin);
	char name[PKI_NAME_MAX + 1];
	size_t n;

	if (pin)
		memcpy(id->pin, pin, sizeof id->pin);
	id->serial_len = get_copy(r, id->serial, sizeof id->serial);
	id->not_before = (int64_t)get_long(r);
	id->not_after = (int64_t)get_long(r);
	id->has_san = get_below(r, 2);
	n = get_below(r, PKI_NAMES_MAX + 1);
	if (n == 0 || r->bad)
		return 0;
	id->names = calloc(n, sizeof *id->names);
	if (!id->names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		get_text(r, name, sizeof name);
		if (r->bad)
			return 0;
		id->names[i] = strdup(name);
		if (!id->names[i])
			return -ENOMEM;
		id->n_names = i + 1;
	}
	return 0;
}

static int
put_proved(struct buffer *b, const struct tls_proved *p)
{
	int r = put_bytes(b, p->version, strlen(p->version));

	if (r < 0 || (r = put_bytes(b, p->cipher, strlen(p->cipher))) < 0 ||
		(r = put_bytes(b, p->exporter, p->exporter_len)) < 0)
		return r;
	return put_bytes(b, p->transcript.data, p->transcript.len);
}

static void
get_proved(struct reader *r, struct tls_proved *p, size_t max)
{
	get_text(r, p->version, sizeof p->version);
	get_text(r, p->cipher, sizeof p->cipher);
	p->exporter_len = get_copy(r, p->exporter, sizeof p->exporter);
	p->transcript.data = get_bytes(r, max, &p->transcript.len);
}

/* Exactly so many bytes, or nothing. */
static void
get_all_or_none(struct reader *r, struct tls_message *m, size_t size)
{
	m->bytes.data = get_bytes(r, size, &m->bytes.len);
	if (m->bytes.len != 0 && m->bytes.len != size)
		r->bad = true;
}

static int
put_failed(struct buffer *b, const struct tls_failed *f)
{
	int r = put_number(b, f->verdict);

	if (r < 0 || (r = put_bytes(b, f->pin, f->pin_len)) < 0 ||
		(r = put_number(b, (uint32_t)f->error)) < 0 ||
		(r = put_bytes(b, f->name, strlen(f->name))) < 0 ||
		(r = put_bytes(b, f->last, strlen(f->last))) < 0 ||
		(r = put_number(b, (uint32_t)f->alert)) < 0)
		return r;
	return put_number(b, f->received);
}

static void
get_failed(struct reader *r, struct tls_failed *f)
{
	f->verdict = get_below(r, PKI_VERDICTS);
	f->pin_len = get_copy(r, f->pin, sizeof f->pin);
	f->error = (int32_t)get_number(r);
	get_text(r, f->name, sizeof f->name);
	get_text(r, f->last, sizeof f->last);
	f->alert = (int32_t)get_number(r);
	f->received = get_below(r, 2);
	if (f->pin_len != 0 && f->pin_len != sizeof f->pin)
		r->bad = true;
}

static int
put_claim(struct buffer *b, const struct tls_claim *c)
{
	int r = put_number(b, c->status);

	if (r == 0)
		r = put_number(b, c->verdict);
	if (r == 0)
		r = put_number(b, c->leaf);
	if (r == 0)
		r = put_number(b, c->self_signed);
	return r < 0 ? r : put_identity(b, &c->identity);
}

static int
put_body(struct buffer *b, const struct tls_message *m)
{
	int r;

	switch (m->kind) {
	case TLS_SIGN:
		r = put_number(b, m->sign.hash);
		if (r < 0 || (r = put_number(b, m->sign.algorithm)) < 0)
			return r;
		return put_bytes(b, m->sign.data, m->sign.len);
	case TLS_CLAIM:
		return put_claim(b, &m->claim);
	case TLS_PROVED:
	case TLS_RESUMED:
		return put_proved(b, &m->proved);
	case TLS_FAILED:
		return put_failed(b, &m->failed);
	case TLS_RELAYED:
		r = put_long(b, m->relayed.bytes);
		return r < 0 ? r : put_long(b, m->relayed.dropped);
	case TLS_GONE:
		return put_number(b, m->gone);
	case TLS_VERDICT:
		return put_number(b, m->verdict);
	case TLS_SIGNATURE:
	case TLS_STARTTLS:
	case TLS_LAST:
	case TLS_BANNER:
	case TLS_TICKET:
	case TLS_STEK:
		return put_bytes(b, m->bytes.data, m->bytes.len);
	case TLS_FORBIDDEN:
		return put_number(b, m->call);
	case TLS_EARLY:
		return 0;
	}
	return -EINVAL;
}

static int
get_body(struct reader *r, struct tls_message *m)
{
	switch (m->kind) {
	case TLS_SIGN:
		m->sign.hash = get_below(r, 2);
		m->sign.algorithm = get_number(r);
		m->sign.data = get_bytes(r, TLS_CONTROL_MAX, &m->sign.len);
		return 0;
	case TLS_CLAIM:
		m->claim.status = get_number(r);
		m->claim.verdict = get_below(r, PKI_VERDICTS);
		m->claim.leaf = get_below(r, PKI_VERDICTS);
		m->claim.self_signed = get_below(r, 2);
		return get_identity(r, &m->claim.identity);
	case TLS_PROVED:
		get_proved(r, &m->proved, TLS_TRANSCRIPT_MAX);
		return 0;
	case TLS_RESUMED:
		get_proved(r, &m->proved, 0);
		return 0;
	case TLS_FAILED:
		get_failed(r, &m->failed);
		return 0;
	case TLS_RELAYED:
		m->relayed.bytes = get_long(r);
		m->relayed.dropped = get_long(r);
		return 0;
	case TLS_GONE:
		m->gone = get_below(r, TLS_GONE_FAULT + 1);
		return 0;
	case TLS_VERDICT:
		m->verdict = get_below(r, 256);
		return 0;
	case TLS_SIGNATURE:
	case TLS_STARTTLS:
	case TLS_LAST:
	case TLS_BANNER:
		m->bytes.data = get_bytes(r, TLS_CONTROL_MAX, &m->bytes.len);
		return 0;
	case TLS_TICKET:
		get_all_or_none(r, m, TLS_TICKET_ID);
		return 0;
	case TLS_STEK:
		get_all_or_none(r, m, TLS_TICKET_KEY);
		return 0;
	case TLS_FORBIDDEN:
		m->call = get_number(r);
		return 0;
	case TLS_EARLY:
		return 0;
	}
	return -EBADMSG;
}

int
tls_message_encode(struct buffer *b, const struct tls_message *m)
{
	int r = put_number(b, m->kind);

	return r < 0 ? r : put_body(b, m);
}

int
tls_message_decode(const void *data, size_t len, struct tls_message *ret)
{
	struct reader reader = { .at = data, .left = len };
	struct tls_message m = { 0 };
	int r;

	m.kind = get_number(&reader);
	r = get_body(&reader, &m);
	if (r == 0 && (reader.bad || reader.left > 0))
		r = -EBADMSG;
	if (r < 0) {
		tls_message_clear(&m);
		return r;
	}
	*ret = m;
	return 0;
}

void
tls_message_clear(struct tls_message *m)
{
	if (m->kind == TLS_CLAIM)
		pki_identity_clear(&m->claim.identity);
	m->kind = 0;
}

static int
send_packet(int fd, const void *data, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	for (;;) {
		if (send(fd, data, len, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == ECONNRESET)
			return -EPIPE;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (errno == EAGAIN)
			poll(&p, 1, -1);
	}
}

int
tls_control_send(int fd, const struct tls_message *m)
{
	CLEANUP(buffer_wipe) struct buffer b = { 0 };
	int r = tls_message_encode(&b, m);

	if (r < 0)
		return r;
	if (buffer_len(&b) > TLS_CONTROL_MAX)
		return -EMSGSIZE;
	return send_packet(fd, buffer_data(&b), buffer_len(&b));
}

void
tls_control_send_forbidden(int fd, uint32_t call)
{
	const uint32_t packet[2] = { htobe32(TLS_FORBIDDEN), htobe32(call) };

	send(fd, packet, sizeof packet, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int
tls_control_receive(int fd, struct buffer *buffer, struct tls_message *ret)
{
	ssize_t n, size;
	int r;

	buffer_consume(buffer, buffer_len(buffer));
	/* The size of the packet first: most are small, the largest is not worth keeping
	 * room for in every process. */
	do
		n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	if (n > TLS_CONTROL_MAX)
		return -EBADMSG;
	r = buffer_reserve(buffer, (size_t)n);
	if (r < 0)
		return r;
	size = n;
	n = recv(fd, buffer_tail(buffer), (size_t)size, MSG_TRUNC);
	if (n != size)
		return -EBADMSG;
	buffer_grow(buffer, (size_t)n);
	return tls_message_decode(buffer_data(buffer), (size_t)n, ret);
}
