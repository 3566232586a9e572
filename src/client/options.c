// SPDX-License-Identifier: ISC
/*
 * The command line, read by getopt_long(3). Strings of settings are copied; the rest
 * points into argv. Every fault is one of usage and names the option.
 */
#include "client/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

const char client_options_help[] =
	"Usage: postern [OPTIONS] [HOST [PORT]]\n"
	"       postern send [OPTIONS] [-f FROM] [-t] [RECIPIENT...] < MESSAGE\n"
	"       postern send [OPTIONS] --subject TEXT [--attach FILE]... RECIPIENT...\n"
	"       postern enrol [OPTIONS] HOST[:PORT] --token TOKEN --ca-pin HEX\n"
	"       postern check [OPTIONS] [HOST [PORT]]\n"
	"\n"
	"Speaks SMTP with a server, sends it one message, makes this machine known to\n"
	"it, or says what works and what does not.\n"
	"\n"
	"  --server HOST[:PORT]   the server; port 465, or 587 with --starttls;\n"
	"                         or its name in the configuration\n"
	"  --ca FILE              CAs to verify the server by, PEM\n"
	"  --pin HEX              or the SHA-256 of its key, or of an issuer's\n"
	"  --cert FILE            our certificate, PEM\n"
	"  --key FILE             its private key, PEM\n"
	"  --user NAME            whom to log in\n"
	"  --password-file FILE   the password, in a file of mode 0600\n"
	"  --password-command CMD a program that prints the password\n"
	"  --secrets FILE         passwords in the form of ~/.netrc, mode 0600\n"
	"  --starttls             start in the clear, then STARTTLS\n"
	"  --tls MODE             implicit (the default), starttls or off;\n"
	"                         off is for servers on this machine alone\n"
	"  --timeout SECONDS      how long the server may keep silent (300)\n"
	"  --config FILE          instead of ~/.config/postern/client.conf, or\n"
	"                         /etc/postern/client.conf\n"
	"  -v, --verbose          say what is being done\n"
	"  --trace                show both sides of the dialogue, with times\n"
	"  --plain                no line editing, hints and colours at a terminal\n"
	"  -f FROM                the sender (send)\n"
	"  -t                     recipients from To, Cc and Bcc (send)\n"
	"  --subject TEXT         make a message with this subject (send)\n"
	"  --text TEXT            its text, instead of standard input (send)\n"
	"  --attach FILE          with this file beside it; may be repeated (send)\n"
	"  --token TOKEN          as the administrator gave it; - for standard input "
	"(enrol)\n"
	"  --ca-pin HEX           the same as --pin (enrol)\n"
	"  --label LABEL          what to call this machine there (enrol)\n"
	"  --force                replace key and configuration (enrol)\n"
	"  --json                 findings as JSON (check)\n"
	"  --help, --version\n";

enum option_key {
	OPTION_SERVER = 256,
	OPTION_CA,
	OPTION_PIN,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_USER,
	OPTION_PASSWORD_FILE,
	OPTION_PASSWORD_COMMAND,
	OPTION_SECRETS,
	OPTION_STARTTLS,
	OPTION_TLS,
	OPTION_TIMEOUT,
	OPTION_CONFIG,
	OPTION_TOKEN,
	OPTION_LABEL,
	OPTION_FORCE,
	OPTION_TRACE,
	OPTION_PLAIN,
	OPTION_SUBJECT,
	OPTION_TEXT,
	OPTION_ATTACH,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "server", required_argument, NULL, OPTION_SERVER },
	{ "ca", required_argument, NULL, OPTION_CA },
	{ "pin", required_argument, NULL, OPTION_PIN },
	{ "ca-pin", required_argument, NULL, OPTION_PIN },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "password-command", required_argument, NULL, OPTION_PASSWORD_COMMAND },
	{ "secrets", required_argument, NULL, OPTION_SECRETS },
	{ "starttls", no_argument, NULL, OPTION_STARTTLS },
	{ "tls", required_argument, NULL, OPTION_TLS },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "token", required_argument, NULL, OPTION_TOKEN },
	{ "label", required_argument, NULL, OPTION_LABEL },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ "trace", no_argument, NULL, OPTION_TRACE },
	{ "plain", no_argument, NULL, OPTION_PLAIN },
	{ "subject", required_argument, NULL, OPTION_SUBJECT },
	{ "text", required_argument, NULL, OPTION_TEXT },
	{ "attach", required_argument, NULL, OPTION_ATTACH },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *name;
	enum client_command command;
} commands[] = {
	{ "send", CLIENT_SEND },
	{ "enrol", CLIENT_ENROL },
	{ "check", CLIENT_CHECK },
};

static const char *
command_name(unsigned command)
{
	size_t i = 0;

	while (commands[i].command != command)
		i++;
	return commands[i].name;
}

static int
set_text(char **field, const char *name, const char *value, struct client_fault *fault)
{
	if (*value == '\0')
		return client_fault_set(
			fault, EX_USAGE, "%s: expected a value that is not empty", name);
	free(*field);
	*field = strdup(value);
	return *field ? 0 : client_fault_memory(fault);
}

