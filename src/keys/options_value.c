// SPDX-License-Identifier: ISC
/*
 * The values of options. What is taken here has been checked, so that nothing behind it
 * needs to ask whether a word is fit for a certificate or a path.
 */
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/text.h"
#include "keys/options_parts.h"
#include "keys/report.h"

enum { DAYS_MAX = 36500 };

#define BELOW "cas/"

static int
set_type(struct keys_options *o, const char *word)
{
	static const char *const types[] = {
		[PKI_KEY_P256] = "p256",
		[PKI_KEY_ED25519] = "ed25519",
		[PKI_KEY_RSA3072] = "rsa3072",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(word, types[i]) == 0) {
			o->type = (enum pki_key_type)i;
			o->type_given = true;
			return 0;
		}
	}
	return keys_fail(EX_USAGE,
		"--type `%s' is not known: p256, ed25519 or rsa3072 is expected", word);
}

static int
set_days(struct keys_options *o, const char *word)
{
	uint64_t days;

	if (number_parse(word, strlen(word), 1, DAYS_MAX, &days) < 0)
		return keys_fail(EX_USAGE,
			"--days `%s': a number from 1 to %d is expected", word, DAYS_MAX);
	o->days = (unsigned)days;
	return 0;
}

static int
set_path_length(struct keys_options *o, const char *word)
{
	uint64_t n;

	if (number_parse(word, strlen(word), 0, KEYS_PATH_LENGTH_MAX, &n) < 0)
		return keys_fail(EX_USAGE,
			"--path-length `%s': a number from 0 to %d is expected", word,
			KEYS_PATH_LENGTH_MAX);
	o->path_length = (int)n;
	return 0;
}

static int
set_host(struct keys_options *o, const char *word)
{
	const char *fault = keys_host_fault(word);

	if (fault)
		return keys_fail(EX_USAGE, "--host `%s' %s", word, fault);
	if (o->n_hosts == KEYS_HOSTS_MAX)
		return keys_fail(
			EX_USAGE, "--host: at most %d names are taken", KEYS_HOSTS_MAX);
	o->hosts[o->n_hosts++] = word;
	return 0;
}

/* Constraints are compared byte for byte, and domains are written in lower case. */
static int
set_permit(struct keys_options *o, char *word)
{
	const char *fault = keys_domain_fault(word);

	if (fault)
		return keys_fail(EX_USAGE, "--permit `%s' %s", word, fault);
	if (o->n_permits == KEYS_PERMITS_MAX)
		return keys_fail(EX_USAGE, "--permit: at most %d domains are taken",
			KEYS_PERMITS_MAX);
	text_lower(word, strlen(word));
	o->permits[o->n_permits++] = word;
	return 0;
}

static int
set_with(struct keys_options *o, const char *word)
{
	if (o->n_lists == KEYS_LISTS_MAX)
		return keys_fail(
			EX_USAGE, "--with: at most %d files are taken", KEYS_LISTS_MAX);
	o->lists[o->n_lists++] = word;
	return 0;
}

static int
set_reason(struct keys_options *o, const char *word)
{
	if (pki_reason_parse(word, &o->reason) < 0)
		return keys_fail(EX_USAGE,
			"--reason `%s' is not known: unspecified, keyCompromise, "
			"cACompromise, affiliationChanged, superseded, "
			"cessationOfOperation or privilegeWithdrawn is expected",
			word);
	return 0;
}

static int
set_sort(struct keys_options *o, const char *word)
{
	o->by_expiry = strcmp(word, "expiry") == 0;
	if (o->by_expiry || strcmp(word, "name") == 0)
		return 0;
	return keys_fail(
		EX_USAGE, "--sort `%s' is not known: name or expiry is expected", word);
}

/* A name of a client that is to be; `server' and `ca' are what renew and revoke call the
 * folder's own. */
