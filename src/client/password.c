// SPDX-License-Identifier: ISC
/*
 * Files of passwords. Names of servers and users become names of files with every byte
 * outside a small set written %HH, so that none leaves its folder. Bytes of passwords are
 * overwritten where they were read. Faults: a file that others may read, is no file, or
 * cannot be read or written (configuration).
 */
#include "client/password.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "client/command.h"
#include "client/secrets.h"
#include "client/state_folder.h"
#include "pki/file.h"

enum { PASSWORD_MAX = 1024, FILE_NAME_MAX = 250, SECRETS_MAX = 1 << 20 };

static void
dir_cleanup(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The first line of what fd holds. -EINVAL where that is no password. */
static int
read_secret(int fd, char **ret)
{
	CLEANUP(buffer_wipe) struct buffer b = { 0 };
	size_t len;
	char *end;

	if (buffer_reserve(&b, PASSWORD_MAX + 2) < 0)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, buffer_tail(&b), PASSWORD_MAX + 2 - buffer_len(&b));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		buffer_grow(&b, (size_t)n);
	}
	len = buffer_len(&b);
	end = memchr(buffer_data(&b), '\n', len);
	if (end)
		len = (size_t)(end - buffer_data(&b));
	if (len > 0 && buffer_data(&b)[len - 1] == '\r')
		len--;
	if (len == 0 || len > PASSWORD_MAX || memchr(buffer_data(&b), '\0', len))
		return -EINVAL;
	*ret = strndup(buffer_data(&b), len);
	return *ret ? 0 : -ENOMEM;
}

/* Whether systemd has passed the file (systemd.exec(5), LoadCredential=). */
static bool
is_credential(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;

	return len > 0 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
	       !strchr(path + len + 1, '/');
}

/* Opens a file that nobody but its owner may be able to read or write; what systemd
 * passes is guarded by its folder. what: "password", "secrets". */
static int
open_secret(const char *path, const char *what, struct client_fault *fault)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return client_fault_set(fault, EX_CONFIG,
			"cannot read the %s file %s: %s", what, path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return client_fault_set(fault, EX_CONFIG,
			"the %s file %s is no file: expected one with the password "
			"in its first line",
			what, path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) && !is_credential(path))
		return client_fault_set(fault, EX_CONFIG,
			"the %s file %s is open to others (mode %04o): expected "
			"0600, "
			"so type chmod 600 on it",
			what, path, (unsigned)st.st_mode & 07777);
	return TAKE_FD(fd);
}

static int
read_file(const char *path, char **ret, struct client_fault *fault)
{
	CLEANUP_FD int fd = open_secret(path, "password", fault);
	int r;

	if (fd < 0)
		return fd;
	r = read_secret(fd, ret);
	if (r == -EINVAL)
		return client_fault_set(fault, EX_CONFIG,
			"the password file %s: expected 1 to %d bytes in its first line",
			path, PASSWORD_MAX);
	if (r < 0)
		return client_fault_set(fault, EX_CONFIG,
			"cannot read the password file %s: %s", path, strerror(-r));
	return 0;
}

bool
client_password_same_user(const char *a, const char *b)
{
	size_t n = strcspn(a, "@");
	size_t m = strcspn(b, "@");

	if (a[n] == '@' && b[m] == '@')
		return text_equal(a, strlen(a), b);
	return n == m && strncasecmp(a, b, n) == 0;
}

/* Appends a name as part of a path, in lower case. */
static int
append_name(struct buffer *b, const char *name)
{
	for (size_t i = 0; name[i] != '\0'; i++) {
		char c = text_lower_char(name[i]);
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			     strchr("_+=@", c) || (i > 0 && strchr(".-", c));
		int r = plain ? buffer_append(b, &c, 1)
			      : buffer_printf(b, "%%%02X", (unsigned char)c);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Opens the folder of the server's kept passwords; with make, makes it and those above.
 */
static int
open_folder(const struct client_settings *s, bool make)
{
	CLEANUP(buffer_free) struct buffer server = { 0 };
	const char *names[2] = { "passwords", NULL };

	if (append_name(&server, s->host) < 0 ||
		buffer_printf(&server, ":%u", s->port) < 0 || !buffer_string(&server))
		return -ENOMEM;
	names[1] = buffer_string(&server);
	return client_state_folder(names, 2, make);
}

static int
read_kept(int folder, const char *name, char **ret)
{
	CLEANUP_FD int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return -EINVAL;
	return read_secret(fd, ret);
}

/* Looks for the one kept name that is the user's but for the domain. -ENOENT for none, or
 * for more than one. */
static int
find_similar(int folder, const char *name, char **ret)
{
	CLEANUP(dir_cleanup) DIR *dir = NULL;
	CLEANUP_FREE char *found = NULL;
	struct dirent *entry;
	int fd = dup(folder);

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			!client_password_same_user(entry->d_name, name))
			continue;
		if (found)
			return -ENOENT;
		found = strdup(entry->d_name);
		if (!found)
			return -ENOMEM;
	}
	return found ? read_kept(folder, found, ret) : -ENOENT;
}

