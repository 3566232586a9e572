// SPDX-License-Identifier: ISC
/*
 * What a unit of systemd is told, as systemd would read it: the unit's file, in the first
 * of the folders that has it, and the drop-ins of all of them in the order of their
 * names.
 */
#ifndef CTL_UNIT_FILE_H
#define CTL_UNIT_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { CTL_UNIT_VALUE = 1024, CTL_UNIT_PATH = 128 };

/* What is asked of a unit. */
struct ctl_setting {
	const char *key;
	bool list;                  /* assignments add up, until an empty one */
	char value[CTL_UNIT_VALUE]; /* "" for what is not assigned */
};

/* Whether there is such a unit; its path, if so, and the values. */
bool ctl_unit_read(const char *unit, struct ctl_setting *settings, size_t n,
	char ret_path[CTL_UNIT_PATH]);

#endif