int
keys_option_set_name(struct keys_options *o, const char *what, const char *word)
{
	const char *fault = keys_name_fault(word);

	if (!fault && (strcmp(word, "server") == 0 || strcmp(word, "ca") == 0))
		fault = "stands for the folder's own: another name, or one with a domain "
			"behind an @, is expected";
	if (fault)
		return keys_fail(EX_USAGE, "%s `%s' %s", what, word, fault);
	o->who = KEYS_WHO_CLIENT;
	o->name = word;
	return 0;
}

int
keys_option_set_who(struct keys_options *o, const char *word)
{
	const char *fault;

	if (strcmp(word, "server") == 0 || strcmp(word, "ca") == 0) {
		o->who = *word == 's' ? KEYS_WHO_SERVER : KEYS_WHO_CA;
		return 0;
	}
	if (strncmp(word, BELOW, sizeof(BELOW) - 1) != 0)
		return keys_option_set_name(o, "NAME", word);
	fault = keys_ca_name_fault(word + sizeof(BELOW) - 1);
	if (fault)
		return keys_fail(EX_USAGE, "the CA `%s' %s", word, fault);
	o->who = KEYS_WHO_BELOW;
	o->name = word + sizeof(BELOW) - 1;
	return 0;
}

static int
set_path(const char **ret, const char *option, const char *word)
{
	if (*word == '\0')
		return keys_fail(EX_USAGE, "%s: a path is expected", option);
	*ret = word;
	return 0;
}

/* Those that are there or not. */
static int
set_flag(struct keys_options *o, enum keys_option option)
{
	bool *flag;

	switch (option) {
	case KEYS_OPTION_FORCE:
		flag = &o->force;
		break;
	case KEYS_OPTION_PASSPHRASE:
	case KEYS_OPTION_NEW_PASSPHRASE:
		flag = &o->protect;
		break;
	case KEYS_OPTION_NEW_KEY:
		flag = &o->new_key;
		break;
	case KEYS_OPTION_P12:
		flag = &o->p12;
		break;
	case KEYS_OPTION_LEGACY:
		flag = &o->legacy;
		break;
	case KEYS_OPTION_GENERATE:
		flag = &o->generate;
		break;
	case KEYS_OPTION_JSON:
		flag = &o->json;
		break;
	case KEYS_OPTION_ALL:
		flag = &o->all;
		break;
	default:
		return keys_fail(EX_SOFTWARE, "an option is not known");
	}
	*flag = true;
	return 0;
}

int
keys_option_set(struct keys_options *o, enum keys_option option, char *word)
{
	switch (option) {
	case KEYS_OPTION_DIR:
		return set_path(&o->dir, "--dir", word);
	case KEYS_OPTION_PASSPHRASE_FILE:
		return set_path(&o->passphrase_file, "--passphrase-file", word);
	case KEYS_OPTION_NEW_PASSPHRASE_FILE:
		return set_path(&o->new_passphrase_file, "--new-passphrase-file", word);
	case KEYS_OPTION_PASSWORD_FILE:
		return set_path(&o->password_file, "--password-file", word);
	case KEYS_OPTION_CRL:
		return set_path(&o->list_file, "--crl", word);
	case KEYS_OPTION_HOST:
		return set_host(o, word);
	case KEYS_OPTION_NAME:
		return keys_option_set_name(o, "--name", word);
	case KEYS_OPTION_TYPE:
		return set_type(o, word);
	case KEYS_OPTION_DAYS:
		return set_days(o, word);
	case KEYS_OPTION_PERMIT:
		return set_permit(o, word);
	case KEYS_OPTION_PATH_LENGTH:
		return set_path_length(o, word);
	case KEYS_OPTION_REASON:
		return set_reason(o, word);
	case KEYS_OPTION_WITH:
		return set_with(o, word);
	case KEYS_OPTION_SORT:
		return set_sort(o, word);
	default:
		return set_flag(o, option);
	}
}
