// SPDX-License-Identifier: ISC
/*
 * The command line of postern-smtpd.
 */
#ifndef SMTPD_OPTIONS_H
#define SMTPD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct smtpd_options {
	const char *config; /* the file */
	char **overrides;   /* "KEY=VALUE" each; the array is allocated */
	size_t n_overrides;
	bool check;
};

/* Reads argv. 0 to go on, with *ret; 1 where --help or --version has been answered;
 * -EINVAL where the words are wrong, which stderr was told; -ENOMEM. */
int smtpd_options_read(int argc, char **argv, struct smtpd_options *ret);

#endif
