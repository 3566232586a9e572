// SPDX-License-Identifier: ISC
/*
 * A state of the file is its device, inode, size, and times of content and inode: one
 * that was replaced or written to is another. The index is written under a lock that
 * nobody waits for, to a name of its own, and is on disk before it gets its name, so that
 * whatever has the name is whole. It lies where only the service may write, and no
 * process of the service that has heard of a peer: that is behind walls, and whoever can
 * write the index pardons others, and changes it under the eyes of those that have mapped
 * it. Nothing of all this is needed to serve: a fault leaves the index in memory.
 */
#include "tls/revocation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/file.h"

#define INDEX "revoked.index"
#define DRAFT "revoked.index.draft"
#define LOCK  "revoked.index.lock"

enum { MODE = 0600 };

struct tls_revocation {
	struct pki_crl_index index;
	void *map; /* NULL: the index lies in own */
	size_t map_len;
	struct buffer own;
};

struct source {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	struct timespec written;
	struct timespec changed;
};

_Static_assert(sizeof(struct source) == PKI_CRL_SOURCE_SIZE, "the source of an index");

static void
source_of(const struct stat *st, uint8_t ret[PKI_CRL_SOURCE_SIZE])
{
	struct source source = {
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.written = st->st_mtim,
		.changed = st->st_ctim,
	};

	memcpy(ret, &source, sizeof(source));
}

/* Maps the index of that source, if the folder has it. */
static int
map_index(int folder, const uint8_t source[PKI_CRL_SOURCE_SIZE], struct tls_revocation *r)
{
	CLEANUP_FD int fd = openat(
		folder, INDEX, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	void *map;
	int fault;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size <= 0)
		return -EBADMSG;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	fault = pki_crl_index_open(map, (size_t)st.st_size, source, &r->index);
	if (fault < 0) {
		munmap(map, (size_t)st.st_size);
		return fault;
	}
	r->map = map;
	r->map_len = (size_t)st.st_size;
	return 0;
}

/* Makes the index in memory. */
static int
make_index(int fd, const uint8_t source[PKI_CRL_SOURCE_SIZE], const struct pki_der *cas,
	size_t n_cas, struct tls_revocation *r)
{
	CLEANUP(buffer_free) struct buffer pem = { 0 };
	CLEANUP(pki_crls_clear) struct pki_crls crls = { 0 };
	int fault = pki_file_read_from(fd, PKI_CRL_FILE_MAX, &pem);

	if (fault == 0)
		fault = pki_crls_read(buffer_data(&pem), buffer_len(&pem), &crls);
	if (fault == 0 && crls.n == 0)
		fault = -EBADMSG;
	if (fault == 0)
		fault = pki_crl_index_make(&crls, source, cas, n_cas, &r->own);
	if (fault < 0)
		return fault;
	return pki_crl_index_open(
		buffer_data(&r->own), buffer_len(&r->own), source, &r->index);
}

/* For those who come next. */
static void
keep_index(int folder, const struct buffer *index)
{
	CLEANUP_FD int fd = openat(folder, DRAFT,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, MODE);

	if (fd < 0)
		return;
	if (pki_file_write_to(fd, buffer_data(index), buffer_len(index)) < 0 ||
		renameat(folder, DRAFT, folder, INDEX) < 0)
		unlinkat(folder, DRAFT, 0);
}

/* A descriptor that holds the lock, or -1: somebody else is making the index. */
static int
take_lock(int folder)
{
	CLEANUP_FD int fd = openat(folder, LOCK,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, MODE);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int
load(int fd, int folder, const struct pki_der *cas, size_t n_cas,
	struct tls_revocation *r)
{
	CLEANUP_FD int lock = -1;
	uint8_t source[PKI_CRL_SOURCE_SIZE];
	struct stat st;
	int fault;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	source_of(&st, source);
	if (folder >= 0 && map_index(folder, source, r) == 0)
		return 0;
	lock = folder >= 0 ? take_lock(folder) : -1;
	/* Whoever had the lock before may have made it. */
	if (lock >= 0 && map_index(folder, source, r) == 0)
		return 0;
	fault = make_index(fd, source, cas, n_cas, r);
	if (fault == 0 && lock >= 0)
		keep_index(folder, &r->own);
	return fault;
}

int
tls_revocation_load(const char *path, const char *cache, const struct pki_der *cas,
	size_t n_cas, struct tls_revocation **ret)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CLEANUP_FD int folder = -1;
	struct tls_revocation *r;
	int fault;

	if (fd < 0)
		return -errno;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	if (cache)
		folder = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fault = load(fd, folder, cas, n_cas, r);
	if (fault < 0) {
		tls_revocation_free(r);
		return fault;
	}
	*ret = r;
	return 0;
}

void
tls_revocation_free(struct tls_revocation *r)
{
	if (!r)
		return;
	if (r->map)
		munmap(r->map, r->map_len);
	buffer_free(&r->own);
	free(r);
}

const struct pki_crl_index *
tls_revocation_index(const struct tls_revocation *r)
{
	return &r->index;
}
