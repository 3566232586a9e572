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
#include "client/state_folder.h"
#include "pki/file.h"

enum { PASSWORD_MAX = 1024, FILE_NAME_MAX = 250 };

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

int
client_password_read(const char *path, char **ret, struct client_fault *fault)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return client_fault_set(fault, EX_CONFIG,
			"cannot read the password file %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return client_fault_set(fault, EX_CONFIG,
			"the password file %s is no file: expected one with the password "
			"in its first line",
			path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return client_fault_set(fault, EX_CONFIG,
			"the password file %s is open to others (mode %04o): expected "
			"0600, "
			"so type chmod 600 on it",
			path, (unsigned)st.st_mode & 07777);
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

/* Whether the settings' password file is the one for this user. */
static bool
has_own_file(const struct client_settings *s, const char *user)
{
	return s->password_file && (!s->user || client_password_same_user(s->user, user));
}

int
client_password_find(const struct client_settings *s, const char *user, char **ret,
	struct client_fault *fault)
{
	int r;

	if (has_own_file(s, user)) {
		if (access(s->password_file, F_OK) < 0 && errno == ENOENT)
			return 0;
		r = client_password_read(s->password_file, ret, fault);
		return r < 0 ? r : 1;
	}
	r = find_kept(s, user, ret);
	if (r == -ENOMEM)
		return client_fault_memory(fault);
	return r == 0;
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
	bool own = has_own_file(s, user);
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