static int
find_kept(const struct client_settings *s, const char *user, char **ret)
{
	CLEANUP(buffer_free) struct buffer name = { 0 };
	CLEANUP_FD int folder = open_folder(s, false);
	int r;

	if (folder < 0)
		return folder;
	if (append_name(&name, user) < 0 || !buffer_string(&name))
		return -ENOMEM;
	r = read_kept(folder, buffer_string(&name), ret);
	if (r == -ENOENT)
		r = find_similar(folder, buffer_string(&name), ret);
	return r;
}

/* Whether the settings' password is the one of this user. */
static bool
has_own(const struct client_settings *s, const char *user)
{
	return client_settings_has_password(s) &&
	       (!s->user || client_password_same_user(s->user, user));
}

static int
read_own(const struct client_settings *s, char **ret, struct client_fault *fault)
{
	int r;

	if (s->password) {
		*ret = strdup(s->password);
		return *ret ? 1 : client_fault_memory(fault);
	}
	if (s->password_command) {
		r = client_command_run(s->password_command, ret, fault);
		return r < 0 ? r : 1;
	}
	if (access(s->password_file, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = read_file(s->password_file, ret, fault);
	return r < 0 ? r : 1;
}

int
client_password_read(
	const struct client_settings *s, char **ret, struct client_fault *fault)
{
	int r;

	if (s->password_file)
		return read_file(s->password_file, ret, fault);
	r = read_own(s, ret, fault);
	return r < 0 ? r : 0;
}

/* 1, 0 or a negative number, as client_password_find. */
static int
find_secret(const struct client_settings *s, const char *user, char **ret_user,
	char **ret, struct client_fault *fault)
{
	CLEANUP(buffer_wipe) struct buffer text = { 0 };
	CLEANUP_FD int fd = -1;
	int r;

	if (!s->secrets)
		return 0;
	fd = open_secret(s->secrets, "secrets", fault);
	if (fd < 0)
		return fd;
	r = pki_file_read(AT_FDCWD, s->secrets, SECRETS_MAX, &text);
	if (r == 0)
		r = client_secrets_find(buffer_data(&text), buffer_len(&text), s->host,
			user, ret_user, ret);
	if (r >= 0)
		return r;
	return client_fault_set(fault, EX_CONFIG, "the secrets file %s: %s", s->secrets,
		r == -EINVAL ? "expected words as in ~/.netrc: machine HOST login USER "
			       "password PASSWORD"
			     : strerror(-r));
}

int
client_password_find(const struct client_settings *s, const char *user, char **ret,
	struct client_fault *fault)
{
	CLEANUP_FREE char *login = NULL;
	int r;

	if (has_own(s, user))
		return read_own(s, ret, fault);
	r = find_secret(s, user, &login, ret, fault);
	if (r != 0)
		return r;
	r = find_kept(s, user, ret);
	if (r == -ENOMEM)
		return client_fault_memory(fault);
	return r == 0;
}

int
client_password_user(struct client_settings *s, struct client_fault *fault)
{
	CLEANUP_SECRET char *password = NULL;
	int r;

	if (s->user || !s->secrets || client_settings_has_password(s))
		return 0;
	r = find_secret(s, NULL, &s->user, &password, fault);
	return r < 0 ? r : 0;
}

static int
write_kept(const struct client_settings *s, const char *user, struct buffer *text)
{
	CLEANUP(buffer_free) struct buffer name = { 0 };
	CLEANUP_FD int folder = open_folder(s, true);

	if (folder < 0)
		return folder;
	if (append_name(&name, user) < 0 || !buffer_string(&name))
		return -ENOMEM;
	if (buffer_len(&name) == 0 || buffer_len(&name) > FILE_NAME_MAX)
		return -ENAMETOOLONG;
	return pki_file_write(
		folder, buffer_string(&name), buffer_data(text), buffer_len(text), true);
}

int
client_password_keep(const struct client_settings *s, const char *user,
	const char *password, struct client_fault *fault)
{
	CLEANUP(buffer_wipe) struct buffer text = { 0 };
	bool own = s->password_file && !is_credential(s->password_file) &&
		   has_own(s, user);
	int r;

	if (buffer_puts(&text, password) < 0 || buffer_puts(&text, "\n") < 0)
		return client_fault_memory(fault);
	r = own ? pki_file_write(AT_FDCWD, s->password_file, buffer_data(&text),
			  buffer_len(&text), true)
		: write_kept(s, user, &text);
	if (r < 0)
		return client_fault_set(fault, EX_CANTCREAT,
			"cannot keep the password in %s (%s): write it into a file of "
			"mode "
			"0600 and name that with --password-file",
			own ? s->password_file : "~/.local/state/postern/passwords",
			strerror(-r));
	return 0;
}
