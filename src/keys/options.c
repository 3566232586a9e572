// SPDX-License-Identifier: ISC
/*
 * The command line of postern-keys. Every fault is one sentence that names the option; no
 * file is touched here.
 */
#include "keys/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "keys/options_parts.h"
#include "keys/report.h"

enum {
	DIR = KEYS_OPTION_DIR,
	FORCE = KEYS_OPTION_FORCE,
	/* Whoever makes a key or a certificate. */
	MAKES = DIR | KEYS_OPTION_TYPE | KEYS_OPTION_DAYS | FORCE,
	/* Whoever needs the CA's key. */
	SIGNS = DIR | KEYS_OPTION_PASSPHRASE_FILE,
	/* Whoever makes a CA's key. */
	PROTECTS = KEYS_OPTION_NEW_PASSPHRASE | KEYS_OPTION_NEW_PASSPHRASE_FILE,
};

static const struct {
	const char *name;
	unsigned takes;
	const char *operand; /* what one word stands behind the command */
	bool may_lack;       /* it may be missing */
} commands[KEYS_COMMANDS] = {
	[KEYS_INIT] = { "init",
		MAKES | KEYS_OPTION_HOST | KEYS_OPTION_PERMIT | KEYS_OPTION_PATH_LENGTH |
			KEYS_OPTION_PASSPHRASE | KEYS_OPTION_PASSPHRASE_FILE,
		NULL, false },
	[KEYS_ISSUE] = { "issue", MAKES | SIGNS, "NAME", false },
	[KEYS_ISSUE_CA] = { "issue-ca",
		MAKES | SIGNS | PROTECTS | KEYS_OPTION_HOST | KEYS_OPTION_PERMIT |
			KEYS_OPTION_PATH_LENGTH,
		"NAME", false },
	[KEYS_PAIR] = { "pair", MAKES | KEYS_OPTION_HOST | KEYS_OPTION_NAME, NULL,
		false },
	[KEYS_RENEW] = { "renew",
		SIGNS | PROTECTS | KEYS_OPTION_DAYS | KEYS_OPTION_TYPE |
			KEYS_OPTION_NEW_KEY | KEYS_OPTION_PATH_LENGTH,
		"NAME, server, ca or cas/NAME", false },
	[KEYS_REVOKE] = { "revoke",
		SIGNS | KEYS_OPTION_DAYS | KEYS_OPTION_REASON | KEYS_OPTION_WITH,
		"NAME, server, cas/NAME, SERIAL or FILE", true },
	[KEYS_CRL] = { "crl", SIGNS | KEYS_OPTION_DAYS | KEYS_OPTION_WITH, NULL, false },
	[KEYS_EXPORT] = { "export",
		DIR | FORCE | KEYS_OPTION_P12 | KEYS_OPTION_LEGACY |
			KEYS_OPTION_PASSWORD_FILE | KEYS_OPTION_GENERATE,
		"NAME", false },
	[KEYS_PASSPHRASE] = { "passphrase", SIGNS | PROTECTS, NULL, false },
	[KEYS_LIST] = { "list",
		DIR | KEYS_OPTION_JSON | KEYS_OPTION_ALL | KEYS_OPTION_SORT, NULL,
		false },
	[KEYS_SHOW] = { "show", KEYS_OPTION_JSON | KEYS_OPTION_CRL, "FILE", false },
};

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, KEYS_OPTION_DIR },
	{ "host", required_argument, NULL, KEYS_OPTION_HOST },
	{ "name", required_argument, NULL, KEYS_OPTION_NAME },
	{ "type", required_argument, NULL, KEYS_OPTION_TYPE },
	{ "days", required_argument, NULL, KEYS_OPTION_DAYS },
	{ "force", no_argument, NULL, KEYS_OPTION_FORCE },
	{ "permit", required_argument, NULL, KEYS_OPTION_PERMIT },
	{ "path-length", required_argument, NULL, KEYS_OPTION_PATH_LENGTH },
	{ "passphrase", no_argument, NULL, KEYS_OPTION_PASSPHRASE },
	{ "passphrase-file", required_argument, NULL, KEYS_OPTION_PASSPHRASE_FILE },
	{ "new-passphrase", no_argument, NULL, KEYS_OPTION_NEW_PASSPHRASE },
	{ "new-passphrase-file", required_argument, NULL,
		KEYS_OPTION_NEW_PASSPHRASE_FILE },
	{ "new-key", no_argument, NULL, KEYS_OPTION_NEW_KEY },
	{ "reason", required_argument, NULL, KEYS_OPTION_REASON },
	{ "with", required_argument, NULL, KEYS_OPTION_WITH },
	{ "p12", no_argument, NULL, KEYS_OPTION_P12 },
	{ "legacy", no_argument, NULL, KEYS_OPTION_LEGACY },
	{ "password-file", required_argument, NULL, KEYS_OPTION_PASSWORD_FILE },
	{ "generate", no_argument, NULL, KEYS_OPTION_GENERATE },
	{ "json", no_argument, NULL, KEYS_OPTION_JSON },
	{ "all", no_argument, NULL, KEYS_OPTION_ALL },
	{ "sort", required_argument, NULL, KEYS_OPTION_SORT },
	{ "crl", required_argument, NULL, KEYS_OPTION_CRL },
	{ "help", no_argument, NULL, KEYS_OPTION_HELP },
	{ "version", no_argument, NULL, KEYS_OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int
usage(const char *what, const char *word)
{
	return keys_fail(
		EX_USAGE, "%s `%s': see postern-keys --help", what, word ? word : "");
}

static int
set_command(struct keys_options *o, const char *word)
{
	for (size_t i = 0; i < KEYS_COMMANDS; i++) {
		if (strcmp(word, commands[i].name) == 0) {
			o->command = (enum keys_command)i;
			return 0;
		}
	}
	return usage("there is no command", word);
}

static int
set_operand(struct keys_options *o, const char *word)
{
	const char *fault;

	switch (o->command) {
	case KEYS_ISSUE:
		return keys_option_set_name(o, "NAME", word);
	case KEYS_RENEW:
		return keys_option_set_who(o, word);
	case KEYS_EXPORT:
		fault = keys_name_fault(word);
		break;
	case KEYS_ISSUE_CA:
		fault = keys_ca_name_fault(word);
		break;
	case KEYS_REVOKE:
		o->what = word;
		return *word ? 0
			     : keys_fail(EX_USAGE, "revoke: an empty word names nobody");
	default:
		o->file = word;
		return 0;
	}
	if (fault)
		return keys_fail(EX_USAGE, "NAME `%s' %s", word, fault);
	o->name = word;
	return 0;
}

/* What stands on the line beside the options: the command, and its operand. */
static int
set_operands(struct keys_options *o, char **words, int n)
{
	const char *operand;
	int r;

	if (n == 0)
		return keys_fail(
			EX_USAGE, "a command is expected: see postern-keys --help");
	r = set_command(o, words[0]);
	if (r != 0)
		return r;
	operand = commands[o->command].operand;
	if (n > (operand ? 2 : 1))
		return usage("nothing is known about", words[operand ? 2 : 1]);
	if (operand && n < 2 && commands[o->command].may_lack)
		return 0;
	if (operand && n < 2)
		return keys_fail(
			EX_USAGE, "%s: %s is expected behind it", words[0], operand);
	return operand ? set_operand(o, words[1]) : 0;
}

static int
check_taken(const struct keys_options *o, unsigned given)
{
	unsigned takes = commands[o->command].takes;

	for (const struct option *option = long_options; option->name; option++) {
		if (given & ~takes & (unsigned)option->val)
			return keys_fail(EX_USAGE, "%s takes no --%s",
				commands[o->command].name, option->name);
	}
	if ((takes & DIR) && !o->dir)
		return keys_fail(
			EX_USAGE, "%s: --dir DIR is expected", commands[o->command].name);
	return 0;
}

/* Options that make no sense without each other, or with each other. */
static int
check_together(const struct keys_options *o, unsigned given)
{
	if (o->command == KEYS_EXPORT && !o->p12)
		return keys_fail(
			EX_USAGE, "export: --p12 is expected, which is all it can make");
	if (o->generate && o->password_file)
		return keys_fail(EX_USAGE, "--generate and --password-file: one of them "
					   "is expected");
	if (o->command == KEYS_RENEW && o->type_given && !o->new_key)
		return keys_fail(EX_USAGE, "--type is for a new key: --new-key is "
					   "expected beside it");
	if (o->command == KEYS_RENEW && (given & PROTECTS) &&
		!(o->new_key && (o->who == KEYS_WHO_CA || o->who == KEYS_WHO_BELOW)))
		return keys_fail(EX_USAGE, "--new-passphrase is for a new key of a CA: "
					   "--new-key is expected beside it");
	if (o->command == KEYS_RENEW && o->path_length >= 0 && o->who != KEYS_WHO_CA &&
		o->who != KEYS_WHO_BELOW)
		return keys_fail(EX_USAGE, "--path-length is for a CA");
	if (o->command == KEYS_REVOKE && !o->what && (given & KEYS_OPTION_REASON))
		return keys_fail(
			EX_USAGE, "--reason: whom to revoke is expected as well");
	return 0;
}

/* The passphrase of init is one of a key that it makes. */
static void
settle(struct keys_options *o)
{
	if (o->command == KEYS_INIT)
		o->new_passphrase_file = o->passphrase_file;
	if (o->new_passphrase_file)
		o->protect = true;
}

static int
read_options(int argc, char **argv, struct keys_options *o, unsigned *given)
{
	int option;
	int r = 0;

	while (r == 0 &&
		(option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (option == ':')
			return usage("a value is expected behind", argv[optind - 1]);
		if (option == '?')
			return usage("there is no option", argv[optind - 1]);
		*given |= (unsigned)option;
		if (*given & (KEYS_OPTION_HELP | KEYS_OPTION_VERSION))
			return 0;
		r = keys_option_set(o, (enum keys_option)option, optarg);
	}
	return r;
}

bool
keys_options_read(int argc, char **argv, struct keys_options *ret, int *ret_status)
{
	struct keys_options o = { .type = PKI_KEY_P256, .path_length = -1 };
	unsigned given = 0;
	int r;

	opterr = 0;
	r = read_options(argc, argv, &o, &given);
	if (r == 0 && (given & (KEYS_OPTION_HELP | KEYS_OPTION_VERSION))) {
		fputs(given & KEYS_OPTION_HELP ? keys_help
					       : "postern-keys " POSTERN_VERSION "\n",
			stdout);
		*ret_status = 0;
		return false;
	}
	if (r == 0)
		r = set_operands(&o, argv + optind, argc - optind);
	if (r == 0)
		r = check_taken(&o, given);
	if (r == 0)
		r = check_together(&o, given);
	*ret_status = r;
	if (r != 0)
		return false;
	settle(&o);
	*ret = o;
	return true;
}
