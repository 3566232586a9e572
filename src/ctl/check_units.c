// SPDX-License-Identifier: ISC
/*
 * The units against the configuration and the machine. Where there are none, another
 * supervisor owns the port.
 */
#include "ctl/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "ctl/unit_file.h"

enum { PROCESSES = 2, CONNECTION_KB = 900, CONNECTION_FILES = 32, OWN_FILES = 64 };

enum service_setting {
	SERVICE_USER,
	SERVICE_START,
	SERVICE_FILES,
	SERVICE_TASKS,
	SERVICE_PROTECT,
	SERVICE_WRITES,
	SERVICE_STATE,
	SERVICE_SETTINGS
};

/* What a socket unit says of the services behind it. */
struct door {
	char listens[CTL_UNIT_VALUE];
	uint64_t connections;
	bool resident;
};

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
check_command(const char *unit, struct ctl_setting *start, const char *file,
	struct ctl_findings *f)
{
	CLEANUP_FREE char *command = strdup(start->value);
	size_t skip = strspn(start->value, "@-:+!");
	const char *named;
	char program[CTL_UNIT_VALUE];

	snprintf(program, sizeof(program), "%.*s",
		(int)strcspn(start->value + skip, " \t"), start->value + skip);
	if (access(program, X_OK) < 0) {
		int error = errno;

		ctl_finding_remedy(f, "make install");
		errno = error;
		ctl_finding_add(f, CTL_ERROR, "units", "%s starts %s: %s", unit, program,
			strerror(errno));
	}
	named = command ? config_of(command) : NULL;
	if (!named)
		named = CONFIG_DEFAULT_PATH;
	if (strcmp(named, file ? file : CONFIG_DEFAULT_PATH) != 0)
		ctl_finding_add(f, CTL_WARNING, "units",
			"%s reads %s, which is not the file looked at here", unit, named);
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

static void
check_files(const char *unit, uint64_t connections, struct ctl_findings *f)
{
	uint64_t limit = kernel_number("/proc/sys/fs/file-max");
	uint64_t need = connections * CONNECTION_FILES;

	if (limit == 0 || limit > need)
		return;
	ctl_finding_remedy(f, "sysctl -w fs.file-max=%llu", (unsigned long long)need * 2);
	ctl_finding_add(f, CTL_ERROR, "machine",
		"%s lets in %llu connections with %d open files each, but fs.file-max is "
		"%llu",
		unit, (unsigned long long)connections, CONNECTION_FILES,
		(unsigned long long)limit);
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
check_socket(const struct config *config, const char *unit, struct door *ret,
	struct ctl_findings *f)
{
	struct ctl_setting settings[] = { { .key = "MaxConnections" },
		{ .key = "Backlog" }, { .key = "ListenStream" }, { .key = "Accept" } };
	uint64_t connections = 64, backlog = 0; /* systemd's default */
	char path[CTL_UNIT_PATH];
	bool resident;

	if (!ctl_unit_read(unit, settings, 4, path))
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
	*ret = (struct door){ .connections = connections, .resident = resident };
	memcpy(ret->listens, settings[2].value, sizeof(ret->listens));
	check_processes(unit, connections, f);
	check_files(unit, connections, f);
	check_memory(unit, resident, connections, f);
	check_backlog(unit, backlog, f);
	return true;
}

/* The hard limit of "soft:hard", or of both; 0 for none. */
static uint64_t
limit_of(const char *value)
{
	const char *colon = strchr(value, ':'), *hard = colon ? colon + 1 : value;
	uint64_t limit = 0;

	return number_parse(hard, strlen(hard), 0, UINT64_MAX, &limit) == 0 ? limit : 0;
}

static void
check_limit(const char *unit, const struct ctl_setting *s, uint64_t need,
	const char *what, struct ctl_findings *f)
{
	uint64_t limit = limit_of(s->value);

	if (limit == 0 || limit >= need)
		return;
	ctl_finding_remedy(
		f, "%s=%llu in a drop-in of %s", s->key, (unsigned long long)need, unit);
	ctl_finding_add(f, CTL_ERROR, "units",
		"%s=%s of %s is too low: %llu %s may be needed", s->key, s->value, unit,
		(unsigned long long)need, what);
}

/* Whether path is one of the folders of a list, or lies below one. */
static bool
is_below(const char *path, const char *list)
{
	for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
		size_t len = strcspn(list, " "), skip = strspn(list, "-+");
		const char *folder = list + skip;
		size_t n = len - skip;

		while (n > 1 && folder[n - 1] == '/')
			n--;
		if (strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/'))
			return true;
		list += len;
	}
	return false;
}

static void
check_writable(const char *unit, const char *key, const char *path,
	const struct ctl_setting *rw, const char *state, struct ctl_findings *f)
{
	if (!path || is_below(path, rw->value) || (*state && is_below(path, state)))
		return;
	ctl_finding_remedy(f, "ReadWritePaths=%s in a drop-in of %s", path, unit);
	ctl_finding_add(f, CTL_ERROR, "units",
		"%s says ProtectSystem=strict, and %s (%s) is in none of its "
		"ReadWritePaths",
		unit, path, key);
}

/* What a unit leaves writable. */
static void
check_walls(const struct config *config, const char *unit, const struct ctl_setting *s,
	struct ctl_findings *f)
{
	CLEANUP_FREE char *store = strdup(config->users);
	char *slash = store ? strrchr(store, '/') : NULL;
	char state[CTL_UNIT_VALUE + 16] = "";

	if (strcmp(s[SERVICE_PROTECT].value, "strict") != 0 || !slash)
		return;
	if (*s[SERVICE_STATE].value)
		snprintf(state, sizeof(state), "/var/lib/%s", s[SERVICE_STATE].value);
	slash[slash == store] = '\0';
	check_writable(unit, "users", store, &s[SERVICE_WRITES], state, f);
	check_writable(unit, "deliver", config->mail, &s[SERVICE_WRITES], state, f);
	check_writable(unit, "run", config->run, &s[SERVICE_WRITES], state, f);
	check_writable(unit, "log", config->log_file, &s[SERVICE_WRITES], state, f);
}

/* The value of `-o tls=` in a command line, or the configuration's. */
static const char *
tls_of(const struct config *config, const char *command)
{
	static const char *const NAMES[] = { [CONFIG_TLS_IMPLICIT] = "implicit",
		[CONFIG_TLS_STARTTLS] = "starttls",
		[CONFIG_TLS_OFF] = "off" };
	const char *found = NAMES[config->tls];

	for (const char *at = command; (at = strstr(at, "tls=")); at += 4)
		for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
			if (at > command && strchr(" \"'o", at[-1]) &&
				strncmp(at + 4, NAMES[i], strlen(NAMES[i])) == 0)
				found = NAMES[i];
	return found;
}

/* Clients expect TLS from the first byte on 465, and STARTTLS on 587 (RFC 8314 section
 * 3). */
static void
check_port(const struct config *config, const char *unit, const char *listens,
	const char *command, struct ctl_findings *f)
{
	const char *colon = strrchr(listens, ':'), *port = colon ? colon + 1 : listens;
	const char *tls = tls_of(config, command);
	const char *usual = strcmp(port, "465") == 0   ? "implicit"
			    : strcmp(port, "587") == 0 ? "starttls"
						       : NULL;

	if (!usual || strcmp(tls, usual) == 0 || strcmp(tls, "off") == 0)
		return;
	ctl_finding_remedy(f, "-o tls=%s in ExecStart of a drop-in of %s", usual, unit);
	ctl_finding_add(f, CTL_ERROR, "units",
		"%s serves port %s by tls = %s, where clients expect %s", unit, port, tls,
		usual);
}

static void
check_service(const struct config *config, const char *unit, const char *file,
	const struct door *door, struct ctl_findings *f)
{
	struct ctl_setting settings[SERVICE_SETTINGS] = {
		[SERVICE_USER] = { .key = "User" },
		[SERVICE_START] = { .key = "ExecStart" },
		[SERVICE_FILES] = { .key = "LimitNOFILE" },
		[SERVICE_TASKS] = { .key = "TasksMax" },
		[SERVICE_PROTECT] = { .key = "ProtectSystem" },
		[SERVICE_WRITES] = { .key = "ReadWritePaths", .list = true },
		[SERVICE_STATE] = { .key = "StateDirectory" },
	};
	char path[CTL_UNIT_PATH];
	uint64_t here = door->resident ? door->connections : 1;

	if (!ctl_unit_read(unit, settings, SERVICE_SETTINGS, path)) {
		ctl_finding_remedy(f, "make install; systemctl daemon-reload");
		ctl_finding_add(f, CTL_ERROR, "units",
			"there is a socket unit, but no %s beside it", unit);
		return;
	}
	if (*settings[SERVICE_USER].value &&
		strcmp(settings[SERVICE_USER].value, config->user) != 0) {
		ctl_finding_remedy(f, "user = %s", settings[SERVICE_USER].value);
		ctl_finding_add(f, CTL_ERROR, "units",
			"%s runs as %s, but the configuration says user = %s", unit,
			settings[SERVICE_USER].value, config->user);
	} else
		ctl_finding_add(f, CTL_FINE, "units", "%s runs as %s", path,
			*settings[SERVICE_USER].value ? settings[SERVICE_USER].value
						      : "root, and becomes user");
	check_command(unit, &settings[SERVICE_START], file, f);
	check_limit(unit, &settings[SERVICE_TASKS],
		here * PROCESSES + (door->resident ? 1 : 0), "processes", f);
	check_limit(unit, &settings[SERVICE_FILES],
		(door->resident ? here : 0) + OWN_FILES, "open files", f);
	check_walls(config, unit, settings, f);
	if (!door->resident)
		check_port(config, unit, door->listens, settings[SERVICE_START].value, f);
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
		struct door door;

		if (!check_socket(config, UNITS[i][0], &door, f))
			continue;
		any = true;
		check_service(config, UNITS[i][1], file, &door, f);
	}
	if (!any)
		ctl_finding_add(f, CTL_FINE, "units",
			"none of ours is installed: another supervisor owns the port");
}
