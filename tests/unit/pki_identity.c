// SPDX-License-Identifier: ISC
/*
 * What is read of certificates, honest and hostile ones; the verdict on one as a
 * client's; pinned files. The certificates are made here, one for each row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "pki/identity.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const time_t from = 1700000000;
static const time_t until = 1800000000;

static gnutls_x509_privkey_t key_p256;

struct bytes {
	const char *data;
	size_t len;
};

#define BYTES(text)                                                                      \
	{                                                                                \
		text, sizeof(text) - 1                                                   \
	}

static gnutls_x509_crt_t
crt_begin(gnutls_x509_privkey_t key)
{
	gnutls_x509_crt_t crt;

	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(crt, "\x12\x34", 2), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(crt, from), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, until), 0);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	return crt;
}

static gnutls_datum_t
crt_end(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, gnutls_x509_crt_fmt_t format)
{
	gnutls_datum_t out;

	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(crt, format, &out), 0);
	gnutls_x509_crt_deinit(crt);
	return out;
}

/* A CN as DER: tag, length, bytes. */
static void
add_cn(gnutls_x509_crt_t crt, unsigned char tag, struct bytes text)
{
	unsigned char der[400];
	size_t head = 2;

	der[0] = tag;
	if (text.len < 128) {
		der[1] = (unsigned char)text.len;
	} else {
		der[1] = 0x82;
		der[2] = (unsigned char)(text.len >> 8);
		der[3] = (unsigned char)text.len;
		head = 4;
	}
	assert_true(head + text.len <= sizeof(der));
	memcpy(der + head, text.data, text.len);
	assert_int_equal(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME,
				 1, der, (unsigned)(head + text.len)),
		0);
}

static void
add_extension(gnutls_x509_crt_t crt, const char *oid, struct bytes der, unsigned critical)
{
	assert_int_equal(gnutls_x509_crt_set_extension_by_oid(
				 crt, oid, der.data, der.len, critical),
		0);
}

struct name_case {
	const char *what;
	struct bytes cn[2];
	struct bytes san;     /* the extension as DER */
	const char *names[3]; /* expected */
	bool has_san;
	unsigned char cn_tag; /* 0: UTF8String */
};

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_254                                                                         \
	LONG_64 LONG_64 LONG_64                                                          \
		"0123456789abcdef0123456789abcdef0123456789abcdef01234567"               \
		"89abcd"

