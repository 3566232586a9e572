// SPDX-License-Identifier: ISC
/*
 * Which function a command is.
 */
#include "keys/commands.h"

int
keys_run(const struct keys_options *o)
{
	static int (*const commands[KEYS_COMMANDS])(const struct keys_options *) = {
		[KEYS_INIT] = keys_init,
		[KEYS_ISSUE] = keys_issue,
		[KEYS_ISSUE_CA] = keys_issue_ca,
		[KEYS_PAIR] = keys_pair,
		[KEYS_RENEW] = keys_renew,
		[KEYS_REVOKE] = keys_revoke,
		[KEYS_CRL] = keys_crl,
		[KEYS_EXPORT] = keys_export,
		[KEYS_PASSPHRASE] = keys_passphrase,
		[KEYS_LIST] = keys_list,
		[KEYS_SHOW] = keys_show,
	};

	return commands[o->command](o);
}
