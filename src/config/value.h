// SPDX-License-Identifier: ISC
/*
 * Values: the text behind the equals sign, checked and put where it belongs.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buffer.h"
#include "config/config.h"
#include "config/key.h"

/* Sets the key's member in *c from text; what stood there before is freed. 0; -EINVAL
 * with what was expected appended to why ("expected a number from 1 to 86400"), and *c as
 * it was; -ENOMEM. */
int config_value_set(struct config *c, const struct config_key *key, const char *text,
	struct buffer *why);

/* Frees what the key's member holds. */
void config_value_clear(struct config *c, const struct config_key *key);

/* The word that the key's member stands for now; of a CONFIG_KIND_WORD only. */
const char *config_value_word(const struct config *c, const struct config_key *key);

#endif
