// SPDX-License-Identifier: ISC
/*
 * posternctl device add: a key becomes a device of a user. All that was typed is looked
 * at before the store is locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "auth/device.h"
#include "auth/stamp.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/device.h"
#include "ctl/report.h"
#include "ctl/user.h"
#include "pki/describe.h"
#include "pki/file.h"

/* What is wrong with a certificate now may be right when the device first comes. */
static void
warn_of_certificate(const char *path, const void *der, size_t len)
{
	enum pki_verdict verdict = pki_client_judge(der, len, auth_now());

	if (verdict != PKI_TRUSTED)
		ctl_fail(0,
			"%s: as a client's this certificate would be refused now: %s; "
			"the "
			"key is a device all the same",
			path, pki_verdict_name(verdict));
}

/* The key of the first certificate in the file: 0, or an exit status. */
static int
read_certificate(const char *path, uint8_t ret[PKI_PIN_SIZE])
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(pki_chain_clear) struct pki_chain chain = { .n = 0 };
	CLEANUP(pki_identity_clear) struct pki_identity identity = { 0 };
	int r = pki_file_read(AT_FDCWD, path, PKI_CERTIFICATE_MAX, &pem);

	if (r < 0)
		return ctl_fail(EX_NOINPUT, "%s: %s", path, strerror(-r));
	r = pki_chain_read(buffer_data(&pem), buffer_len(&pem), &chain);
	if (r == 0)
		r = pki_identity_read(
			buffer_data(&chain.der[0]), buffer_len(&chain.der[0]), &identity);
	if (r < 0)
		return ctl_fail(EX_DATAERR, "%s: a certificate in PEM is expected", path);
	warn_of_certificate(path, buffer_data(&chain.der[0]), buffer_len(&chain.der[0]));
	memcpy(ret, identity.pin, PKI_PIN_SIZE);
	return EX_OK;
}

static int
read_pin(const struct ctl_options *o, uint8_t ret[PKI_PIN_SIZE])
{
	if (o->cert)
		return read_certificate(o->cert, ret);
	if (text_unhex(o->pin, strlen(o->pin), ret, PKI_PIN_SIZE) == 0)
		return EX_OK;
	return ctl_fail(EX_DATAERR, "--pin: the SHA-256 of a public key is expected, as "
				    "64 hexadecimal digits");
}

/* The senders with commas between; "" for none. */
static int
read_senders(const struct ctl_options *o, struct buffer *ret)
{
	char address[AUTH_NAME_SIZE] = "<>";

	for (size_t i = 0; i < o->n_senders; i++) {
		const char *word = o->senders[i];

		if (strcmp(word, "<>") == 0)
			memcpy(address, "<>", sizeof("<>"));
		else if (auth_address_read(word, strlen(word), address) < 0)
			return ctl_fail(EX_DATAERR,
				"--sender %.100s: NAME@DOMAIN is expected, or <> for the "
				"null reverse-path",
				word);
		if (buffer_printf(ret, "%s%s", i > 0 ? "," : "", address) < 0)
			return ctl_fail(EX_TEMPFAIL, "out of memory");
	}
	if (!buffer_string(ret))
		return ctl_fail(EX_TEMPFAIL, "out of memory");
	return EX_OK;
}

static int
read_label(const char *label)
{
	char coded[AUTH_LABEL_CODED_SIZE];

	if (auth_label_code(label, coded) == 0)
		return EX_OK;
	return ctl_fail(EX_DATAERR,
		"--label: at most %d printable characters of ASCII are expected, no "
		"blank "
		"at an end, and not a pin",
		AUTH_LABEL_MAX);
}

static int
read_expiry(const struct ctl_options *o)
{
	if (o->expires == 0 || o->expires > auth_now())
		return EX_OK;
	return ctl_fail(EX_DATAERR, "--expires: a date to come is expected");
}

/* The line that auth_device_put has made, with the fields that the options add. */
static int
add_fields(struct auth_update *u, const uint8_t pin[PKI_PIN_SIZE],
	const struct ctl_options *o, const char *senders)
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	char word[PKI_PIN_HEX], stamp[AUTH_STAMP_SIZE];
	int r;

	text_hex(pin, PKI_PIN_SIZE, word);
	r = auth_update_find(u, 'd', word, &line);
	if (r < 0)
		return r;
	r = 0;
	auth_stamp(o->expires, stamp);
	if (o->expires > 0)
		r = auth_line_set(&line, AUTH_FIELD_EXPIRES, stamp);
	if (r == 0 && *senders)
		r = auth_line_set(&line, AUTH_FIELD_SENDERS, senders);
	return r < 0 ? r : auth_update_put(u, buffer_data(&line), buffer_len(&line));
}

static int
already(struct auth_update *u, const uint8_t pin[PKI_PIN_SIZE])
{
	CLEANUP(buffer_free) struct buffer line = { 0 };
	struct auth_device d = { 0 };
	char word[PKI_PIN_HEX];

	text_hex(pin, PKI_PIN_SIZE, word);
	if (auth_update_find(u, 'd', word, &line) > 0)
		auth_device_of_line(buffer_data(&line), buffer_len(&line), &d);
	return ctl_fail(EX_DATAERR, "%s: is a device of %s already%s%s%s", word, d.user,
		*d.label ? ", `" : "", d.label, *d.label ? "'" : "");
}

static int
store(const struct config *config, const struct ctl_options *o, const char *user,
	const uint8_t pin[PKI_PIN_SIZE], const char *senders)
{
	CLEANUP(auth_update_cleanup) struct auth_update *u = NULL;
	CLEANUP(buffer_wipe) struct buffer line = { 0 };
	int r = auth_update_begin(config->users, AUTH_WAIT_COMMAND, &u);

	if (r == 0)
		r = auth_update_find(u, 'u', user, &line);
	if (r == 0)
		return ctl_fail(EX_NOUSER, "%s: there is no such user", user);
	if (r == -EBADMSG && u)
		return ctl_user_damaged(config, user);
	if (r > 0)
		r = auth_device_put(u, pin, user, o->label);
	if (r == -EEXIST)
		return already(u, pin);
	if (r == 0)
		r = add_fields(u, pin, o, senders);
	if (r == 0)
		r = auth_update_commit(u);
	return r < 0 ? ctl_store_fail(config, r) : EX_OK;
}

int
ctl_device_add(const struct config *config, const struct ctl_options *o)
{
	CLEANUP(buffer_free) struct buffer senders = { 0 };
	char user[AUTH_NAME_SIZE], word[PKI_PIN_HEX];
	uint8_t pin[PKI_PIN_SIZE];
	int status = ctl_user_name(config, o->name, user);

	if (status == EX_OK)
		status = read_label(o->label);
	if (status == EX_OK)
		status = read_expiry(o);
	if (status == EX_OK)
		status = read_senders(o, &senders);
	if (status == EX_OK)
		status = read_pin(o, pin);
	if (status == EX_OK)
		status = store(config, o, user, pin, buffer_string(&senders));
	if (status != EX_OK)
		return status;
	text_hex(pin, sizeof(pin), word);
	puts(word);
	return EX_OK;
}
