// SPDX-License-Identifier: ISC
/*
 * From text to a configuration, with no file opened: config_load is this and a read.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/config.h"

/* As config_load, of len bytes of text that stand in the file called name in faults. */
int config_load_text(const char *name, const char *text, size_t len,
	char *const *overrides, size_t n_overrides, struct config **ret,
	struct buffer *faults);

#endif
