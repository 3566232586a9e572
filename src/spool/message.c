// SPDX-License-Identifier: ISC
/*
 * Writing and delivery. Whatever can fail is done before the message has any name:
 * folders are made, opened and put on disk, then the file is, then come the names, then
 * one fsync for each folder. A failure takes back the names that were given; folders
 * stay, since somebody else may be delivering into them by now.
 */
#include "spool/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "spool/draft.h"
#include "spool/folder.h"
#include "spool/name.h"
#include "spool/private.h"

#define TMP ".tmp" /* no recipient's folder begins with a dot */

enum { GATHER = 64 << 10 };

struct spool_message {
	int root;
	int tmp; /* of a named draft, else -1 */
	struct spool_draft draft;
	uint64_t size;
	size_t gathered;
	int error; /* the first that happened; stays */
	bool named;
	bool binary;
	bool delivered;
	char id[SPOOL_ID_MAX + 1];
	char gather[GATHER];
};

static void
message_cleanup(struct spool_message **m)
{
	spool_message_free(*m);
}

static int
open_draft(struct spool_message *m)
{
	int r = m->named ? -EOPNOTSUPP : spool_draft_open(m->root, &m->draft);

	if (r != -EOPNOTSUPP)
		return r;
	m->tmp = spool_folder_directory(m->root, TMP);
	if (m->tmp < 0)
		return m->tmp;
	return spool_draft_open_named(m->tmp, m->id, &m->draft);
}

int
spool_message_open_as(
	const char *root, const char *id, bool named, struct spool_message **ret)
{
	struct spool_message *m CLEANUP(message_cleanup) = NULL;
	int r;

	if (!spool_name_is_id(id))
		return -EINVAL;
	m = malloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	/* Not the gathering place, whose pages are touched when they are needed. */
	memset(m, 0, offsetof(struct spool_message, gather));
	m->tmp = -1;
	m->draft = SPOOL_DRAFT_NONE;
	m->named = named;
	memcpy(m->id, id, strlen(id));
	m->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->root < 0)
		return -errno;
	r = open_draft(m);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(m);
	return 0;
}

int
spool_message_open(const char *root, const char *id, struct spool_message **ret)
{
	return spool_message_open_as(root, id, false, ret);
}

void
spool_message_set_binary(struct spool_message *m)
{
	m->binary = true;
}

static int
put(struct spool_message *m, const void *data, size_t len)
{
	if (m->error == 0)
		m->error = spool_draft_write(&m->draft, data, len);
	return m->error;
}

static int
flush(struct spool_message *m)
{
	size_t len = m->gathered;

	m->gathered = 0;
	return put(m, m->gather, len);
}

int
spool_message_write(struct spool_message *m, const void *data, size_t len)
{
	if (m->error < 0)
		return m->error;
	m->size += len;
	if (len > GATHER - m->gathered && flush(m) < 0)
		return m->error;
	if (len >= GATHER)
		return put(m, data, len);
	if (len > 0)
		memcpy(m->gather + m->gathered, data, len);
	m->gathered += len;
	return 0;
}

/* The folders of all recipients, each once. */
struct targets {
	struct spool_folder *folders;
	size_t n;
};

static void
targets_free(struct targets *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->folders[i].new_fd >= 0)
			close(t->folders[i].new_fd);
	free(t->folders);
}

static bool
targets_have(const struct targets *t, const struct spool_folder *f)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->folders[i].local, f->local) == 0 &&
			strcmp(t->folders[i].domain, f->domain) == 0)
			return true;
	return false;
}

/* Names all folders, before the first is touched. */
static int
targets_name(struct targets *t, const char *const *recipients, size_t n)
{
	t->folders = calloc(n, sizeof(*t->folders));
	if (!t->folders)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct spool_folder *f = &t->folders[t->n];
		int r = spool_name_address(recipients[i], f->domain, f->local);

		if (r < 0)
			return r;
		f->new_fd = -1;
		if (!targets_have(t, f))
			t->n++;
	}
	return 0;
}

static int
targets_open(struct targets *t, int root)
{
	for (size_t i = 0; i < t->n; i++) {
		int r = spool_folder_open(root, &t->folders[i]);

		if (r < 0)
			return r;
	}
	/* All are made before the first sync, which so serves them all on most disks. */
	for (size_t i = 0; i < t->n; i++) {
		int r = t->folders[i].made ? spool_folder_finish(root, &t->folders[i])
					   : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* For a folder on another file system: a file of its own there, on disk before it has its
 * name. */
static int
link_copy(struct spool_message *m, int dir, const char *name)
{
	struct spool_draft copy CLEANUP(spool_draft_close) = SPOOL_DRAFT_NONE;
	int r = m->named ? -EOPNOTSUPP : spool_draft_open(dir, &copy);

	if (r == -EOPNOTSUPP)
		r = spool_draft_open_named(dir, m->id, &copy);
	if (r == 0)
		r = spool_draft_copy(&copy, &m->draft);
	if (r == 0 && fsync(copy.fd) < 0)
		r = -errno;
	return r < 0 ? r : spool_draft_link(&copy, dir, name);
}

static int
targets_link(struct targets *t, struct spool_message *m, const char *name)
{
	for (size_t i = 0; i < t->n; i++) {
		struct spool_folder *f = &t->folders[i];
		int r = spool_draft_link(&m->draft, f->new_fd, name);

		if (r == -EXDEV)
			r = link_copy(m, f->new_fd, name);
		if (r < 0)
			return r;
		f->linked = true;
	}
	return 0;
}

static int
targets_sync(const struct targets *t)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n; i++)
		r = spool_folder_sync(t->folders[i].new_fd);
	return r;
}

static void
targets_unlink(struct targets *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->folders[i].linked)
			unlinkat(t->folders[i].new_fd, name, 0);
}

/* The message is on disk. */
static int
publish(struct spool_message *m, struct targets *t)
{
	char name[SPOOL_NAME_SIZE];
	int r;

	spool_name_file(m->id, m->size, m->binary ? "B" : "", name);
	r = targets_link(t, m, name);
	if (r == 0)
		r = targets_sync(t);
	if (r < 0)
		targets_unlink(t, name);
	return r;
}

int
spool_message_deliver(
	struct spool_message *m, const char *const *recipients, size_t n_recipients)
{
	struct targets t CLEANUP(targets_free) = { 0 };
	int r;

	if (m->delivered || n_recipients == 0)
		return -EINVAL;
	m->delivered = true;
	if (flush(m) < 0)
		return m->error;
	r = targets_name(&t, recipients, n_recipients);
	if (r == 0)
		r = targets_open(&t, m->root);
	if (r == 0 && fsync(m->draft.fd) < 0)
		r = -errno;
	return r < 0 ? r : publish(m, &t);
}

void
spool_message_free(struct spool_message *m)
{
	if (!m)
		return;
	spool_draft_close(&m->draft);
	if (m->tmp >= 0)
		close(m->tmp);
	if (m->root >= 0)
		close(m->root);
	free(m);
}
