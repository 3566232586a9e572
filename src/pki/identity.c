// SPDX-License-Identifier: ISC
/*
 * Reads what a certificate says of its holder. Bytes that the peer chose are parsed here,
 * by GnuTLS; what leaves is plain data of bounded size. The GnuTLS handles live inside
 * one call. Faults: -EBADMSG for whatever is not a sound certificate (a fault inside the
 * SAN extension included, because names would be missed), -ENOMEM.
 */
#include "pki/identity.h"

#include <errno.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pki/handle.h"

#define OID_SAN "2.5.29.17"

/* Universal tags of the strings that are read as ASCII or UTF-8 (X.680 table 1). */
enum { TAG_UTF8 = 12, TAG_PRINTABLE = 19, TAG_IA5 = 22 };

static void
datum_cleanup(gnutls_datum_t *datum)
{
	gnutls_free(datum->data);
}

static void
sans_cleanup(gnutls_subject_alt_names_t *sans)
{
	if (*sans)
		gnutls_subject_alt_names_deinit(*sans);
}

/* The bytes of the UTF-8 character at s (RFC 3629 section 4), 0 for what is none or is a
 * control character. */
static size_t
utf8_printable(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0x20, 0xa0, 0x800, 0x10000 };
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
				 : 4;
	uint32_t c = n == 1 ? s[0] : s[0] & (0xffU >> (n + 1));

	if (n == 0 || n > len || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c == 0x7f || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

static bool
is_name(const gnutls_datum_t *text, bool ascii)
{
	size_t n;

	if (text->size == 0 || text->size > PKI_NAME_MAX)
		return false;
	for (size_t i = 0; i < text->size; i += n) {
		if (ascii && text->data[i] >= 0x80)
			return false;
		n = utf8_printable(text->data + i, text->size - i);
		if (n == 0)
			return false;
	}
	return true;
}

static int
add_name(struct pki_identity *id, const gnutls_datum_t *text)
{
	char *name = strndup((const char *)text->data, text->size);

	if (!name)
		return -ENOMEM;
	if (!id->names)
		id->names = calloc(PKI_NAMES_MAX, sizeof(*id->names));
	if (!id->names) {
		free(name);
		return -ENOMEM;
	}
	id->names[id->n_names++] = name;
	return 0;
}

/* The rfc822Names of the extension. They are IA5 (RFC 5280 section 4.2.1.6); a mailbox
 * beyond ASCII would be an otherName, which is not read. */
static int
read_san(struct pki_identity *id, const gnutls_datum_t *extension)
{
	CLEANUP(sans_cleanup) gnutls_subject_alt_names_t sans = NULL;
	gnutls_datum_t name;
	unsigned type;
	int r;

	r = gnutls_subject_alt_names_init(&sans);
	if (r < 0)
		return pki_parse_fault(r);
	r = gnutls_x509_ext_import_subject_alt_names(extension, sans, 0);
	if (r < 0)
		return pki_parse_fault(r);
	for (unsigned i = 0; id->n_names < PKI_NAMES_MAX; i++) {
		r = gnutls_subject_alt_names_get(sans, i, &type, &name, NULL);
		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return 0;
		if (r < 0)
			return pki_parse_fault(r);
		if (type != GNUTLS_SAN_RFC822NAME || !is_name(&name, true))
			continue;
		r = add_name(id, &name);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Looks at one attribute of the subject; *cn becomes the CN, *count how many there are.
 */
static void
look_at_attribute(const gnutls_x509_ava_st *ava, gnutls_x509_ava_st *cn, unsigned *count)
{
	static const char oid[] = GNUTLS_OID_X520_COMMON_NAME;
	size_t len = ava->oid.size;

	/* The library counts the NUL of an OID's text in its size. */
	if (len > 0 && ava->oid.data[len - 1] == '\0')
		len--;
	if (len != sizeof(oid) - 1 || memcmp(ava->oid.data, oid, len) != 0)
		return;
	*cn = *ava;
	(*count)++;
}

/* The CN where there is exactly one: of several, none can be told to be the name. */
static int
read_cn(struct pki_identity *id, gnutls_x509_crt_t crt)
{
	gnutls_x509_dn_t dn;
	gnutls_x509_ava_st ava;
	gnutls_x509_ava_st cn = { 0 };
	unsigned count = 0;
	int r;

	r = gnutls_x509_crt_get_subject(crt, &dn);
	if (r < 0)
		return pki_parse_fault(r);
	for (int rdn = 0;; rdn++) {
		int i = 0;

		while ((r = gnutls_x509_dn_get_rdn_ava(dn, rdn, i, &ava)) == 0) {
			look_at_attribute(&ava, &cn, &count);
			i++;
		}
		if (r != GNUTLS_E_ASN1_ELEMENT_NOT_FOUND)
			return pki_parse_fault(r);
		if (i == 0)
			break;
	}
	if (count != 1)
		return 0;
	if (cn.value_tag != TAG_UTF8 && cn.value_tag != TAG_PRINTABLE &&
		cn.value_tag != TAG_IA5)
		return 0;
	if (!is_name(&cn.value, cn.value_tag != TAG_UTF8))
		return 0;
	return add_name(id, &cn.value);
}

static int
read_names(struct pki_identity *id, gnutls_x509_crt_t crt)
{
	CLEANUP(datum_cleanup) gnutls_datum_t extension = { NULL, 0 };
	size_t size = 0;
	int r;

	r = gnutls_x509_crt_get_extension_by_oid2(crt, OID_SAN, 0, &extension, NULL);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return read_cn(id, crt);
	if (r < 0)
		return pki_parse_fault(r);
	/* A second one would make two readers see two holders. */
	r = gnutls_x509_crt_get_extension_by_oid(crt, OID_SAN, 1, NULL, &size, NULL);
	if (r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return -EBADMSG;
	id->has_san = true;
	return read_san(id, &extension);
}

static int
read_fields(struct pki_identity *id, gnutls_x509_crt_t crt)
{
	size_t size = sizeof(id->pin);
	time_t from = gnutls_x509_crt_get_activation_time(crt);
	time_t until = gnutls_x509_crt_get_expiration_time(crt);
	int r;

	if (from == (time_t)-1 || until == (time_t)-1)
		return -EBADMSG;
	id->not_before = from;
	id->not_after = until;
	r = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id->pin, &size);
	if (r < 0)
		return pki_parse_fault(r);
	if (size != sizeof(id->pin))
		return -EBADMSG;
	id->serial_len = sizeof(id->serial);
	r = gnutls_x509_crt_get_serial(crt, id->serial, &id->serial_len);
	return r < 0 ? pki_parse_fault(r) : 0;
}

int
pki_crt_identity(gnutls_x509_crt_t crt, struct pki_identity *ret)
{
	CLEANUP(pki_identity_clear) struct pki_identity id = { 0 };
	int r;

	r = read_fields(&id, crt);
	if (r < 0)
		return r;
	r = read_names(&id, crt);
	if (r < 0)
		return r;
	*ret = TAKE(id, (struct pki_identity){ 0 });
	return 0;
}

int
pki_identity_read(const void *der, size_t len, struct pki_identity *ret)
{
	CLEANUP(pki_crt_free) gnutls_x509_crt_t crt = NULL;
	int r = pki_crt_read(der, len, &crt);

	return r < 0 ? r : pki_crt_identity(crt, ret);
}

bool
pki_identity_equal(const struct pki_identity *a, const struct pki_identity *b)
{
	if (memcmp(a->pin, b->pin, sizeof(a->pin)) != 0 ||
		a->serial_len != b->serial_len ||
		memcmp(a->serial, b->serial, a->serial_len) != 0 ||
		a->not_before != b->not_before || a->not_after != b->not_after ||
		a->has_san != b->has_san || a->n_names != b->n_names)
		return false;
	for (size_t i = 0; i < a->n_names; i++) {
		if (strcmp(a->names[i], b->names[i]) != 0)
			return false;
	}
	return true;
}

void
pki_identity_clear(struct pki_identity *id)
{
	for (size_t i = 0; i < id->n_names; i++)
		free(id->names[i]);
	free(id->names);
	*id = (struct pki_identity){ 0 };
}
