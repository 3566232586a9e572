// SPDX-License-Identifier: ISC
/*
 * Files by the calls of pki/file.h, mode 0600, in a folder of mode 0700. Owns the
 * folder's descriptor. Faults: what is there already (cannot be created), a folder or
 * disk that cannot be written.
 */
#include "client/enrol_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/file.h"

/* What a name gets behind it until its time has come. */
#define STAGED ".enrolling"

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

static int
check_free(const struct client_enrol_files *f, struct client_fault *fault)
{
	const char *const names[] = { f->name, KEY, CERT, CA };
	struct stat st;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (fstatat(f->folder, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return client_fault_set(fault, EX_CANTCREAT,
				"%.*s%s is there already: --force replaces it, and what "
				"belongs to it",
				(int)(f->name - f->path), f->path, names[i]);
	return 0;
}

int
client_enrol_files_open(const char *path, bool force, struct client_enrol_files *ret,
	struct client_fault *fault)
{
	int r = choose_path(path, ret, fault);

	if (r == 0)
		r = open_folder(ret, fault);
	return r == 0 && !force ? check_free(ret, fault) : r;
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
	const struct buffer *cert, struct client_fault *fault)
{
	const struct pki_file files[] = {
		{ "key.pem" STAGED, buffer_data(key), buffer_len(key) },
		{ "cert.pem" STAGED, buffer_data(cert), buffer_len(cert) },
	};

	f->staged = true;
	return write_files(f, files, 2, fault);
}

int
client_enrol_files_commit(struct client_enrol_files *f, const struct buffer *conf,
	const struct buffer *ca, struct client_fault *fault)
{
	struct pki_file files[2] = { { CA, NULL, 0 },
		{ f->name, buffer_data(conf), buffer_len(conf) } };

	if (renameat(f->folder, "key.pem" STAGED, f->folder, KEY) < 0 ||
		renameat(f->folder, "cert.pem" STAGED, f->folder, CERT) < 0)
		return client_fault_set(fault, EX_CANTCREAT,
			"cannot write %.*s%s: %s; what the server has taken is in "
			"key.pem" STAGED,
			(int)(f->name - f->path), f->path, KEY, strerror(errno));
	f->staged = false;
	if (!ca)
		return write_files(f, files + 1, 1, fault);
	files[0].data = buffer_data(ca);
	files[0].len = buffer_len(ca);
	return write_files(f, files, 2, fault);
}

void
client_enrol_files_keep(struct client_enrol_files *f)
{
	f->staged = false;
}

void
client_enrol_files_close(struct client_enrol_files *f)
{
	if (f->staged) {
		unlinkat(f->folder, "key.pem" STAGED, 0);
		unlinkat(f->folder, "cert.pem" STAGED, 0);
	}
	if (f->folder >= 0)
		close(f->folder);
	free(f->path);
	*f = (struct client_enrol_files){ .folder = -1 };
}
