// SPDX-License-Identifier: ISC
/*
 * The command line of posternctl. Every fault is one sentence that names the word; no
 * file is touched here.
 */
#include "ctl/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/config.h"
#include "ctl/report.h"

/* The options as bits, so that each command can say which it takes. */
enum {
	TAKES_GENERATE = 1 << 8,
	TAKES_STDIN = 1 << 9,
	TAKES_JSON = 1 << 10,
	TAKES_REPLACE = 1 << 11,
	TAKES_NO_PASSWORD = 1 << 12,
	TAKES_PASSWORD = TAKES_GENERATE | TAKES_STDIN,
};

static const struct {
	const char *name;
	int takes;
	const char *operand; /* what stands behind the command, or NULL */
} commands[CTL_COMMANDS] = {
	[CTL_USER_ADD] = { "add", TAKES_PASSWORD | TAKES_NO_PASSWORD, "NAME" },
	[CTL_USER_PASSWD] = { "passwd", TAKES_PASSWORD, "NAME" },
	[CTL_USER_LIST] = { "list", TAKES_JSON, NULL },
	[CTL_USER_SHOW] = { "show", TAKES_JSON, "NAME" },
	[CTL_USER_ALIAS] = { "alias", TAKES_JSON, "NAME" },
	[CTL_USER_LOCK] = { "lock", 0, "NAME" },
	[CTL_USER_UNLOCK] = { "unlock", 0, "NAME" },
	[CTL_USER_DEL] = { "del", 0, "NAME" },
	[CTL_USER_IMPORT] = { "import", TAKES_REPLACE, "FILE" },
};

