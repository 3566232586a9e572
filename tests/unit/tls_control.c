// SPDX-License-Identifier: ISC
/*
 * The control channel's messages: what one side writes the other reads, and nothing else
 * is accepted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "tls/control.h"

static char *NAMES[] = { (char *)"brad@447.edu", (char *)"brad" };

static struct tls_message
sample(enum tls_kind kind)
{
	struct tls_message m = { .kind = kind };

	switch (kind) {
	case TLS_SIGN:
		m.sign = (struct tls_sign){ true, 6, "digest", 6 };
		break;
	case TLS_CLAIM:
		m.claim.status = 0x42;
		m.claim.verdict = PKI_UNKNOWN_CA;
		m.claim.leaf = PKI_EXPIRED;
		m.claim.self_signed = true;
		memset(m.claim.identity.pin, 0xab, PKI_PIN_SIZE);
		memset(m.claim.identity.serial, 7, 20);
		m.claim.identity.serial_len = 20;
		m.claim.identity.not_before = -5;
		m.claim.identity.not_after = INT64_MAX;
		m.claim.identity.names = NAMES;
		m.claim.identity.n_names = 2;
		m.claim.identity.has_san = true;
		break;
	case TLS_PROVED:
		strcpy(m.proved.version, "TLS1.3");
		strcpy(m.proved.cipher, "TLS_AES_256_GCM_SHA384");
		memset(m.proved.exporter, 1, 32);
		m.proved.exporter_len = 32;
		m.proved.transcript = (struct tls_span){ (const void *)"hello", 5 };
		break;
	case TLS_RESUMED:
		strcpy(m.proved.version, "TLS1.2");
		strcpy(m.proved.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
		memset(m.proved.exporter, 2, 32);
		m.proved.exporter_len = 32;
		break;
	case TLS_TICKET:
		m.bytes.data = "the id of a key.";
		m.bytes.len = TLS_TICKET_ID;
		break;
	case TLS_STEK:
		m.bytes.data = "sixty-four bytes that nobody knows "
			       "who is not told them by a friend";
		m.bytes.len = TLS_TICKET_KEY;
		break;
	case TLS_FAILED:
		m.failed.error = -112;
		m.failed.verdict = PKI_NO_CERTIFICATE;
		strcpy(m.failed.name, "GNUTLS_E_CERTIFICATE_REQUIRED");
		strcpy(m.failed.last, "CERTIFICATE");
		m.failed.alert = -1;
		break;
	case TLS_RELAYED:
		m.relayed.bytes = UINT64_C(0x123456789abcdef0);
		m.relayed.dropped = 7;
		break;
	case TLS_GONE:
		m.gone = TLS_GONE_FAULT;
		break;
	case TLS_VERDICT:
		m.verdict = 45;
		break;
	case TLS_SIGNATURE:
	case TLS_STARTTLS:
	case TLS_LAST:
	case TLS_BANNER:
		m.bytes.data = "221 bye\r\n";
		m.bytes.len = 9;
		break;
	case TLS_FORBIDDEN:
		m.call = 257;
		break;
	case TLS_EARLY:
		break;
	}
	return m;
}

static void
assert_same(const struct tls_message *a, const struct tls_message *b)
{
	CLEANUP(buffer_free) struct buffer x = { 0 }, y = { 0 };

	assert_int_equal(a->kind, b->kind);
	assert_int_equal(tls_message_encode(&x, a), 0);
	assert_int_equal(tls_message_encode(&y, b), 0);
	assert_int_equal(buffer_len(&x), buffer_len(&y));
	assert_memory_equal(buffer_data(&x), buffer_data(&y), buffer_len(&x));
}

static void
each_kind_arrives_as_sent(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	for (enum tls_kind kind = TLS_SIGN; kind <= TLS_KIND_LAST; kind++) {
		struct tls_message sent = sample(kind), got = { 0 };

		assert_int_equal(tls_control_send(fds[0], &sent), 0);
		assert_int_equal(tls_control_receive(fds[1], &b, &got), 0);
		assert_same(&sent, &got);
		if (kind == TLS_CLAIM) {
			assert_string_equal(got.claim.identity.names[1], "brad");
			assert_true(got.claim.identity.not_before == -5);
			assert_int_equal(got.claim.leaf, PKI_EXPIRED);
			assert_true(got.claim.self_signed);
		}
		tls_message_clear(&got);
	}
	close(fds[0]);
	assert_int_equal(
		tls_control_receive(fds[1], &b, &(struct tls_message){ 0 }), -EPIPE);
	close(fds[1]);
}

/* No message is the beginning of another, and none has anything behind it. */
static void
no_cut_message_is_read(void **state)
{
	(void)state;
	for (enum tls_kind kind = TLS_SIGN; kind <= TLS_KIND_LAST; kind++) {
		CLEANUP(buffer_free) struct buffer b = { 0 };
		struct tls_message m = sample(kind), got;

		assert_int_equal(tls_message_encode(&b, &m), 0);
		for (size_t n = 0; n < buffer_len(&b); n++) {
			/* A copy of its own, so that a sanitizer sees what is read
			 * behind. */
			char *cut = malloc(n + 1);

			memcpy(cut, buffer_data(&b), n);
			assert_int_equal(tls_message_decode(cut, n, &got), -EBADMSG);
			free(cut);
		}
		assert_int_equal(buffer_append(&b, "x", 1), 0);
		assert_int_equal(
			tls_message_decode(buffer_data(&b), buffer_len(&b), &got),
			-EBADMSG);
	}
}

