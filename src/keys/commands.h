// SPDX-License-Identifier: ISC
/*
 * The commands of postern-keys. Each answers with the program's exit status, one of
 * sysexits.h; a fault has been named on standard error by then.
 */
#ifndef KEYS_COMMANDS_H
#define KEYS_COMMANDS_H

#include "keys/options.h"

int keys_init(const struct keys_options *o);  /* ca.pem ca.key server.pem server.key */
int keys_issue(const struct keys_options *o); /* clients/NAME/{cert,key,ca}.pem */
int keys_pair(const struct keys_options *o);  /* server/, clients/NAME/, no CA */
int keys_list(const struct keys_options *o);
int keys_show(const struct keys_options *o);

/* The command of the options. */
int keys_run(const struct keys_options *o);

#endif
