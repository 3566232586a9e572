// SPDX-License-Identifier: ISC
/*
 * The command line of postern-keys as a value. Its strings are those of argv.
 */
#ifndef KEYS_OPTIONS_H
#define KEYS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "keys/name.h"
#include "pki/crl.h"
#include "pki/make.h"

enum {
	KEYS_HOSTS_MAX = 64,
	KEYS_PERMITS_MAX = 16,
	KEYS_LISTS_MAX = 16,
	KEYS_PATH_LENGTH_MAX = 8,
};

enum keys_command {
	KEYS_INIT,
	KEYS_ISSUE,
	KEYS_ISSUE_CA,
	KEYS_PAIR,
	KEYS_RENEW,
	KEYS_REVOKE,
	KEYS_CRL,
	KEYS_EXPORT,
	KEYS_PASSPHRASE,
	KEYS_LIST,
	KEYS_SHOW,
	KEYS_COMMANDS
};

/* Whose certificate is meant. */
enum keys_who {
	KEYS_WHO_CLIENT, /* NAME: clients/NAME */
	KEYS_WHO_SERVER, /* `server' */
	KEYS_WHO_CA,     /* `ca' */
	KEYS_WHO_BELOW,  /* `cas/NAME', a CA below this one */
};

struct keys_options {
	enum keys_command command;
	const char *dir;
	enum keys_who who;
	const char *name; /* of a client, or of a CA below; checked */
	const char *what; /* what is to be revoked, as it was given, or NULL */
	const char *file; /* what is shown */
	const char *hosts[KEYS_HOSTS_MAX]; /* checked */
	size_t n_hosts;
	const char *permits[KEYS_PERMITS_MAX]; /* checked, lower case */
	size_t n_permits;
	const char *lists[KEYS_LISTS_MAX]; /* files of other CAs' revocation lists */
	size_t n_lists;
	const char *passphrase_file;     /* of the CA's key; NULL: asked for */
	const char *new_passphrase_file; /* of a key that is made */
	const char *password_file;       /* of what is exported */
	const char *list_file;           /* a revocation list that states come from */
	enum pki_key_type type;
	enum pki_reason reason;
	int path_length; /* -1: as is usual */
	unsigned days;   /* 0: as long as is usual for each kind */
	bool type_given;
	bool force;
	bool new_key;
	bool protect; /* the key that is made gets a passphrase, asked for or from a file
		       */
	bool generate;
	bool p12;
	bool legacy;
	bool json;
	bool all;
	bool by_expiry;
};

/* Reads the command line. True with *ret where there is work to do; false where there is
 * none, with the exit status: help was printed, or a fault was named on standard error.
 */
bool keys_options_read(int argc, char **argv, struct keys_options *ret, int *ret_status);

#endif
