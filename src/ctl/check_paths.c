// SPDX-License-Identifier: ISC
/*
 * Whether the service's user gets at each path is tried by a child that has become that
 * user, so that groups, ACLs and the folders above count as they will; whether others get
 * at secrets is read off the modes.
 */
#include "ctl/check.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/privileges.h"

/* What one path is to be. */
struct wanted {
	const char *key;
	const char *path; /* NULL: not named */
	int access;       /* of the service */
	mode_t forbidden; /* bits that nobody may have */
	bool folder;
	bool optional; /* made when it is needed */
};

enum {
	OTHERS = S_IRWXO,
	WRITERS = S_IWGRP | S_IWOTH,
	PATH_SIZE = 4096,
	GROUP_SIZE = 64,
	ENTRY_SIZE = 4096, /* of the group with all its members */
};

/* In the child: 0, or what access() says as the service's user. */
static int
try_access(const char *user, const char *path, int mode)
{
	int r = host_privileges_become(user);

	if (r < 0)
		return -r;
	return access(path, mode) < 0 ? errno : 0;
}

/* 0, an errno, or -1 where it cannot be tried. */
static int
access_as(const char *user, const char *path, int mode)
{
	int status = 0;
	pid_t child = fork();

	if (child < 0)
		return -1;
	if (child == 0)
		_exit(try_access(user, path, mode));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *
right_of(int mode)
{
	return mode & W_OK ? "write to" : "read";
}

/* The service's group. */
struct group_name {
	char text[GROUP_SIZE];
};

static struct group_name
group_of(const char *user)
{
	const struct passwd *pw = getpwnam(user);
	struct group entry, *group = NULL;
	struct group_name name;
	char room[ENTRY_SIZE];

	if (pw && getgrgid_r(pw->pw_gid, &entry, room, sizeof(room), &group) != 0)
		group = NULL;
	snprintf(name.text, sizeof(name.text), "%s", group ? group->gr_name : user);
	return name;
}

/* The first folder on the way to path that the service cannot enter, in room; NULL where
 * there is none. */
static const char *
find_barrier(const char *user, const char *path, char room[PATH_SIZE])
{
	if (snprintf(room, PATH_SIZE, "%s", path) >= PATH_SIZE)
		return NULL;
	for (char *slash = strchr(room + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (access_as(user, room, X_OK) > 0)
			return room;
		*slash = '/';
	}
	return NULL;
}

/* Whether a folder may be opened for the service: those of the system and of people stay
 * as they are. */
static bool
may_open(const char *folder)
{
	static const char *const CLOSED[] = { "/root", "/home", "/boot", "/proc", "/sys",
		"/dev", "/usr", "/bin", "/sbin", "/lib" };
	static const char *const SYSTEM[] = { "/", "/etc", "/var", "/var/lib", "/run",
		"/etc/ssl", "/etc/ssl/private" };

	for (size_t i = 0; i < sizeof(CLOSED) / sizeof(*CLOSED); i++) {
		size_t len = strlen(CLOSED[i]);

		if (strncmp(folder, CLOSED[i], len) == 0 &&
			(folder[len] == '/' || folder[len] == '\0'))
			return false;
	}
	for (size_t i = 0; i < sizeof(SYSTEM) / sizeof(*SYSTEM); i++)
		if (strcmp(folder, SYSTEM[i]) == 0)
			return false;
	return true;
}

/* Where what a key names has its usual place. */
static const char *
place_of(const char *key)
{
	return strncmp(key, "tls_", 4) == 0 ? "/etc/postern/tls" : "/var/lib/postern";
}

static void
add_access_remedy(
	const struct config *config, const struct wanted *w, struct ctl_findings *f)
{
	struct group_name group = group_of(config->user);
	const char *barrier;
	char room[PATH_SIZE];

	barrier = find_barrier(config->user, w->path, room);
	if (barrier && !may_open(barrier))
		ctl_finding_remedy(f, "mv %s %s/, and name it there as %s", w->path,
			place_of(w->key), w->key);
	else if (barrier)
		ctl_finding_remedy(
			f, "chgrp %s %s; chmod g+x %s", group.text, barrier, barrier);
	else if (w->folder)
		ctl_finding_remedy(f, "install -d -o %s -g %s -m 0700 %s", config->user,
			group.text, w->path);
	else
		ctl_finding_remedy(
			f, "chgrp %s %s; chmod g+r %s", group.text, w->path, w->path);
}

static bool
check_access(const struct config *config, const struct wanted *w, struct ctl_findings *f)
{
	int error = access_as(config->user, w->path, w->access);

	if (error == 0)
		return true;
	if (error < 0) {
		ctl_finding_add(
			f, CTL_WARNING, w->key, "%s: no process to try it with", w->path);
		return false;
	}
	add_access_remedy(config, w, f);
	ctl_finding_add(f, CTL_ERROR, w->key, "%s: user %s cannot %s it: %s", w->path,
		config->user, right_of(w->access), strerror(error));
	return false;
}

static bool
check_modes(const struct wanted *w, const struct stat *st, struct ctl_findings *f)
{
	if (!(st->st_mode & w->forbidden))
		return true;
	ctl_finding_remedy(
		f, "chmod %s %s", w->forbidden & S_IROTH ? "o-rwx,g-w" : "go-w", w->path);
	ctl_finding_add(f, CTL_ERROR, w->key, "%s (mode %04o) can be %s by others",
		w->path, (unsigned)st->st_mode & 07777,
		st->st_mode & w->forbidden & WRITERS ? "written" : "read");
	return false;
}

/* What makes or brings something that is not there, or is something else. */
static void
add_missing_remedy(
	const struct config *config, const struct wanted *w, struct ctl_findings *f)
{
	if (w->folder)
		ctl_finding_remedy(f, "install -d -o %s -g %s -m 0700 %s", config->user,
			group_of(config->user).text, w->path);
	else
		ctl_finding_remedy(f, "install -o root -g %s -m 0640 FILE %s",
			group_of(config->user).text, w->path);
}

static void
check_path(const struct config *config, const struct wanted *w, struct ctl_findings *f)
{
	struct stat st;

	if (!w->path)
		return;
	if (stat(w->path, &st) < 0) {
		if (errno == ENOENT && w->optional)
			return;
		int error = errno;

		add_missing_remedy(config, w, f);
		ctl_finding_add(f, CTL_ERROR, w->key, "%s: %s", w->path, strerror(error));
		return;
	}
	if (!!S_ISDIR(st.st_mode) != w->folder || (!w->folder && !S_ISREG(st.st_mode))) {
		ctl_finding_remedy(f, "%s = a %s, in the configuration", w->key,
			w->folder ? "folder" : "file");
		ctl_finding_add(f, CTL_ERROR, w->key, "%s: expected a %s", w->path,
			w->folder ? "folder" : "regular file");
		return;
	}
	if (check_access(config, w, f) && check_modes(w, &st, f))
		ctl_finding_add(f, CTL_FINE, w->key, "%s: user %s can %s it%s", w->path,
			config->user, right_of(w->access),
			w->forbidden & S_IROTH ? ", others cannot" : "");
}

/* Whether this process can become the service. */
static bool
can_become(const struct config *config, struct ctl_findings *f)
{
	const struct passwd *pw = getpwnam(config->user);

	if (!pw) {
		ctl_finding_remedy(f, "systemd-sysusers");
		ctl_finding_add(f, CTL_ERROR, "user", "there is no user %s to become",
			config->user);
		return false;
	}
	if (geteuid() == 0 || geteuid() == pw->pw_uid)
		return true;
	ctl_finding_remedy(f, "run this as root");
	ctl_finding_add(f, CTL_WARNING, "user",
		"files and folders are not looked at: this is not user %s, nor root",
		config->user);
	return false;
}

/* Whoever has the CA's key can make clients; a server needs none. */
static void
check_ca_key(const struct config *config, struct ctl_findings *f)
{
	char path[PATH_SIZE];
	const char *slash = config->tls_ca ? strrchr(config->tls_ca, '/') : NULL;

	if (!slash || snprintf(path, sizeof(path), "%.*s/ca.key",
			      (int)(slash - config->tls_ca), config->tls_ca) >= PATH_SIZE)
		return;
	if (access(path, F_OK) < 0)
		return;
	ctl_finding_remedy(f, "move it to the machine where certificates are made");
	ctl_finding_add(f, CTL_WARNING, "tls_ca", "%s lies on this machine", path);
}

void
ctl_check_paths(const struct config *config, struct ctl_findings *f)
{
	bool tls = config->tls != CONFIG_TLS_OFF;
	CLEANUP_FREE char *folder = strdup(config->users), *lock = NULL;
	char *slash = folder ? strrchr(folder, '/') : NULL;
	const struct wanted wanted[] = {
		{ "tls_cert", tls ? config->tls_cert : NULL, R_OK, WRITERS, false,
			false },
		{ "tls_key", tls ? config->tls_key : NULL, R_OK, OTHERS | WRITERS, false,
			false },
		{ "tls_ca", tls ? config->tls_ca : NULL, R_OK, WRITERS, false, true },
		{ "tls_crl", tls ? config->tls_crl : NULL, R_OK, WRITERS, false, false },
		{ "tls_pins", tls ? config->tls_pins : NULL, R_OK | X_OK, WRITERS, true,
			false },
		{ "users", config->users, R_OK, OTHERS | WRITERS, false, true },
		{ "users", asprintf(&lock, "%s.lock", config->users) < 0 ? NULL : lock,
			R_OK | W_OK, S_IWOTH, false, true },
		{ "users", slash && slash != folder ? folder : NULL, W_OK | X_OK, OTHERS,
			true, false },
		{ "deliver", config->mail, W_OK | X_OK, OTHERS, true, false },
		{ "run", config->run, W_OK | X_OK, OTHERS | WRITERS, true, false },
		{ "cache", tls && config->tls_crl ? config->cache : NULL, W_OK | X_OK,
			OTHERS | WRITERS, true, false },
		{ "log", config->log_file, W_OK, S_IWOTH, false, true },
	};

	check_ca_key(config, f);
	if (!can_become(config, f))
		return;
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		check_path(config, &wanted[i], f);
}