static const struct option long_options[] = {
	{ "generate", no_argument, NULL, TAKES_GENERATE },
	{ "password-stdin", no_argument, NULL, TAKES_STDIN },
	{ "no-password", no_argument, NULL, TAKES_NO_PASSWORD },
	{ "json", no_argument, NULL, TAKES_JSON },
	{ "replace", no_argument, NULL, TAKES_REPLACE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: posternctl [-c FILE] [-o KEY=VALUE]... user COMMAND\n"
	"\n"
	"  add NAME [--generate | --password-stdin | --no-password]\n"
	"                                               a new user\n"
	"  passwd NAME [--generate | --password-stdin]  a new password\n"
	"  list [--json]                                all users\n"
	"  show NAME [--json]                           one of them\n"
	"  alias NAME add|del ADDRESS                   an address to send as\n"
	"  alias NAME list [--json]\n"
	"  lock NAME, unlock NAME                       no login; login again\n"
	"  del NAME                                     away with the user\n"
	"  import FILE|- [--replace]                    lines `name base64(password)'\n"
	"\n"
	"  -c FILE           the server's configuration "
	"(" CONFIG_DEFAULT_PATH ")\n"
	"  -o KEY=VALUE      a key of it that holds instead; may be given again\n"
	"  --generate        a random password, alone on the last line of the output\n"
	"  --password-stdin  the password is the first line of the input;\n"
	"                    without either, a terminal is asked for it\n"
	"  --no-password     none: a certificate alone logs the user in (EXTERNAL)\n"
	"  --replace         users who are there already get the new password\n"
	"  --json            for programs\n"
	"  --help, --version\n"
	"\n"
	"NAME is `brad', which means the first of the domains served, or\n"
	"`brad@447.edu'. posternctl(8) tells more.\n";

/* 0, or an exit status. */
static int
set_option(struct ctl_options *o, int option, int *given)
{
	switch (option) {
	case 'c':
		o->config = optarg;
		return 0;
	case 'o':
		o->overrides[o->n_overrides++] = optarg;
		return 0;
	case TAKES_GENERATE:
		o->generate = true;
		break;
	case TAKES_STDIN:
		o->password_stdin = true;
		break;
	case TAKES_NO_PASSWORD:
		o->no_password = true;
		break;
	case TAKES_JSON:
		o->json = true;
		break;
	case TAKES_REPLACE:
		o->replace = true;
		break;
	default:
		return EX_USAGE; /* getopt has said what is wrong */
	}
	*given |= option;
	return 0;
}

static int
set_command(struct ctl_options *o, const char *word)
{
	for (size_t i = 0; i < CTL_COMMANDS; i++) {
		if (strcmp(word, commands[i].name) == 0) {
			o->command = (enum ctl_command)i;
			return 0;
		}
	}
	return ctl_fail(
		EX_USAGE, "there is no command `user %s': see posternctl --help", word);
}

/* add ADDRESS, del ADDRESS, list. Answers how many words that were, 0 for none of them.
 */
static int
set_alias(struct ctl_options *o, char **words, int n)
{
	if (n >= 1 && strcmp(words[0], "list") == 0) {
		o->verb = words[0];
		return 1;
	}
	if (n < 2 || (strcmp(words[0], "add") != 0 && strcmp(words[0], "del") != 0))
		return 0;
	o->verb = words[0];
	o->address = words[1];
	return 2;
}

/* What stands on the line beside the options. */
static int
set_operands(struct ctl_options *o, char **words, int n)
{
	int r, used = 2;

	if (n == 0 || strcmp(words[0], "user") != 0)
		return ctl_fail(EX_USAGE,
			"`user' and a command are expected: see posternctl --help");
	if (n == 1)
		return ctl_fail(EX_USAGE,
			"user: a command is expected behind it: see posternctl --help");
	r = set_command(o, words[1]);
	if (r != 0)
		return r;
	if (commands[o->command].operand) {
		if (n < 3)
			return ctl_fail(EX_USAGE, "user %s: %s is expected behind it",
				words[1], commands[o->command].operand);
		o->name = words[used++];
	}
	if (o->command == CTL_USER_ALIAS) {
		r = set_alias(o, words + used, n - used);
		if (r == 0)
			return ctl_fail(EX_USAGE,
				"user alias %s: `add ADDRESS', `del ADDRESS' or `list' "
				"is "
				"expected behind it",
				o->name);
		used += r;
	}
	if (n > used)
		return ctl_fail(EX_USAGE,
			"nothing is known about `%s': see posternctl --help",
			words[used]);
	return 0;
}

static int
check_options(const struct ctl_options *o, int given)
{
	int takes = commands[o->command].takes;

	for (const struct option *l = long_options; l->name; l++) {
		if ((given & l->val & ~takes) != 0)
			return ctl_fail(EX_USAGE, "--%s: user %s does not take it",
				l->name, commands[o->command].name);
	}
	if (o->generate + o->password_stdin + o->no_password > 1)
		return ctl_fail(EX_USAGE,
			"--generate, --password-stdin, --no-password: one of them is "
			"expected");
	return 0;
}

/* The options, then what stands beside them. 0, an exit status, or -1 where help or
 * version was asked for and printed. */
static int
read_words(struct ctl_options *o, int argc, char **argv)
{
	int option, r, given = 0;

	while ((option = getopt_long(argc, argv, "c:o:", long_options, NULL)) != -1) {
		if (option == 'h' || option == 'V') {
			fputs(option == 'h' ? help : "posternctl " POSTERN_VERSION "\n",
				stdout);
			return -1;
		}
		r = set_option(o, option, &given);
		if (r != 0)
			return r;
	}
	r = set_operands(o, argv + optind, argc - optind);
	return r != 0 ? r : check_options(o, given);
}

bool
ctl_options_read(int argc, char **argv, struct ctl_options *ret, int *ret_status)
{
	struct ctl_options o = { .config = CONFIG_DEFAULT_PATH };
	int r;

	o.overrides = calloc((size_t)argc + 1, sizeof(*o.overrides));
	if (!o.overrides) {
		*ret_status = ctl_fail(EX_TEMPFAIL, "out of memory");
		return false;
	}
	r = read_words(&o, argc, argv);
	if (r != 0) {
		*ret_status = r < 0 ? EX_OK : r;
		ctl_options_clear(&o);
		return false;
	}
	*ret = o;
	return true;
}

void
ctl_options_clear(struct ctl_options *o)
{
	free(o->overrides);
	o->overrides = NULL;
}
