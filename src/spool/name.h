// SPDX-License-Identifier: ISC
/*
 * Names that the spool gives: folders after addresses, files after time, process and
 * queue id. What comes from a peer becomes one component of a path here, and cannot be
 * more.
 */
#ifndef SPOOL_NAME_H
#define SPOOL_NAME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SPOOL_NAME_SIZE = NAME_MAX + 1,
	SPOOL_ID_MAX = 64, /* bytes of a queue id */
};

/* The folder for one side of an address: ASCII lower case, every byte outside
 * [a-z0-9._+=-] and a leading . or - as %HH. 0; -EINVAL for an empty one, -ENAMETOOLONG.
 */
int spool_name_folder(const char *text, size_t len, char ret[SPOOL_NAME_SIZE]);

/* Both folders for "local@domain", split at the last @. As above. */
int spool_name_address(const char *address, char ret_domain[SPOOL_NAME_SIZE],
	char ret_local[SPOOL_NAME_SIZE]);

/* Whether id is made of letters and digits, and short enough. */
bool spool_name_is_id(const char *id);

/* A Maildir file name that nothing else has: TIME.MuSECpPIDQid.HOST,S=size as the Maildir
 * convention has it, from this moment, this process, this machine; and behind it ":2,"
 * with the flags, unless they are "". */
void spool_name_file(
	const char *id, uint64_t size, const char *flags, char ret[SPOOL_NAME_SIZE]);

#endif
