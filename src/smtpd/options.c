// SPDX-License-Identifier: ISC
/*
 * getopt. Owns the array of overrides, whose strings are argv's. Faults are told to
 * stderr.
 */
#include "smtpd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

static const char USAGE[] =
	"usage: postern-smtpd [-c FILE] [-o KEY=VALUE]... [-t]\n"
	"\n"
	"Serves one SMTP submission connection: the socket that systemd passes, or\n"
	"descriptor 0 as inetd, xinetd, socat and tcpserver pass it.\n"
	"\n"
	"  -c FILE        read this configuration (default " CONFIG_DEFAULT_PATH ")\n"
	"  -o KEY=VALUE   set a key of the configuration; may be given again\n"
	"  -t             check the configuration and every file it names, then exit\n"
	"  --help         show this\n"
	"  --version      show the version\n"
	"\n"
	"postern.conf(5) explains the keys.\n";

int
smtpd_options_read(int argc, char **argv, struct smtpd_options *ret)
{
	static const struct option LONG[] = { { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { 0 } };
	struct smtpd_options o = { .config = CONFIG_DEFAULT_PATH };
	int c;

	o.overrides = calloc((size_t)argc, sizeof *o.overrides);
	if (!o.overrides)
		return -ENOMEM;
	while ((c = getopt_long(argc, argv, "c:o:t", LONG, NULL)) != -1) {
		switch (c) {
		case 'c':
			o.config = optarg;
			break;
		case 'o':
			o.overrides[o.n_overrides++] = optarg;
			break;
		case 't':
			o.check = true;
			break;
		case 'h':
			fputs(USAGE, stdout);
			free(o.overrides);
			return 1;
		case 'V':
			puts("postern-smtpd " POSTERN_VERSION);
			free(o.overrides);
			return 1;
		default:
			free(o.overrides);
			fputs("postern-smtpd: try --help\n", stderr);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "postern-smtpd: unexpected argument \"%s\"; try --help\n",
			argv[optind]);
		free(o.overrides);
		return -EINVAL;
	}
	*ret = o;
	return 0;
}
