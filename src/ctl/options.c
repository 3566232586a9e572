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

#include "auth/line.h"
#include "base/number.h"
#include "ctl/report.h"
#include "ctl/user.h"
#include "ctl/value.h"

static const struct option long_options[] = {
	{ "generate", no_argument, NULL, CTL_TAKES_GENERATE },
	{ "password-stdin", no_argument, NULL, CTL_TAKES_STDIN },
	{ "no-password", no_argument, NULL, CTL_TAKES_NO_PASSWORD },
	{ "json", no_argument, NULL, CTL_TAKES_JSON },
	{ "replace", no_argument, NULL, CTL_TAKES_REPLACE },
	{ "cert", required_argument, NULL, CTL_TAKES_CERT },
	{ "pin", required_argument, NULL, CTL_TAKES_PIN },
	{ "label", required_argument, NULL, CTL_TAKES_LABEL },
	{ "expires", required_argument, NULL, CTL_TAKES_EXPIRES },
	{ "sender", required_argument, NULL, CTL_TAKES_SENDER },
	{ "for", required_argument, NULL, CTL_TAKES_FOR },
	{ "name", required_argument, NULL, CTL_TAKES_NAME },
	{ "uses", required_argument, NULL, CTL_TAKES_USES },
	{ "watch", no_argument, NULL, CTL_TAKES_WATCH },
	{ "prometheus", no_argument, NULL, CTL_TAKES_PROMETHEUS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: posternctl [-c FILE] [-o KEY=VALUE]... COMMAND\n"
	"\n"
	"  user add NAME [--generate | --password-stdin | --no-password]\n"
	"                                                    a new user\n"
	"  user passwd NAME [--generate | --password-stdin]  a new password\n"
	"  user list [--json]                     all users\n"
	"  user show NAME [--json]                one of them\n"
	"  user alias NAME add|del ADDRESS        an address to send as\n"
	"  user alias NAME list [--json]\n"
	"  user lock NAME, user unlock NAME       no login; login again\n"
	"  user del NAME                          away with the user and all devices\n"
	"  user import FILE|- [--replace]         lines `name base64(password)'\n"
	"\n"
	"  device add USER --cert FILE|--pin HEX --label LABEL [--expires DATE]\n"
	"             [--sender ADDRESS]...       a key that logs in as USER\n"
	"  device list [USER] [--json]            all devices, or those of a user\n"
	"  device revoke PIN|LABEL                refused from the next connection on\n"
	"  device label PIN|LABEL NEW-LABEL       another label\n"
	"  device del PIN|LABEL                   away with it\n"
	"\n"
	"  enrol token NAME --for TIME [--label LABEL]\n"
	"                                         a token, which makes one device of "
	"NAME\n"
	"  enrol open --for TIME [--name NAME] [--uses N]\n"
	"                                         let users enrol, where enrol = window\n"
	"  enrol close [--name NAME]              no longer\n"
	"  enrol status [--json]                  windows and tokens that are open\n"
	"\n"
	"  sessions [--json | --watch]            who is connected now\n"
	"  stats [--json | --prometheus]          what has happened so far\n"
	"  check [--json]                         what is wrong, and what mends it\n"
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
	"  --watch           again every second, in a terminal, until q is typed\n"
	"  --prometheus      in the text format of Prometheus\n"
	"  --help, --version\n"
	"\n"
	"NAME is `brad', which means the first of the domains served, or\n"
	"`brad@447.edu'. PIN is the SHA-256 of a public key in hexadecimal. TIME is\n"
	"`15m', `24h' or `7d', DATE is `2030-01-31'. posternctl(8) tells more.\n";

static int
set_time(const char *option, const char *value, int (*read)(const char *, int64_t *),
	const char *expected, int64_t *ret)
{
	if (read(value, ret) == 0)
		return 0;
	return ctl_fail(EX_USAGE, "--%s %.100s: %s is expected", option, value, expected);
}

static int
set_uses(struct ctl_options *o, const char *value)
{
	if (number_parse(value, strlen(value), 1, AUTH_USES_MAX, &o->uses) == 0)
		return 0;
	return ctl_fail(EX_USAGE, "--uses %.100s: a number from 1 to %d is expected",
		value, AUTH_USES_MAX);
}

/* An option that has a value behind it. */
static int
set_value(struct ctl_options *o, int option, const char *value)
{
	switch (option) {
	case CTL_TAKES_CERT:
		o->cert = value;
		return 0;
	case CTL_TAKES_PIN:
		o->pin = value;
		return 0;
	case CTL_TAKES_LABEL:
		o->label = value;
		return 0;
	case CTL_TAKES_EXPIRES:
		return set_time("expires", value, ctl_value_date,
			"a date such as 2030-01-31", &o->expires);
	case CTL_TAKES_SENDER:
		o->senders[o->n_senders++] = value;
		return 0;
	case CTL_TAKES_FOR:
		return set_time("for", value, ctl_value_span,
			"a time such as 15m, 24h or 7d, of at most ten years",
			&o->for_seconds);
	case CTL_TAKES_NAME:
		o->window_name = value;
		return 0;
	case CTL_TAKES_USES:
		return set_uses(o, value);
	default:
		return EX_USAGE; /* getopt has said what is wrong */
	}
}

/* 0, or an exit status. */
static int
set_option(struct ctl_options *o, int option, unsigned *given)
{
	int r = 0;

	switch (option) {
	case 'c':
		o->config = optarg;
		return 0;
	case 'o':
		o->overrides[o->n_overrides++] = optarg;
		return 0;
	case CTL_TAKES_GENERATE:
		o->generate = true;
		break;
	case CTL_TAKES_STDIN:
		o->password_stdin = true;
		break;
	case CTL_TAKES_NO_PASSWORD:
		o->no_password = true;
		break;
	case CTL_TAKES_JSON:
		o->json = true;
		break;
	case CTL_TAKES_REPLACE:
		o->replace = true;
		break;
	case CTL_TAKES_WATCH:
		o->watch = true;
		break;
	case CTL_TAKES_PROMETHEUS:
		o->prometheus = true;
		break;
	default:
		r = set_value(o, option, optarg);
	}
	*given |= (unsigned)option;
	return r;
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

/* How many operands the command has. */
static int
count_operands(const struct ctl_command *c)
{
	return !*c->operands ? 0 : strchr(c->operands, ' ') ? 2 : 1;
}

static int
set_operands(struct ctl_options *o, char **words, int n)
{
	int r, used = 0, count;
	const struct ctl_command *c = ctl_command_find(words, n, &used);

	if (!c)
		return EX_USAGE;
	o->command = c;
	count = count_operands(c);
	if (n < used + count && !c->optional)
		return ctl_fail(EX_USAGE, "%s%s%s: %s is expected behind it",
			CTL_COMMAND_NAME(c), c->operands);
	if (count > 0 && n > used)
		o->name = words[used++];
	if (count > 1 && n > used)
		o->more = words[used++];
	if (c->run == ctl_user_alias) {
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
check_options(const struct ctl_options *o, unsigned given)
{
	const struct ctl_command *c = o->command;

	for (const struct option *l = long_options; l->name; l++) {
		unsigned bit = (unsigned)l->val;

		if (bit < CTL_TAKES_GENERATE)
			continue;
		if (given & bit & ~c->takes)
			return ctl_fail(EX_USAGE, "--%s: %s%s%s does not take it",
				l->name, CTL_COMMAND_NAME(c));
		if (c->needs & bit & ~given)
			return ctl_fail(EX_USAGE, "%s%s%s: --%s is expected",
				CTL_COMMAND_NAME(c), l->name);
	}
	if (o->json && (o->watch || o->prometheus))
		return ctl_fail(EX_USAGE, "--json and --%s: one of them is expected",
			o->watch ? "watch" : "prometheus");
	if (o->generate + o->password_stdin + o->no_password > 1)
		return ctl_fail(EX_USAGE,
			"--generate, --password-stdin, --no-password: one of them is "
			"expected");
	if ((c->takes & CTL_TAKES_PIN) && !o->cert == !o->pin)
		return ctl_fail(EX_USAGE,
			"%s%s%s: --cert FILE or --pin HEX is expected, and one of them",
			CTL_COMMAND_NAME(c));
	return 0;
}

/* The options, then what stands beside them. 0, an exit status, or -1 where help or
 * version was asked for and printed. */
static int
read_words(struct ctl_options *o, int argc, char **argv)
{
	unsigned given = 0;
	int option, r;

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
	o.senders = calloc((size_t)argc + 1, sizeof(*o.senders));
	if (!o.overrides || !o.senders) {
		ctl_options_clear(&o);
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
	free(o->senders);
	o->overrides = NULL;
	o->senders = NULL;
}
