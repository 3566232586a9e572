// SPDX-License-Identifier: ISC
/*
 * The form of a configuration file: lines "KEY = VALUE", empty lines, and comments, which
 * are lines that begin with #. Anything else is a fault. inih reads the lines; those that
 * it would take in another way than the administrator meant never reach it.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>

#include "base/buffer.h"

enum {
	CONFIG_LINE_MAX = 1024,      /* bytes of a line, its end aside */
	CONFIG_FILE_MAX = 256 << 10, /* bytes of a file */
};

/* Takes one setting, and the number of its line; 0, or a negative errno that ends it all.
 */
typedef int config_file_setting(
	void *context, const char *key, const char *value, unsigned line);

/* Reads the whole file at path into text. 0, or a negative errno: -EFBIG for one longer
 * than CONFIG_FILE_MAX. Pipes are read as well. */
int config_file_read(const char *path, struct buffer *text);

/* Hands every setting in text to setting, and appends faults of form to faults, a line
 * each: "NAME:LINE: …". 0 whether or not there are faults; -ENOMEM, or what setting
 * answered. */
int config_file_parse(const char *name, const char *text, size_t len,
	config_file_setting *setting, void *context, struct buffer *faults);

#endif
