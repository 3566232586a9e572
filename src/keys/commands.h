// SPDX-License-Identifier: ISC
/*
 * The commands of postern-keys. Each answers with the program's exit status, one of
 * sysexits.h; a fault has been named on standard error by then.
 */
#ifndef KEYS_COMMANDS_H
#define KEYS_COMMANDS_H

#include "keys/options.h"

int keys_init(const struct keys_options *o);     /* ca.pem ca.key server.pem server.key */
int keys_issue(const struct keys_options *o);    /* clients/NAME/{cert,key,ca}.pem */
int keys_issue_ca(const struct keys_options *o); /* cas/NAME/, a folder like this one */
int keys_pair(const struct keys_options *o);     /* server/, clients/NAME/, no CA */
int keys_renew(const struct keys_options *o);    /* the same anew; the old to old/ */
int keys_revoke(const struct keys_options *o);   /* crl.pem */
int keys_crl(const struct keys_options *o);      /* crl.pem */
int keys_export(const struct keys_options *o);   /* clients/NAME/NAME.p12 */
int keys_passphrase(const struct keys_options *o); /* ca.key */
int keys_list(const struct keys_options *o);
int keys_show(const struct keys_options *o);

/* The command of the options. */
int keys_run(const struct keys_options *o);

#endif
