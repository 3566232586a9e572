// SPDX-License-Identifier: ISC
/*
 * A file is a header, then what is known of its use, then 256 rows, each with a checksum,
 * then 256 pages. Rows are read in chunks of 4 KB, as many as are in use. A row that does
 * not add up may be one that is just being written, so it is read again a few times
 * before the file counts as damaged. Faults: those of host/shared.h, -EUSERS.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/slots_private.h"

enum { REREADS = 4 };

static const struct host_shared_form FORM = {
	.magic = "POSTslot",
	.version = 1,
	.size = HOST_SLOTS_PAGES_AT + (off_t)HOST_SLOTS_A_FILE * HOST_SLOTS_PAGE,
};

static bool
is_free(const struct host_slots_row *row)
{
	static const struct host_slots_row FREE;

	return memcmp(row, &FREE, sizeof FREE) == 0;
}

int
host_slots_open_file(struct host_slots *s)
{
	struct host_slots_file *grown;
	char name[HOST_SHARED_NAME];
	int r;

	if (s->n_files >= HOST_SLOTS_FILES)
		return -EUSERS;
	grown = reallocarray(s->files, s->n_files + 1, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	s->files = grown;
	grown[s->n_files] = (struct host_slots_file){ 0 };
	snprintf(name, sizeof name, "%s.%u", s->name, s->n_files);
	r = (s->looks ? host_shared_look : host_shared_open)(
		s->dir, name, &FORM, s->report, &grown[s->n_files].shared);
	if (r == 0)
		s->n_files++;
	return r;
}

static int
open_table(const char *dir, const char *name, const struct host_shared_report *report,
	bool looks, struct host_slots **ret)
{
	struct host_slots *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct host_slots){
		.dir = dir, .name = name, .report = report, .looks = looks, .mine = -1
	};
	r = host_slots_open_file(s);
	if (r < 0)
		host_slots_free(s);
	else
		*ret = s;
	return r;
}

int
host_slots_open(const char *dir, const char *name,
	const struct host_shared_report *report, struct host_slots **ret)
{
	return open_table(dir, name, report, false, ret);
}

int
host_slots_look(const char *dir, const char *name,
	const struct host_shared_report *report, struct host_slots **ret)
{
	return open_table(dir, name, report, true, ret);
}

void
host_slots_free(struct host_slots *s)
{
	if (!s)
		return;
	/* The locks end with the descriptors. */
	host_slots_clear(s);
	for (unsigned i = 0; i < s->n_files; i++)
		host_shared_close(&s->files[i].shared);
	free(s->files);
	free(s);
}

static void
note_candidate(struct host_slots *s, unsigned slot)
{
	if (s->n_candidates < HOST_SLOTS_CANDIDATES)
		s->candidates[s->n_candidates++] = slot;
}

/* A row that does not add up, once more, and once more a moment later; but not for long
 * in a table that is all like that. */
static bool
becomes_whole(struct host_slots *s, unsigned slot, struct host_slots_row *row)
{
	const struct host_shared *f = host_slots_file_of(s, slot);

	do {
		if (host_shared_read(f, host_slots_row_at(slot), row, sizeof *row) < 0)
			return false;
		if (is_free(row) || row->sum == host_slots_sum_of(row, slot))
			return true;
		if (s->rereads > 0)
			poll(NULL, 0, 1);
	} while (s->rereads-- > 0);
	s->rereads = 0;
	return false;
}

static int
scan_row(struct host_slots *s, unsigned slot, struct host_slots_row *row,
	const struct host_slots_visit *visit)
{
	struct host_slots_file *f = &s->files[slot / HOST_SLOTS_A_FILE];

	if ((int)slot == s->mine)
		return 0;
	if (!is_free(row) && row->sum != host_slots_sum_of(row, slot) &&
		!becomes_whole(s, slot, row))
		return -EBADMSG;
	if (is_free(row)) {
		note_candidate(s, slot);
		return 0;
	}
	f->highest = slot % HOST_SLOTS_A_FILE + 1;
	if (visit->row(visit->context, slot, row->data))
		note_candidate(s, slot);
	return 0;
}

/* One chunk of the file number n; *ret_first is the number of its first row. */
static int
read_chunk(const struct host_slots *s, unsigned n, unsigned chunk, uint8_t *ret,
	unsigned *ret_first)
{
	const struct host_shared *f = &s->files[n].shared;
	int r = host_shared_read(
		f, (off_t)chunk * HOST_SLOTS_CHUNK, ret, HOST_SLOTS_CHUNK);

	*ret_first = chunk == 0 ? 0
				: (chunk * HOST_SLOTS_CHUNK - HOST_SLOTS_ROWS_AT) /
					  HOST_SLOTS_ROW_SIZE;
	if (r == 0 && chunk == 0 && !host_shared_is_good(f, ret))
		return -ENODATA;
	return r;
}