static const struct name_case name_cases[] = {
	{ .what = "CN", .cn = { BYTES("brad") }, .names = { "brad" } },
	{ .what = "PrintableString",
		.cn = { BYTES("brad") },
		.cn_tag = 19,
		.names = { "brad" } },
	{ .what = "punctuation stays as written",
		.cn = { BYTES("a,b+\"c\\") },
		.names = { "a,b+\"c\\" } },
	{ .what = "UTF-8", .cn = { BYTES("br\xc3\xa4t") }, .names = { "br\xc3\xa4t" } },
	{ .what = "UTF-8 of 3 and 4 bytes",
		.cn = { BYTES("\xe2\x82\xac\xf0\x9f\x9a\xaa") },
		.names = { "\xe2\x82\xac\xf0\x9f\x9a\xaa" } },
	{ .what = "no CN" },
	{ .what = "two CNs", .cn = { BYTES("brad"), BYTES("root") } },
	{ .what = "empty CN", .cn = { { "", 0 } }, .cn_tag = 12 },
	{ .what = "NUL", .cn = { BYTES("brad\0x") } },
	{ .what = "NUL behind", .cn = { BYTES("brad\0") } },
	{ .what = "newline", .cn = { BYTES("brad\nu root") } },
	{ .what = "DEL", .cn = { BYTES("brad\x7f") } },
	{ .what = "C1 control", .cn = { BYTES("brad\xc2\x85") } },
	{ .what = "overlong", .cn = { BYTES("br\xc0\xaf") } },
	{ .what = "overlong of 3", .cn = { BYTES("br\xe0\x80\xaf") } },
	{ .what = "overlong of 4", .cn = { BYTES("br\xf0\x80\x80\xaf") } },
	{ .what = "surrogate", .cn = { BYTES("br\xed\xa0\x80") } },
	{ .what = "beyond Unicode", .cn = { BYTES("br\xf4\x90\x80\x80") } },
	{ .what = "no first byte of UTF-8", .cn = { BYTES("br\xf9\x80\x80\x80") } },
	{ .what = "cut UTF-8", .cn = { BYTES("br\xc3") } },
	{ .what = "lone continuation", .cn = { BYTES("br\x80") } },
	{ .what = "Latin-1 in IA5String", .cn = { BYTES("br\xe4t") }, .cn_tag = 22 },
	{ .what = "UTF-8 in IA5String", .cn = { BYTES("br\xc3\xa4") }, .cn_tag = 22 },
	{ .what = "BMPString", .cn = { BYTES("\0b\0r") }, .cn_tag = 30 },
	{ .what = "TeletexString", .cn = { BYTES("brad") }, .cn_tag = 20 },
	{ .what = "254 bytes", .cn = { BYTES(LONG_254) }, .names = { LONG_254 } },
	{ .what = "255 bytes", .cn = { BYTES(LONG_254 "e") } },
	{ .what = "rfc822Name, and the CN is not read",
		.cn = { BYTES("root") },
		.san = BYTES("\x30\x0a\x81\x08"
			     "brad@a.b"),
		.has_san = true,
		.names = { "brad@a.b" } },
	{ .what = "two rfc822Names and a DNS name",
		.san = BYTES("\x30\x17\x81\x08"
			     "brad@a.b\x82\x03"
			     "a.b\x81\x06"
			     "x@a.bc"),
		.has_san = true,
		.names = { "brad@a.b", "x@a.bc" } },
	{ .what = "a DNS name alone leaves no CN",
		.cn = { BYTES("brad") },
		.san = BYTES("\x30\x05\x82\x03"
			     "a.b"),
		.has_san = true },
	{ .what = "a URI alone leaves no CN",
		.cn = { BYTES("brad") },
		.san = BYTES("\x30\x05\x86\x03"
			     "a:b"),
		.has_san = true },
	{ .what = "an address alone leaves no CN",
		.cn = { BYTES("brad") },
		.san = BYTES("\x30\x06\x87\x04\x7f\x00\x00\x01"),
		.has_san = true },
	{ .what = "an empty SAN leaves no CN",
		.cn = { BYTES("brad") },
		.san = BYTES("\x30\x00"),
		.has_san = true },
	{ .what = "SmtpUTF8Mailbox is not read",
		.cn = { BYTES("brad") },
		.san = BYTES("\x30\x18\xa0\x16\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x09"
			     "\xa0\x0a\x0c\x08"
			     "brad@a.b"),
		.has_san = true },
	{ .what = "NUL in rfc822Name, the next one counts",
		.san = BYTES("\x30\x14\x81\x08"
			     "brad@a\0b\x81\x08"
			     "ellen@ab"),
		.has_san = true,
		.names = { "ellen@ab" } },
	{ .what = "newline in rfc822Name",
		.san = BYTES("\x30\x0a\x81\x08"
			     "brad@a\nb"),
		.has_san = true },
	{ .what = "rfc822Name beyond ASCII",
		.san = BYTES("\x30\x0a\x81\x08"
			     "br\xc3\xa4@a.b"),
		.has_san = true },
};

