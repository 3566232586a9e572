// SPDX-License-Identifier: ISC
/*
 * For tests: what spool_message_open does, with a named draft where it would not need
 * one.
 */
#ifndef SPOOL_PRIVATE_H
#define SPOOL_PRIVATE_H

#include <stdbool.h>

#include "spool/message.h"

int spool_message_open_as(
	const char *root, const char *id, bool named, struct spool_message **ret);

#endif