static void
values_out_of_range_are_refused(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m = sample(TLS_VERDICT), got;

	(void)state;
	m.verdict = 256;
	assert_int_equal(tls_message_encode(&b, &m), 0);
	assert_int_equal(
		tls_message_decode(buffer_data(&b), buffer_len(&b), &got), -EBADMSG);
	buffer_consume(&b, buffer_len(&b));
	m = sample(TLS_CLAIM);
	m.claim.verdict = PKI_VERDICTS;
	assert_int_equal(tls_message_encode(&b, &m), 0);
	assert_int_equal(
		tls_message_decode(buffer_data(&b), buffer_len(&b), &got), -EBADMSG);
	buffer_consume(&b, buffer_len(&b));
	m.claim.verdict = PKI_BAD;
	m.claim.leaf = PKI_VERDICTS;
	assert_int_equal(tls_message_encode(&b, &m), 0);
	assert_int_equal(
		tls_message_decode(buffer_data(&b), buffer_len(&b), &got), -EBADMSG);
	assert_int_equal(tls_message_decode("\0\0\0\0", 4, &got), -EBADMSG);
	assert_int_equal(tls_message_decode("\0\0\0\21", 4, &got), -EBADMSG);
}

/* A ticket's id and its key are there as a whole or not at all; and whoever resumes a
 * session has no transcript. */
static void
tickets_are_whole(void **state)
{
	static const struct {
		enum tls_kind kind;
		size_t whole;
	} cases[] = { { TLS_TICKET, TLS_TICKET_ID }, { TLS_STEK, TLS_TICKET_KEY } };
	struct tls_message got;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t len = 0; len <= cases[i].whole + 1; len++) {
			CLEANUP(buffer_free) struct buffer b = { 0 };
			char bytes[TLS_TICKET_KEY + 1] = "";
			struct tls_message m = { .kind = cases[i].kind,
				.bytes = { bytes, len } };
			bool good = len == 0 || len == cases[i].whole;

			assert_int_equal(tls_message_encode(&b, &m), 0);
			assert_int_equal(
				tls_message_decode(buffer_data(&b), buffer_len(&b), &got),
				good ? 0 : -EBADMSG);
		}
}

static void
a_resumed_session_has_no_transcript(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m = sample(TLS_RESUMED), got;

	(void)state;
	m.proved.transcript = (struct tls_span){ (const void *)"x", 1 };
	assert_int_equal(tls_message_encode(&b, &m), 0);
	assert_int_equal(
		tls_message_decode(buffer_data(&b), buffer_len(&b), &got), -EBADMSG);
}

static void
a_text_with_nul_is_refused(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message m = sample(TLS_PROVED), got;
	char *at;

	(void)state;
	assert_int_equal(tls_message_encode(&b, &m), 0);
	at = memmem(buffer_data(&b), buffer_len(&b), "TLS1.3", 6);
	assert_non_null(at);
	at[2] = '\0';
	assert_int_equal(
		tls_message_decode(buffer_data(&b), buffer_len(&b), &got), -EBADMSG);
}

static void
too_long_is_neither_sent_nor_read(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	char *big = calloc(1, TLS_CONTROL_MAX + 1);
	struct tls_message m = { .kind = TLS_LAST, .bytes = { big, TLS_CONTROL_MAX } };
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(tls_control_send(fds[0], &m), -EMSGSIZE);
	assert_int_equal(send(fds[0], big, TLS_CONTROL_MAX + 1, 0), TLS_CONTROL_MAX + 1);
	assert_int_equal(
		tls_control_receive(fds[1], &b, &(struct tls_message){ 0 }), -EBADMSG);
	close(fds[0]);
	close(fds[1]);
	free(big);
}

static void
a_transcript_has_its_own_limit(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	uint8_t *big = calloc(1, TLS_TRANSCRIPT_MAX + 1);
	struct tls_message m = sample(TLS_PROVED), got;

	(void)state;
	assert_non_null(big);
	m.proved.transcript = (struct tls_span){ big, TLS_TRANSCRIPT_MAX };
	assert_int_equal(tls_message_encode(&b, &m), 0);
	assert_in_range(buffer_len(&b), TLS_TRANSCRIPT_MAX, TLS_CONTROL_MAX);
	assert_int_equal(tls_message_decode(buffer_data(&b), buffer_len(&b), &got), 0);
	assert_int_equal(got.proved.transcript.len, TLS_TRANSCRIPT_MAX);
	buffer_consume(&b, buffer_len(&b));
	m.proved.transcript.len++;
	assert_int_equal(tls_message_encode(&b, &m), 0);
	assert_int_equal(
		tls_message_decode(buffer_data(&b), buffer_len(&b), &got), -EBADMSG);
	free(big);
}

static void
nothing_yet_is_no_end(void **state)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct tls_message got;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(tls_control_receive(fds[1], &b, &got), -EAGAIN);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_arrives_as_sent),
		cmocka_unit_test(no_cut_message_is_read),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(tickets_are_whole),
		cmocka_unit_test(a_resumed_session_has_no_transcript),
		cmocka_unit_test(a_text_with_nul_is_refused),
		cmocka_unit_test(too_long_is_neither_sent_nor_read),
		cmocka_unit_test(a_transcript_has_its_own_limit),
		cmocka_unit_test(nothing_yet_is_no_end),
	};

	return cmocka_run_group_tests_name("tls_control", tests, NULL, NULL);
}
