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

#include "base/number.h"
#include "keys/name.h"
#include "keys/report.h"

enum { DAYS_MAX = 36500 };

/* The options as bits, so that each command can say which it takes. */
enum {
	TAKES_DIR = 1 << 0,
	TAKES_HOST = 1 << 1,
	TAKES_NAME = 1 << 2,
	TAKES_TYPE = 1 << 3,
	TAKES_DAYS = 1 << 4,
	TAKES_FORCE = 1 << 5,
	TAKES_MAKING = TAKES_DIR | TAKES_TYPE | TAKES_DAYS | TAKES_FORCE,
	OPTION_HELP = 1 << 10,
	OPTION_VERSION = 1 << 11,
};

static const struct {
	const char *name;
	unsigned takes;
	const char *operand; /* what one word stands behind the command */
} commands[KEYS_COMMANDS] = {
	[KEYS_INIT] = { "init", TAKES_MAKING | TAKES_HOST, NULL },
	[KEYS_ISSUE] = { "issue", TAKES_MAKING, "NAME" },
	[KEYS_PAIR] = { "pair", TAKES_MAKING | TAKES_HOST | TAKES_NAME, NULL },
	[KEYS_LIST] = { "list", TAKES_DIR, NULL },
	[KEYS_SHOW] = { "show", 0, "FILE" },
};

static const struct option long_options[] = {
	{ "dir", required_argument, NULL, TAKES_DIR },
	{ "host", required_argument, NULL, TAKES_HOST },
	{ "name", required_argument, NULL, TAKES_NAME },
	{ "type", required_argument, NULL, TAKES_TYPE },
	{ "days", required_argument, NULL, TAKES_DAYS },
	{ "force", no_argument, NULL, TAKES_FORCE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: postern-keys init --dir DIR [--host NAME]...   a CA and a server's pair\n"
	"       postern-keys issue NAME --dir DIR              a client's bundle\n"
	"       postern-keys pair --dir DIR [--host NAME]... [--name NAME]\n"
	"                          a server's and a client's self-signed pair, no CA\n"
	"       postern-keys list --dir DIR                    what was made\n"
	"       postern-keys show FILE                         a certificate in words\n"
	"\n"
	"  --dir DIR     the folder of all these files\n"
	"  --host NAME   DNS name or IP address of the server; may be given several "
	"times;\n"
	"                the machine's name otherwise\n"
	"  --name NAME   name of the client; `client' otherwise\n"
	"  --type TYPE   p256 (which is usual), ed25519 or rsa3072\n"
	"  --days N      how long the certificates are valid\n"
	"  --force       overwrite what is there\n"
	"  --help, --version\n"
	"\n"
	"NAME is a user's: `brad', or `brad@447.edu' with its domain.\n";

static int
usage(const char *what, const char *word)
{
	return keys_fail(
		EX_USAGE, "%s `%s': see postern-keys --help", what, word ? word : "");
}

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

static int
set_name(struct keys_options *o, const char *what, const char *word)
{
	const char *fault = keys_name_fault(word);

	if (fault)
		return keys_fail(EX_USAGE, "%s `%s' %s", what, word, fault);
	o->name = word;
	return 0;
}

static int
set_option(struct keys_options *o, int option)
{
	switch (option) {
	case TAKES_DIR:
		if (*optarg == '\0')
			return keys_fail(EX_USAGE, "--dir: a folder is expected");
		o->dir = optarg;
		return 0;
	case TAKES_HOST:
		return set_host(o, optarg);
	case TAKES_NAME:
		return set_name(o, "--name", optarg);
	case TAKES_TYPE:
		return set_type(o, optarg);
	case TAKES_DAYS:
		return set_days(o, optarg);
	case TAKES_FORCE:
		o->force = true;
		return 0;
	default:
		return EX_SOFTWARE;
	}
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
	if (operand && n < 2)
		return keys_fail(
			EX_USAGE, "%s: %s is expected behind it", words[0], operand);
	if (n > (operand ? 2 : 1))
		return usage("nothing is known about", words[operand ? 2 : 1]);
	if (o->command == KEYS_ISSUE)
		return set_name(o, "NAME", words[1]);
	if (o->command == KEYS_SHOW)
		o->file = words[1];
	return 0;
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
	if ((takes & TAKES_DIR) && !o->dir)
		return keys_fail(
			EX_USAGE, "%s: --dir DIR is expected", commands[o->command].name);
	return 0;
}

bool
keys_options_read(int argc, char **argv, struct keys_options *ret, int *ret_status)
{
	struct keys_options o = { .type = PKI_KEY_P256 };
	unsigned given = 0;
	int option;

	opterr = 0;
	*ret_status = 0;
	while (*ret_status == 0 &&
		(option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (option == OPTION_HELP || option == OPTION_VERSION) {
			fputs(option == OPTION_HELP ? help
						    : "postern-keys " POSTERN_VERSION
						      "\n",
				stdout);
			return false;
		}
		if (option == ':')
			*ret_status = usage(
				"a value is expected behind", argv[optind - 1]);
		else if (option == '?')
			*ret_status = usage("there is no option", argv[optind - 1]);
		else
			*ret_status = set_option(&o, option);
		given |= (unsigned)option;
	}
	if (*ret_status == 0)
		*ret_status = set_operands(&o, argv + optind, argc - optind);
	if (*ret_status == 0)
		*ret_status = check_taken(&o, given);
	if (*ret_status != 0)
		return false;
	*ret = o;
	return true;
}