static gnutls_datum_t
make_named(const struct name_case *c)
{
	gnutls_x509_crt_t crt = crt_begin(key_p256);

	for (size_t i = 0; i < COUNT(c->cn); i++) {
		if (c->cn[i].data)
			add_cn(crt, c->cn_tag ? c->cn_tag : 12, c->cn[i]);
	}
	if (c->san.data)
		add_extension(crt, "2.5.29.17", c->san, 0);
	return crt_end(crt, key_p256, GNUTLS_X509_FMT_DER);
}

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(name_cases); i++) {
		const struct name_case *c = &name_cases[i];
		gnutls_datum_t der = make_named(c);
		struct pki_identity id;
		size_t n = 0;
		int r = pki_identity_read(der.data, der.size, &id);

		if (r < 0)
			fail_msg("%s: %d", c->what, r);
		while (n < COUNT(c->names) && c->names[n])
			n++;
		if (id.n_names != n || id.has_san != c->has_san)
			fail_msg("%s: %zu names, first %s, SAN %d", c->what, id.n_names,
				id.n_names > 0 ? id.names[0] : "none", id.has_san);
		for (size_t k = 0; k < n; k++)
			assert_string_equal(id.names[k], c->names[k]);
		pki_identity_clear(&id);
		assert_null(id.names);
		gnutls_free(der.data);
	}
}

/* More rfc822Names than are read. */
static void
test_many_names(void **state)
{
	gnutls_x509_crt_t crt = crt_begin(key_p256);
	gnutls_datum_t der;
	struct pki_identity id;

	(void)state;
	for (int i = 0; i < 3 * PKI_NAMES_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d@a.b", i);
		assert_int_equal(
			gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_RFC822NAME,
				name, (unsigned)strlen(name), GNUTLS_FSAN_APPEND),
			0);
	}
	der = crt_end(crt, key_p256, GNUTLS_X509_FMT_DER);
	assert_int_equal(pki_identity_read(der.data, der.size, &id), 0);
	assert_int_equal(id.n_names, PKI_NAMES_MAX);
	assert_string_equal(id.names[PKI_NAMES_MAX - 1], "n63@a.b");
	pki_identity_clear(&id);
	gnutls_free(der.data);
}

static void
test_fields(void **state)
{
	gnutls_datum_t der = make_named(&name_cases[0]);
	struct pki_identity id;
	uint8_t pin[PKI_PIN_SIZE];
	size_t size = sizeof(pin);

	(void)state;
	assert_int_equal(pki_identity_read(der.data, der.size, &id), 0);
	assert_int_equal(id.not_before, from);
	assert_int_equal(id.not_after, until);
	assert_int_equal(id.serial_len, 2);
	assert_memory_equal(id.serial, "\x12\x34", 2);
	assert_int_equal(gnutls_x509_privkey_get_key_id(
				 key_p256, GNUTLS_KEYID_USE_SHA256, pin, &size),
		0);
	assert_memory_equal(id.pin, pin, sizeof(pin));
	pki_identity_clear(&id);
	gnutls_free(der.data);
}

/* Whatever is cut, lengthened or damaged in its names is refused, and *ret untouched. */
static void
test_malformed(void **state)
{
	static const struct bytes damaged[] = {
		BYTES("\x30\x0a\x81\x09"
		      "brad@a.b"),
		BYTES("\x30\x0b\x81\x08"
		      "brad@a.b"),
		BYTES("\x30\x02\x81\x00"),
		BYTES("\x04\x00"),
		BYTES("\x30"),
	};
	gnutls_datum_t der = make_named(&name_cases[0]);
	struct pki_identity id = { .serial_len = 7 };

	(void)state;
	for (size_t len = 0; len < der.size; len++)
		assert_int_equal(pki_identity_read(der.data, len, &id), -EBADMSG);
	assert_int_equal(pki_identity_read("no certificate", 14, &id), -EBADMSG);
	gnutls_free(der.data);
	for (size_t i = 0; i < COUNT(damaged); i++) {
		der = make_named(&(struct name_case){ .san = damaged[i] });
		if (pki_identity_read(der.data, der.size, &id) != -EBADMSG)
			fail_msg("damaged SAN %zu", i);
		gnutls_free(der.data);
	}
	assert_int_equal(id.serial_len, 7);
	assert_null(id.names);
}

/* A serial number longer than RFC 5280 allows. */
static void
test_long_serial(void **state)
{
	gnutls_x509_crt_t crt = crt_begin(key_p256);
	struct pki_identity id;
	gnutls_datum_t der;

	(void)state;
	gnutls_x509_crt_set_serial(crt, "\1" LONG_64, 21);
	der = crt_end(crt, key_p256, GNUTLS_X509_FMT_DER);
	assert_int_equal(pki_identity_read(der.data, der.size, &id), -EBADMSG);
	gnutls_free(der.data);
}

