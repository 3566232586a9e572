// SPDX-License-Identifier: ISC
/*
 * The units as systemd would read them: the unit's file, in the first of the folders that
 * has it, and the drop-ins of all of them in the order of their names; what is assigned
 * last counts. Where there are none, another supervisor owns the port.
 */
#include "ctl/check.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"

enum { PROCESSES = 2, CONNECTION_KB = 900, VALUE_MAX = 256 };

static const char *const FOLDERS[] = {
	"/etc/systemd/system",
	"/run/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
};

enum { N_FOLDERS = sizeof(FOLDERS) / sizeof(*FOLDERS) };

/* What is asked of a unit. */
struct setting {
	const char *key;
	char value[VALUE_MAX]; /* "" for what is not assigned */
};

static void
read_assignments(const char *path, struct setting *settings, size_t n)
{
	FILE *file = fopen(path, "re");
	CLEANUP_FREE char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (!file)
		return;
	while ((len = getline(&line, &room, file)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < n; i++) {
			size_t key = strlen(settings[i].key);

			if (strncmp(line, settings[i].key, key) == 0 && line[key] == '=')
				snprintf(settings[i].value, VALUE_MAX, "%s",
					line + key + 1);
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
read_drop_ins(const char *unit, struct setting *settings, size_t n)
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

/* Whether there is such a unit; its path, if so. */
static bool
read_unit(
	const char *unit, struct setting *settings, size_t n, char *ret_path, size_t size)
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		snprintf(ret_path, size, "%s/%s", FOLDERS[i], unit);
		if (access(ret_path, R_OK) < 0)
			continue;
		read_assignments(ret_path, settings, n);
		read_drop_ins(unit, settings, n);
		return true;
	}
	return false;
}

/* The word behind -c in a command line, or NULL. */
static const char *
config_of(char *command)
{
	char *rest, *word = strtok_r(command, " \t", &rest);

	for (; word; word = strtok_r(NULL, " \t", &rest)) {
		if (strcmp(word, "-c") == 0)
			return strtok_r(NULL, " \t", &rest);
		if (strncmp(word, "--config=", 9) == 0)
			return word + 9;
	}
	return NULL;
}

/* The program that it starts is there, and reads this configuration. */
static void
check_command(
	const char *unit, struct setting *start, const char *file, struct ctl_findings *f)
{
	CLEANUP_FREE char *command = strdup(start->value);
	size_t skip = strspn(start->value, "@-:+!");
	const char *named;
	char program[VALUE_MAX];

	snprintf(program, sizeof(program), "%.*s",
		(int)strcspn(start->value + skip, " \t"), start->value + skip);
	if (access(program, X_OK) < 0)
		ctl_finding_add(f, CTL_ERROR, "units", "%s starts %s: %s", unit, program,
			strerror(errno));
	named = command ? config_of(command) : NULL;
	if (!named)
		named = CONFIG_DEFAULT_PATH;
	if (strcmp(named, file ? file : CONFIG_DEFAULT_PATH) != 0)
		ctl_finding_add(f, CTL_WARNING, "units",
			"%s reads %s, which is not the file looked at here", unit, named);
}

static void
check_service(const struct config *config, const char *unit, const char *file,
	struct ctl_findings *f)
{
	struct setting settings[] = { { "User", "" }, { "ExecStart", "" } };
	char path[128];

	if (!read_unit(unit, settings, 2, path, sizeof(path))) {
		ctl_finding_add(f, CTL_ERROR, "units",
			"there is a socket unit, but no %s beside it", unit);
		return;
	}
	if (*settings[0].value && strcmp(settings[0].value, config->user) != 0) {
		ctl_finding_remedy(f, "user = %s", settings[0].value);
		ctl_finding_add(f, CTL_ERROR, "units",
			"%s runs as %s, but the configuration says user = %s", unit,
			settings[0].value, config->user);
	} else
		ctl_finding_add(f, CTL_FINE, "units", "%s runs as %s", path,
			*settings[0].value ? settings[0].value
					   : "root, and becomes user");
	check_command(unit, &settings[1], file, f);
}

/* A number in a file of /proc, or 0. */
static uint64_t
kernel_number(const char *path)
{
	FILE *file = fopen(path, "re");
	char text[32] = "";
	uint64_t number = 0;

	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		*text = '\0';
	fclose(file);
	number_parse(text, strcspn(text, "\n"), 0, UINT64_MAX, &number);
	return number;
}

static void
check_processes(const char *unit, uint64_t connections, struct ctl_findings *f)
{
	static const char *const LIMITS[] = { "kernel/pid_max", "kernel/threads-max" };

	for (size_t i = 0; i < sizeof(LIMITS) / sizeof(*LIMITS); i++) {
		char path[64];
		uint64_t limit;

		snprintf(path, sizeof(path), "/proc/sys/%s", LIMITS[i]);
		limit = kernel_number(path);
		if (limit == 0 || limit > connections * PROCESSES)
			continue;
		ctl_finding_remedy(f, "sysctl -w %s=%llu", LIMITS[i],
			(unsigned long long)connections * PROCESSES * 2);
		ctl_finding_add(f, CTL_ERROR, "machine",
			"%s lets in %llu connections of %d processes, but %s is %llu",
			unit, (unsigned long long)connections, PROCESSES, LIMITS[i],
			(unsigned long long)limit);
	}
}

/* resident: a parent of ours counts the connections, and not systemd. */
static void
check_memory(
	const char *unit, bool resident, uint64_t connections, struct ctl_findings *f)
{
	uint64_t need = connections * CONNECTION_KB / 1024;
	uint64_t have = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			(uint64_t)sysconf(_SC_PAGESIZE) / (1024 * 1024);

	if (need * 2 <= have) {
		ctl_finding_add(f, CTL_FINE, "machine",
			"%llu connections of %s need some %llu of %llu MB",
			(unsigned long long)connections, unit, (unsigned long long)need,
			(unsigned long long)have);
		return;
	}
	if (resident)
		ctl_finding_remedy(f, "max_connections = %llu",
			(unsigned long long)have / 2 * 1024 / CONNECTION_KB);
	else
		ctl_finding_remedy(f, "MaxConnections=%llu in a drop-in of %s",
			(unsigned long long)have / 2 * 1024 / CONNECTION_KB, unit);
	ctl_finding_add(f, CTL_WARNING, "machine",
		"%llu connections of %s need some %llu MB; the machine has %llu",
		(unsigned long long)connections, unit, (unsigned long long)need,
		(unsigned long long)have);
}

static void
check_backlog(const char *unit, uint64_t backlog, struct ctl_findings *f)
{
	uint64_t kernel = kernel_number("/proc/sys/net/core/somaxconn");

	if (kernel == 0 || backlog <= kernel)
		return;
	ctl_finding_remedy(
		f, "sysctl -w net.core.somaxconn=%llu", (unsigned long long)backlog);
	ctl_finding_add(f, CTL_WARNING, "machine",
		"Backlog=%llu of %s is cut to %llu by the kernel",
		(unsigned long long)backlog, unit, (unsigned long long)kernel);
}

/* Whether there is such a socket unit. */
static bool
check_socket(const struct config *config, const char *unit, struct ctl_findings *f)
{
	struct setting settings[] = { { "MaxConnections", "" }, { "Backlog", "" },
		{ "ListenStream", "" }, { "Accept", "" } };
	uint64_t connections = 64, backlog = 0; /* systemd's default */
	char path[128];
	bool resident;

	if (!read_unit(unit, settings, 4, path, sizeof(path)))
		return false;
	resident = strcmp(settings[3].value, "no") == 0;
	number_parse(settings[0].value, strlen(settings[0].value), 0, UINT32_MAX,
		&connections);
	if (resident)
		connections = config->max_connections;
	number_parse(
		settings[1].value, strlen(settings[1].value), 0, UINT32_MAX, &backlog);
	ctl_finding_add(f, CTL_FINE, "units", "%s listens on %s, for %llu connections",
		path, *settings[2].value ? settings[2].value : "nothing",
		(unsigned long long)connections);
	check_processes(unit, connections, f);
	check_memory(unit, resident, connections, f);
	check_backlog(unit, backlog, f);
	return true;
}

void
ctl_check_units(const struct config *config, const char *file, struct ctl_findings *f)
{
	static const char *const UNITS[][2] = {
		{ "postern.socket", "postern@.service" },
		{ "postern-submission.socket", "postern-submission@.service" },
		{ "postern-resident.socket", "postern-resident.service" },
		{ "postern-resident-submission.socket", "postern-resident.service" },
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(UNITS) / sizeof(*UNITS); i++) {
		if (!check_socket(config, UNITS[i][0], f))
			continue;
		any = true;
		check_service(config, UNITS[i][1], file, f);
	}
	if (!any)
		ctl_finding_add(f, CTL_FINE, "units",
			"none of ours is installed: another supervisor owns the port");
}
