// SPDX-License-Identifier: ISC
/*
 * The options of the command line one by one, and their help.
 */
#ifndef KEYS_OPTIONS_PARTS_H
#define KEYS_OPTIONS_PARTS_H

#include "keys/options.h"

/* The options as bits, so that each command can say which it takes. */
enum keys_option {
	KEYS_OPTION_DIR = 1 << 0,
	KEYS_OPTION_HOST = 1 << 1,
	KEYS_OPTION_NAME = 1 << 2,
	KEYS_OPTION_TYPE = 1 << 3,
	KEYS_OPTION_DAYS = 1 << 4,
	KEYS_OPTION_FORCE = 1 << 5,
	KEYS_OPTION_PERMIT = 1 << 6,
	KEYS_OPTION_PATH_LENGTH = 1 << 7,
	KEYS_OPTION_PASSPHRASE = 1 << 8,
	KEYS_OPTION_PASSPHRASE_FILE = 1 << 9,
	KEYS_OPTION_NEW_PASSPHRASE = 1 << 10,
	KEYS_OPTION_NEW_PASSPHRASE_FILE = 1 << 11,
	KEYS_OPTION_NEW_KEY = 1 << 12,
	KEYS_OPTION_REASON = 1 << 13,
	KEYS_OPTION_WITH = 1 << 14,
	KEYS_OPTION_P12 = 1 << 15,
	KEYS_OPTION_LEGACY = 1 << 16,
	KEYS_OPTION_PASSWORD_FILE = 1 << 17,
	KEYS_OPTION_GENERATE = 1 << 18,
	KEYS_OPTION_JSON = 1 << 19,
	KEYS_OPTION_ALL = 1 << 20,
	KEYS_OPTION_SORT = 1 << 21,
	KEYS_OPTION_CRL = 1 << 22,
	KEYS_OPTION_HELP = 1 << 23,
	KEYS_OPTION_VERSION = 1 << 24,
};

extern const char keys_help[];

/* Takes one option with its value, which is NULL for one that has none. 0, or an exit
 * status once the fault has been named. */
int keys_option_set(struct keys_options *o, enum keys_option option, char *word);

/* Takes the name of a client that is to be made; what names it in a fault. */
int keys_option_set_name(struct keys_options *o, const char *what, const char *word);

/* Takes whose certificate is meant. */
int keys_option_set_who(struct keys_options *o, const char *word);

#endif