struct judge_case {
	const char *what;
	time_t now; /* 0: inside the dates */
	unsigned usage;
	const char *purpose[2];
	const char *critical; /* OID of a critical extension of one NULL */
	int rsa;              /* bits, or 0 for P-256 */
	enum pki_verdict verdict;
};

static const struct judge_case judge_cases[] = {
	{ .what = "nothing said", .verdict = PKI_TRUSTED },
	{ .what = "first second", .now = from, .verdict = PKI_TRUSTED },
	{ .what = "last second", .now = until, .verdict = PKI_TRUSTED },
	{ .what = "too early", .now = from - 1, .verdict = PKI_NOT_YET_VALID },
	{ .what = "too late", .now = until + 1, .verdict = PKI_EXPIRED },
	{ .what = "client",
		.usage = GNUTLS_KEY_DIGITAL_SIGNATURE,
		.purpose = { GNUTLS_KP_TLS_WWW_CLIENT },
		.verdict = PKI_TRUSTED },
	{ .what = "any purpose", .purpose = { GNUTLS_KP_ANY }, .verdict = PKI_TRUSTED },
	{ .what = "server",
		.purpose = { GNUTLS_KP_TLS_WWW_SERVER },
		.verdict = PKI_WRONG_PURPOSE },
	{ .what = "server and client",
		.purpose = { GNUTLS_KP_TLS_WWW_SERVER, GNUTLS_KP_TLS_WWW_CLIENT },
		.verdict = PKI_TRUSTED },
	{ .what = "mail and code",
		.purpose = { GNUTLS_KP_EMAIL_PROTECTION, GNUTLS_KP_CODE_SIGNING },
		.verdict = PKI_WRONG_PURPOSE },
	{ .what = "a CA's usage",
		.usage = GNUTLS_KEY_KEY_CERT_SIGN,
		.verdict = PKI_WRONG_PURPOSE },
	{ .what = "encipherment only",
		.usage = GNUTLS_KEY_KEY_ENCIPHERMENT,
		.verdict = PKI_WRONG_PURPOSE },
	{ .what = "signature among others",
		.usage = GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_DIGITAL_SIGNATURE,
		.verdict = PKI_TRUSTED },
	{ .what = "expired comes before purpose",
		.now = until + 1,
		.purpose = { GNUTLS_KP_TLS_WWW_SERVER },
		.verdict = PKI_EXPIRED },
	{ .what = "unknown critical extension",
		.critical = "1.2.3.4.5",
		.verdict = PKI_BAD },
	{ .what = "RSA 1024", .rsa = 1024, .verdict = PKI_WEAK },
	{ .what = "RSA 2048", .rsa = 2048, .verdict = PKI_TRUSTED },
};

static void
test_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(judge_cases); i++) {
		const struct judge_case *c = &judge_cases[i];
		gnutls_x509_privkey_t rsa = NULL;
		gnutls_x509_privkey_t key = key_p256;
		gnutls_x509_crt_t crt;
		gnutls_datum_t der;
		enum pki_verdict verdict;

		if (c->rsa) {
			gnutls_x509_privkey_init(&rsa);
			assert_int_equal(gnutls_x509_privkey_generate(
						 rsa, GNUTLS_PK_RSA, (unsigned)c->rsa, 0),
				0);
			key = rsa;
		}
		crt = crt_begin(key);
		if (c->usage)
			gnutls_x509_crt_set_key_usage(crt, c->usage);
		for (int k = 0; k < 2 && c->purpose[k]; k++)
			gnutls_x509_crt_set_key_purpose_oid(crt, c->purpose[k], 0);
		if (c->critical)
			add_extension(
				crt, c->critical, (struct bytes)BYTES("\x05\x00"), 1);
		der = crt_end(crt, key, GNUTLS_X509_FMT_DER);
		verdict = pki_client_judge(
			der.data, der.size, c->now ? c->now : from + 9);
		if (verdict != c->verdict)
			fail_msg("%s: %s", c->what, pki_verdict_name(verdict));
		gnutls_free(der.data);
		if (rsa)
			gnutls_x509_privkey_deinit(rsa);
	}
	assert_int_equal(pki_client_judge("", 0, from), PKI_BAD);
	assert_int_equal(pki_client_judge("\x30\x00", 2, from), PKI_BAD);
}

