// SPDX-License-Identifier: ISC
/*
 * The key of a certificate, found by itself: as GnuTLS has it for every type, and nothing
 * where the certificate is cut or altered in its structure.
 */
#include "handshakes.h"

#include "pki/digest.h"
#include "pki/spki.h"

static struct handshakes world;

static int
up(void **state)
{
	(void)state;
	handshakes_make(&world);
	return 0;
}

static int
down(void **state)
{
	(void)state;
	handshakes_remove(&world);
	return 0;
}

static void
compare(gnutls_x509_crt_t crt, const char *what)
{
	uint8_t hash[PKI_SHA256_SIZE], id[PKI_SHA256_SIZE];
	size_t len, size = sizeof id;
	gnutls_datum_t der;
	const void *spki;

	TLS_PEER_CHECK(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der));
	TLS_PEER_CHECK(
		gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id, &size));
	assert_int_equal(pki_spki_find(der.data, der.size, &spki, &len), 0);
	assert_int_equal(pki_sha256(spki, len, hash), 0);
	if (memcmp(hash, id, sizeof id) != 0)
		fail_msg("%s: another key", what);
	/* Nothing behind the key matters, and all before it has to be there. */
	for (size_t n = 0; n < der.size; n++) {
		uint8_t *cut = malloc(n + 1);
		size_t left;
		const void *found;

		memcpy(cut, der.data, n);
		assert_int_equal(pki_spki_find(cut, n, &found, &left), -EBADMSG);
		free(cut);
	}
	gnutls_free(der.data);
}

static void
test_every_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_KINDS; i++)
		compare(world.clients[i].crt, handshakes_kinds[i].name);
	compare(world.ca.crt, "CA");
	compare(world.stranger.crt, "self-signed");
}

struct bytes_case {
	const char *what;
	const char *bytes;
	size_t len;
	int r;
};

#define BYTES(text) text, sizeof(text) - 1
#define SEQ4        "\x30\x00\x30\x00\x30\x00\x30\x00"

static const struct bytes_case cases[] = {
	{ "version 1", BYTES("\x30\x0f\x30\x0d\x02\x01\x05" SEQ4 "\x30\x00"), 0 },
	{ "version 3",
		BYTES("\x30\x14\x30\x12\xa0\x03\x02\x01\x02\x02\x01\x05" SEQ4 "\x30\x00"),
		0 },
	{ "long length",
		BYTES("\x30\x81\x11\x30\x82\x00\x0d\x02\x01\x05" SEQ4 "\x30\x00"), 0 },
	{ "indefinite length", BYTES("\x30\x80\x30\x0d\x02\x01\x05" SEQ4 "\x30\x00"),
		-EBADMSG },
	{ "length of four bytes",
		BYTES("\x30\x84\x00\x00\x00\x0f\x30\x0d\x02\x01\x05" SEQ4 "\x30\x00"),
		-EBADMSG },
	{ "longer than it is", BYTES("\x30\x0f\x30\x0e\x02\x01\x05" SEQ4 "\x30\x00"),
		-EBADMSG },
	{ "one element less", BYTES("\x30\x0d\x30\x0b\x02\x01\x05" SEQ4), -EBADMSG },
	{ "another tag", BYTES("\x30\x0f\x30\x0d\x02\x01\x05" SEQ4 "\x31\x00"),
		-EBADMSG },
	{ "no number", BYTES("\x30\x0f\x30\x0d\x03\x01\x05" SEQ4 "\x30\x00"), -EBADMSG },
	{ "nothing", BYTES(""), -EBADMSG },
	{ "all ones", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), -EBADMSG },
};

static void
test_structure(void **state)
{
	(void)state;
	for (size_t i = 0; i < HANDSHAKES_COUNT(cases); i++) {
		const void *spki = NULL;
		size_t len = 9;
		int r = pki_spki_find(cases[i].bytes, cases[i].len, &spki, &len);

		if (r != cases[i].r)
			fail_msg("%s: %d", cases[i].what, r);
		assert_int_equal(len, r == 0 ? 2 : 9);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_structure),
	};

	return cmocka_run_group_tests_name("pki_spki", tests, up, down);
}
