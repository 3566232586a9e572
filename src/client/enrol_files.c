// SPDX-License-Identifier: ISC
/*
 * Files by the calls of pki/file.h, mode 0600, in a folder of mode 0700. Owns the
 * folder's descriptor, and by it the folder's lock. Faults: what is there already (cannot
 * be created), a folder or disk that cannot be written, another run in the folder.
 */
#include "client/enrol_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/file.h"
#include "pki/identity.h"
#include "pki/make.h"

static const char STAGED[] = "key.pem.enrolling";
static const char KEY[] = "key.pem";
static const char CERT[] = "cert.pem";
static const char CA[] = "ca.pem";

static int
no_folder(const char *path, int error, struct client_fault *fault)
{
	return client_fault_set(fault, EX_CANTCREAT, "cannot make the folder of %s: %s",
		path, strerror(-error));
}

/* ~/.config/postern, made as far as it is not there. */
static int
make_usual_folder(const char *home, struct client_fault *fault)
{
	static const char *const parts[] = { ".config", ".config/postern" };
	CLEANUP_FD int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < sizeof parts / sizeof *parts; i++)
		r = pki_folder_make(fd, parts[i]);
	return r < 0 ? no_folder(home, r, fault) : 0;
}

static int
choose_path(const char *path, struct client_enrol_files *f, struct client_fault *fault)
{
	const char *home = getenv("HOME");
	int r;

	if (path) {
		f->path = strdup(path);
		return f->path ? 0 : client_fault_memory(fault);
	}
	if (!home || !*home)
		return client_fault_set(fault, EX_USAGE,
			"there is no home directory: say with --config FILE where the "
			"configuration is to be written");
	r = make_usual_folder(home, fault);
	if (r == 0 && asprintf(&f->path, "%s/.config/postern/client.conf", home) < 0)
		r = client_fault_memory(fault);
	return r;
}

static int
open_folder(struct client_enrol_files *f, struct client_fault *fault)
{
	CLEANUP_FREE char *folder = strdup(f->path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!folder)
		return client_fault_memory(fault);
	f->name = slash ? f->path + (slash - folder) + 1 : f->path;
	if (slash)
		slash[slash == folder] = '\0';
	f->folder = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->folder < 0 ? no_folder(f->path, -errno, fault) : 0;
}

static bool
is_there(const struct client_enrol_files *f, const char *name)
{
	struct stat st;

	return fstatat(f->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
there_already(
	const struct client_enrol_files *f, const char *name, struct client_fault *fault)
{
	return client_fault_set(fault, EX_CANTCREAT,
		"%.*s%s is there already: --force replaces it, and what belongs to it",
		(int)(f->name - f->path), f->path, name);
}

int
client_enrol_files_taken(const struct client_enrol_files *f, struct client_fault *fault)
{
	return there_already(f, KEY, fault);
}

static int
check_free(const struct client_enrol_files *f, struct client_fault *fault)
{
	const char *const names[] = { f->name, CA, KEY, CERT };
	size_t n = f->left == CLIENT_ENROL_PLACED ? 2 : 4;

	for (size_t i = 0; i < n; i++)
		if (is_there(f, names[i]))
			return there_already(f, names[i], fault);
	return 0;
}

/* The lock ends with the descriptor; where a file system has none, it is done without. */
static int
enter_folder(struct client_enrol_files *f, struct client_fault *fault)
{
	int r;

	if (flock(f->folder, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return client_fault_set(fault, EX_TEMPFAIL,
			"another `postern enrol' is at work on %s", f->path);
	r = pki_files_recover(f->folder);
	if (r < 0)
		return no_folder(f->path, r, fault);
	if (is_there(f, STAGED))
		f->left = CLIENT_ENROL_STAGED;
	else if (is_there(f, KEY) && is_there(f, CERT) && !is_there(f, f->name))
		f->left = CLIENT_ENROL_PLACED;
	return 0;
}

int
client_enrol_files_open(const char *path, bool force, struct client_enrol_files *ret,
	struct client_fault *fault)
{
	int r = choose_path(path, ret, fault);

	if (r == 0)
		r = open_folder(ret, fault);
	if (r == 0)
		r = enter_folder(ret, fault);
	return r == 0 && !force ? check_free(ret, fault) : r;
}

static int
read_file(const struct client_enrol_files *f, const char *name, struct buffer *ret,
	struct client_fault *fault)
{
	int r = pki_file_read(f->folder, name, PKI_CERTIFICATE_MAX, ret);

	if (r == 0 && !buffer_string(ret))
		return client_fault_memory(fault);
	return r == 0 ? 0
		      : client_fault_set(fault, EX_NOINPUT, "cannot read %.*s%s: %s",
				(int)(f->name - f->path), f->path, name, strerror(-r));
}

int
client_enrol_files_read(struct client_enrol_files *f, struct buffer *key,
	struct buffer *cert, struct client_fault *fault)
{
	CLEANUP(pki_key_free) struct pki_key *parsed = NULL;
	int r;

	if (f->left == CLIENT_ENROL_NOTHING)
		return 0;
	if (f->left == CLIENT_ENROL_PLACED) {
		r = read_file(f, KEY, key, fault);
		return r == 0 ? read_file(f, CERT, cert, fault) : r;
	}
	r = read_file(f, STAGED, key, fault);
	if (r == 0 && pki_key_read(buffer_data(key), buffer_len(key), &parsed) < 0) {
		f->left = CLIENT_ENROL_NOTHING;
		buffer_wipe(key);
	}
	return r;
}

static int
write_files(const struct client_enrol_files *f, const struct pki_file *files, size_t n,
	struct client_fault *fault)
{
	size_t failed;
	int r = pki_files_write(f->folder, files, n, true, &failed);

	if (r == 0)
		return 0;
	return client_fault_set(fault, EX_CANTCREAT, "cannot write %.*s%s: %s",
		(int)(f->name - f->path), f->path, files[failed].name, strerror(-r));
}

int
client_enrol_files_stage(struct client_enrol_files *f, const struct buffer *key,
	struct client_fault *fault)
{
	const struct pki_file file = { STAGED, buffer_data(key), buffer_len(key) };

	f->staged = true;
	return write_files(f, &file, 1, fault);
}

int
client_enrol_files_commit(struct client_enrol_files *f,
	const struct client_enrol_set *set, struct client_fault *fault)
{
	const struct pki_file files[] = {
		{ KEY, buffer_data(set->key), buffer_len(set->key) },
		{ CERT, buffer_data(set->cert), buffer_len(set->cert) },
		{ f->name, buffer_data(set->conf), buffer_len(set->conf) },
		{ STAGED, NULL, 0 },
		{ CA, buffer_data(set->ca), buffer_len(set->ca) },
	};
	size_t n = sizeof files / sizeof *files - (buffer_len(set->ca) == 0);

	f->staged = false;
	return write_files(f, files, n, fault);
}

void
client_enrol_files_keep(struct client_enrol_files *f)
{
	f->staged = false;
}

void
client_enrol_files_close(struct client_enrol_files *f)
{
	if (f->staged)
		unlinkat(f->folder, STAGED, 0);
	if (f->folder >= 0)
		close(f->folder);
	free(f->path);
	*f = (struct client_enrol_files){ .folder = -1 };
}