static void
write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
test_pins(void **state)
{
	gnutls_x509_crt_t crt = crt_begin(key_p256);
	char directory[] = "/tmp/postern-pins.XXXXXX";
	char path[128], wrong[128], broken[128];
	char hex[PKI_PIN_HEX];
	uint8_t pin[PKI_PIN_SIZE];
	size_t size = sizeof(pin);
	struct pki_identity id;
	enum pki_verdict verdict = PKI_VERDICTS;
	gnutls_datum_t pem;

	(void)state;
	add_cn(crt, 12, (struct bytes)BYTES("brad"));
	pem = crt_end(crt, key_p256, GNUTLS_X509_FMT_PEM);
	gnutls_x509_privkey_get_key_id(key_p256, GNUTLS_KEYID_USE_SHA256, pin, &size);
	assert_non_null(mkdtemp(directory));
	assert_int_equal(
		pki_pin_find(directory, pin, from, &id, &verdict, NULL), -ENOENT);
	text_hex(pin, sizeof(pin), hex);
	snprintf(path, sizeof(path), "%s/%s", directory, hex);
	write_file(path, pem.data, pem.size);
	assert_int_equal(pki_pin_find(directory, pin, from, &id, &verdict, NULL), 0);
	assert_int_equal(verdict, PKI_TRUSTED);
	assert_int_equal(id.n_names, 1);
	assert_string_equal(id.names[0], "brad");
	assert_memory_equal(id.pin, pin, sizeof(pin));
	pki_identity_clear(&id);
	assert_int_equal(pki_pin_find(directory, pin, until + 1, &id, &verdict, NULL), 0);
	assert_int_equal(verdict, PKI_EXPIRED);
	pki_identity_clear(&id);

	/* The right certificate under another key's name. */
	pin[0] ^= 1;
	text_hex(pin, sizeof(pin), hex);
	snprintf(wrong, sizeof(wrong), "%s/%s", directory, hex);
	write_file(wrong, pem.data, pem.size);
	assert_int_equal(pki_pin_find(directory, pin, from, &id, &verdict, NULL), 0);
	assert_int_equal(verdict, PKI_BAD);
	pki_identity_clear(&id);

	verdict = PKI_VERDICTS;
	pin[1] ^= 1;
	text_hex(pin, sizeof(pin), hex);
	snprintf(broken, sizeof(broken), "%s/%s", directory, hex);
	write_file(broken, pem.data, pem.size / 2);
	assert_int_equal(
		pki_pin_find(directory, pin, from, &id, &verdict, NULL), -EBADMSG);
	write_file(broken, "", 0);
	assert_int_equal(
		pki_pin_find(directory, pin, from, &id, &verdict, NULL), -EBADMSG);
	unlink(broken);
	assert_int_equal(mkdir(broken, 0700), 0);
	assert_int_equal(
		pki_pin_find(directory, pin, from, &id, &verdict, NULL), -EINVAL);
	rmdir(broken);
	unlink(path);
	unlink(wrong);
	rmdir(directory);
	assert_int_equal(
		pki_pin_find(directory, pin, from, &id, &verdict, NULL), -ENOTDIR);
	assert_int_equal(verdict, PKI_VERDICTS);
	gnutls_free(pem.data);
}

static int
make_key(void **state)
{
	(void)state;
	return gnutls_x509_privkey_init(&key_p256) < 0 ||
	       gnutls_x509_privkey_generate(key_p256, GNUTLS_PK_ECDSA,
		       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) < 0;
}

static int
free_key(void **state)
{
	(void)state;
	gnutls_x509_privkey_deinit(key_p256);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_long_serial),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_pins),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
