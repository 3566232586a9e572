// SPDX-License-Identifier: ISC
/*
 * Lines of the form KEY=VALUE, whatever section they stand in. What is assigned last
 * counts. A file that cannot be read says nothing.
 */
#include "ctl/unit_file.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char *const FOLDERS[] = {
	"/etc/systemd/system",
	"/run/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
};

enum { N_FOLDERS = sizeof(FOLDERS) / sizeof(*FOLDERS) };

/* What is too long for its room is cut. */
static void
assign(struct ctl_setting *s, const char *value)
{
	size_t len = s->list && *value ? strlen(s->value) : 0;

	snprintf(s->value + len, sizeof(s->value) - len, "%s%s", len > 0 ? " " : "",
		value);
}

static void
read_assignments(const char *path, struct ctl_setting *settings, size_t n)
{
	FILE *file = fopen(path, "re");
	CLEANUP_FREE char *line = NULL;
	size_t room = 0;

	if (!file)
		return;
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < n; i++) {
			size_t key = strlen(settings[i].key);

			if (strncmp(line, settings[i].key, key) == 0 && line[key] == '=')
				assign(&settings[i], line + key + 1);
		}
	}
	fclose(file);
}

static int
by_last_name(const void *a, const void *b)
{
	const char *one = strrchr(*(char *const *)a, '/');
	const char *two = strrchr(*(char *const *)b, '/');

	return strcmp(one ? one : "", two ? two : "");
}

static void
read_drop_ins(const char *unit, struct ctl_setting *settings, size_t n)
{
	char pattern[128];
	glob_t found = { 0 };

	for (size_t i = 0; i < N_FOLDERS; i++) {
		snprintf(pattern, sizeof(pattern), "%s/%s.d/*.conf", FOLDERS[i], unit);
		glob(pattern, i > 0 ? GLOB_APPEND : 0, NULL, &found);
	}
	if (found.gl_pathc > 0)
		qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv),
			by_last_name);
	for (size_t i = 0; i < found.gl_pathc; i++)
		read_assignments(found.gl_pathv[i], settings, n);
	globfree(&found);
}

bool
ctl_unit_read(const char *unit, struct ctl_setting *settings, size_t n,
	char ret_path[CTL_UNIT_PATH])
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		snprintf(ret_path, CTL_UNIT_PATH, "%s/%s", FOLDERS[i], unit);
		if (access(ret_path, R_OK) < 0)
			continue;
		read_assignments(ret_path, settings, n);
		read_drop_ins(unit, settings, n);
		return true;
	}
	return false;
}