static int
scan_chunk(struct host_slots *s, unsigned n, unsigned chunk,
	const struct host_slots_visit *visit)
{
	uint8_t bytes[HOST_SLOTS_CHUNK];
	unsigned first;
	int r = read_chunk(s, n, chunk, bytes, &first);

	if (r == 0 && chunk == 0)
		memcpy(&s->files[n].use, bytes + HOST_SLOTS_USE_AT,
			sizeof s->files[n].use);
	for (size_t at = chunk == 0 ? HOST_SLOTS_ROWS_AT : 0;
		r == 0 && at < HOST_SLOTS_CHUNK; at += HOST_SLOTS_ROW_SIZE) {
		struct host_slots_row row;

		if (first >= HOST_SLOTS_A_FILE)
			break;
		memcpy(&row, bytes + at, sizeof row);
		r = scan_row(s, n * HOST_SLOTS_A_FILE + first++, &row, visit);
		/* One who only looks passes over what nobody mends. */
		if (r == -EBADMSG && s->looks) {
			host_shared_tell(&s->files[n].shared, r);
			r = 0;
		}
	}
	return r;
}

unsigned
host_slots_chunks(const struct host_slots *s, unsigned n)
{
	uint32_t chunks = s->files[n].use.chunks;

	if (s->looks || chunks > HOST_SLOTS_CHUNKS)
		return HOST_SLOTS_CHUNKS;
	return chunks > 0 ? chunks : 1;
}

static int
scan_file(struct host_slots *s, unsigned n, const struct host_slots_visit *visit)
{
	unsigned chunk = 0, slot;
	int r;

	s->files[n].highest = 0;
	do
		r = scan_chunk(s, n, chunk++, visit);
	while (r == 0 && chunk < host_slots_chunks(s, n));
	slot = (chunk * HOST_SLOTS_CHUNK - HOST_SLOTS_ROWS_AT) / HOST_SLOTS_ROW_SIZE;
	for (; r == 0 && slot < HOST_SLOTS_A_FILE &&
		s->n_candidates < HOST_SLOTS_CANDIDATES;
		slot++)
		note_candidate(s, n * HOST_SLOTS_A_FILE + slot);
	return r;
}

/* Damage costs the slot that is held in that file. */
static int
mend_file(struct host_slots *s, unsigned n, bool damaged)
{
	int r = host_shared_mend(&s->files[n].shared, damaged);

	if (s->mine >= 0 && (unsigned)s->mine / HOST_SLOTS_A_FILE == n)
		s->mine = -1;
	return r < 0 ? r : -EAGAIN;
}

int
host_slots_scan(struct host_slots *s, const struct host_slots_visit *visit)
{
	unsigned n = 0;
	int r = 0;

	s->n_candidates = 0;
	s->rereads = REREADS;
	do {
		if (n == s->n_files)
			r = host_slots_open_file(s);
		if (r == 0)
			r = scan_file(s, n, visit);
	} while (r == 0 && s->files[n++].use.more);
	if (r == -EBADMSG || r == -ENODATA)
		return mend_file(s, n, r == -EBADMSG);
	return r == -ENOENT ? 0 : r;
}

bool
host_slots_is_held(const struct host_slots *s, unsigned slot)
{
	return host_shared_is_locked(
		host_slots_file_of(s, slot), host_slots_row_at(slot));
}

static bool
is_in_page(size_t at, size_t len)
{
	return len <= HOST_SLOTS_PAGE && at <= HOST_SLOTS_PAGE - len;
}

static off_t
page_at(unsigned slot)
{
	return HOST_SLOTS_PAGES_AT + (off_t)(slot % HOST_SLOTS_A_FILE) * HOST_SLOTS_PAGE;
}

int
host_slots_read_page(
	const struct host_slots *s, unsigned slot, size_t at, void *ret, size_t len)
{
	if (slot >= host_slots_count(s) || !is_in_page(at, len))
		return -EINVAL;
	return host_shared_read(
		host_slots_file_of(s, slot), page_at(slot) + (off_t)at, ret, len);
}

int
host_slots_write_page(const struct host_slots *s, size_t at, const void *data, size_t len)
{
	unsigned slot = (unsigned)s->mine;

	if (s->mine < 0)
		return -EBADF;
	if (!is_in_page(at, len))
		return -EINVAL;
	return host_shared_write(
		host_slots_file_of(s, slot), page_at(slot) + (off_t)at, data, len);
}

int
host_slots_mine(const struct host_slots *s)
{
	return s->mine;
}

unsigned
host_slots_count(const struct host_slots *s)
{
	return s->n_files * HOST_SLOTS_A_FILE;
}