static int
set_setting(
	int key, const char *value, struct client_settings *s, struct client_fault *fault)
{
	switch (key) {
	case OPTION_SERVER:
		return client_settings_server(s, "--server", value, fault);
	case OPTION_CA:
		return set_text(&s->ca, "--ca", value, fault);
	case OPTION_PIN:
		return client_settings_pin(s, "--pin", value, fault);
	case OPTION_CERT:
		return set_text(&s->cert, "--cert", value, fault);
	case OPTION_KEY:
		return set_text(&s->key, "--key", value, fault);
	case OPTION_USER:
		return set_text(&s->user, "--user", value, fault);
	case OPTION_PASSWORD_FILE:
		return set_text(&s->password_file, "--password-file", value, fault);
	case OPTION_PASSWORD_COMMAND:
		return set_text(&s->password_command, "--password-command", value, fault);
	case OPTION_SECRETS:
		return set_text(&s->secrets, "--secrets", value, fault);
	case OPTION_STARTTLS:
		return client_settings_tls(s, "--tls", "starttls", fault);
	case OPTION_TLS:
		return client_settings_tls(s, "--tls", value, fault);
	case OPTION_TIMEOUT:
		return client_settings_timeout(s, "--timeout", value, fault);
	default:
		return client_fault_set(fault, EX_USAGE, "unknown option");
	}
}

static int
option_fault(char **argv, int key, struct client_fault *fault)
{
	const char *given = optind > 0 ? argv[optind - 1] : "";

	if (optopt > 0 && optopt < 256 && key == '?')
		return client_fault_set(fault, EX_USAGE,
			"unknown option -%c: postern --help names those there are",
			optopt);
	if (optopt > 0 && optopt < 256)
		return client_fault_set(
			fault, EX_USAGE, "-%c: expected a value behind it", optopt);
	if (key == ':')
		return client_fault_set(
			fault, EX_USAGE, "%.200s: expected a value behind it", given);
	return client_fault_set(fault, EX_USAGE,
		"unknown option %.200s: postern --help names those there are", given);
}

/* The one command that knows an option; 0 where all do. */
static unsigned
command_of(int key)
{
	switch (key) {
	case OPTION_TOKEN:
	case OPTION_LABEL:
	case OPTION_FORCE:
		return CLIENT_ENROL;
	case OPTION_SUBJECT:
	case OPTION_TEXT:
	case OPTION_ATTACH:
		return CLIENT_SEND;
	case OPTION_JSON:
		return CLIENT_CHECK;
	default:
		return 0;
	}
}

static const char *
name_of(int key)
{
	const struct option *o = long_options;

	while (o->name && o->val != key)
		o++;
	return o->name ? o->name : "";
}

static int
add_file(struct client_options *o, char *path, struct client_fault *fault)
{
	char **files = reallocarray(o->files, o->n_files + 1, sizeof *files);

	if (!files)
		return client_fault_memory(fault);
	files[o->n_files++] = path;
	o->files = files;
	return 0;
}

/* Options of one command alone. */
static int
take_own_option(int key, struct client_options *o, struct client_fault *fault)
{
	if (o->command != command_of(key))
		return client_fault_set(fault, EX_USAGE, "--%s is for `postern %s' alone",
			name_of(key), command_name(command_of(key)));
	switch (key) {
	case OPTION_TOKEN:
		o->token = optarg;
		break;
	case OPTION_LABEL:
		o->label = optarg;
		break;
	case OPTION_FORCE:
		o->force = true;
		break;
	case OPTION_SUBJECT:
		o->subject = optarg;
		break;
	case OPTION_TEXT:
		o->text = optarg;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	default:
		return add_file(o, optarg, fault);
	}
	return 0;
}

static int
take_option(int key, char **argv, struct client_options *o, struct client_settings *s,
	struct client_fault *fault)
{
	if (command_of(key))
		return take_own_option(key, o, fault);
	switch (key) {
	case '?':
	case ':':
		return option_fault(argv, key, fault);
	case 'v':
		s->verbose = true;
		return 0;
	case OPTION_TRACE:
		s->trace = true;
		return 0;
	case OPTION_PLAIN:
		s->plain = true;
		return 0;
	case 'f':
		o->from = strcmp(optarg, "<>") == 0 ? "" : optarg;
		return 0;
	case 't':
		o->read_headers = true;
		return 0;
	case OPTION_CONFIG:
		o->config = optarg;
		return 0;
	case OPTION_HELP:
		o->help = true;
		return 0;
	case OPTION_VERSION:
		o->version = true;
		return 0;
	default:
		return set_setting(key, optarg, s, fault);
	}
}

/* HOST and PORT of the interactive form. */
static int
take_host(char **words, int n, struct client_settings *s, struct client_fault *fault)
{
	int r;

	if (n > 2)
		return client_fault_set(fault, EX_USAGE,
			"too many words, beginning with %.200s: expected HOST and PORT",
			words[2]);
	if (n == 0)
		return 0;
	if (s->host)
		return client_fault_set(fault, EX_USAGE,
			"the server is named twice, by --server "
			"and by %.200s: expected one",
			words[0]);
	r = client_settings_server(s, "HOST", words[0], fault);
	if (r < 0 || n == 1)
		return r;
	return client_settings_port(s, "PORT", words[1], fault);
}

static enum client_command
read_command(const char *word)
{
	for (size_t i = 0; word && i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].command;
	}
	return CLIENT_TALK;
}

int
client_options_read(int argc, char **argv, struct client_options *o,
	struct client_settings *s, struct client_fault *fault)
{
	const char *letters;
	int key, r;

	o->command = read_command(argc > 1 ? argv[1] : NULL);
	letters = o->command == CLIENT_SEND ? ":f:tv" : ":v";
	if (o->command != CLIENT_TALK) {
		argv++;
		argc--;
	}
	optind = 0;
	while ((key = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		r = take_option(key, argv, o, s, fault);
		if (r < 0)
			return r;
	}
	if (o->command != CLIENT_SEND)
		return take_host(argv + optind, argc - optind, s, fault);
	o->recipients = argv + optind;
	o->n_recipients = (size_t)(argc - optind);
	return 0;
}

void
client_options_clear(struct client_options *o)
{
	free(o->files);
	*o = (struct client_options){ 0 };
}
