// SPDX-License-Identifier: ISC
/*
 * The lock of the table, and a slot of one's own: taken by its lock, said to be in use,
 * written, given up. Faults: those of host/shared.h, -EUSERS.
 */
#include <errno.h>

#include "host/slots_private.h"

enum { LOCK_BYTE = 0 }; /* the table's lock; a slot's is the first byte of its row */

int
host_slots_lock(const struct host_slots *s, unsigned wait)
{
	return host_shared_lock(&s->files[0].shared, LOCK_BYTE, wait);
}

void
host_slots_unlock(const struct host_slots *s)
{
	host_shared_unlock(&s->files[0].shared, LOCK_BYTE);
}

/* Takes the lock of a slot. 0; -EAGAIN where somebody has it. */
static int
take_slot(struct host_slots *s, unsigned slot)
{
	int r = host_shared_lock(host_slots_file_of(s, slot), host_slots_row_at(slot), 0);

	if (r == 0)
		s->mine = (int)slot;
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* A file that no scan has been through may be an empty one. */
static int
make_ready(struct host_slots_file *f)
{
	uint8_t head[HOST_SLOTS_ROWS_AT];
	int r = host_shared_read(&f->shared, 0, head, sizeof head);

	if (r == -ENODATA || (r == 0 && !host_shared_is_good(&f->shared, head))) {
		r = host_shared_mend(&f->shared, false);
		if (r == 0)
			r = host_shared_read(&f->shared, 0, head, sizeof head);
	}
	if (r == 0)
		memcpy(&f->use, head + HOST_SLOTS_USE_AT, sizeof f->use);
	return r;
}

/* Of all slots that the scan found in use, those of the last file, in case their owners
 * were killed; else the first one of another file. */
static int
take_beyond(struct host_slots *s)
{
	unsigned n = s->n_files;
	int r = -EAGAIN;

	for (unsigned i = 0; r == -EAGAIN && i < HOST_SLOTS_A_FILE; i++)
		r = take_slot(s, (n - 1) * HOST_SLOTS_A_FILE + i);
	if (r != -EAGAIN)
		return r;
	r = host_slots_open_file(s);
	if (r == 0)
		r = make_ready(&s->files[n]);
	for (unsigned i = 0; r == 0 && i < HOST_SLOTS_A_FILE; i++) {
		r = take_slot(s, n * HOST_SLOTS_A_FILE + i);
		if (r != -EAGAIN)
			return r;
		r = 0;
	}
	return r < 0 ? r : -EUSERS;
}

static int
take_any(struct host_slots *s)
{
	int r = -EAGAIN;

	for (unsigned i = 0; r == -EAGAIN && i < s->n_candidates; i++)
		r = take_slot(s, s->candidates[i]);
	return r == -EAGAIN ? take_beyond(s) : r;
}

static unsigned
chunk_behind(unsigned row)
{
	return (HOST_SLOTS_ROWS_AT + row * HOST_SLOTS_ROW_SIZE) / HOST_SLOTS_CHUNK + 1;
}

/* What the file's head has to say once the claimed slot is in use. A little more than is
 * used does no harm, and spares a change at every coming and going. */
static struct host_slots_use
use_of(const struct host_slots *s, unsigned n)
{
	const struct host_slots_file *f = &s->files[n];
	unsigned mine = (unsigned)s->mine, needed = 1;
	struct host_slots_use want = { .chunks = host_slots_chunks(s, n), .more = 0 };

	if (f->highest > 0)
		needed = chunk_behind(f->highest - 1);
	if (mine / HOST_SLOTS_A_FILE == n &&
		chunk_behind(mine % HOST_SLOTS_A_FILE) > needed)
		needed = chunk_behind(mine % HOST_SLOTS_A_FILE);
	if (needed > want.chunks || needed + 1 < want.chunks)
		want.chunks = needed;
	for (unsigned next = n + 1; next < s->n_files; next++)
		if (s->files[next].highest > 0 || mine / HOST_SLOTS_A_FILE >= next)
			want.more = 1;
	return want;
}

/* The files say enough before the slot is used. */
static int
say_uses(struct host_slots *s)
{
	int r = 0;

	for (unsigned n = 0; r == 0 && n < s->n_files; n++) {
		struct host_slots_use want = use_of(s, n);

		if (want.chunks == host_slots_chunks(s, n) &&
			want.more == s->files[n].use.more)
			continue;
		s->files[n].use = want;
		r = host_shared_write(
			&s->files[n].shared, HOST_SLOTS_USE_AT, &want, sizeof want);
	}
	return r;
}

int
host_slots_claim(struct host_slots *s, const void *row)
{
	int r = take_any(s);

	if (r == 0)
		r = say_uses(s);
	if (r == 0 && row)
		r = host_slots_write(s, row);
	if (r < 0)
		host_slots_release(s);
	return r;
}

int
host_slots_write(const struct host_slots *s, const void *data)
{
	unsigned slot = (unsigned)s->mine;
	struct host_slots_row row;

	if (s->mine < 0)
		return -EBADF;
	memcpy(row.data, data, sizeof row.data);
	row.sum = host_slots_sum_of(&row, slot);
	return host_shared_write(
		host_slots_file_of(s, slot), host_slots_row_at(slot), &row, sizeof row);
}

void
host_slots_clear(struct host_slots *s)
{
	static const struct host_slots_row FREE;
	unsigned slot = (unsigned)s->mine;

	if (s->mine >= 0)
		host_shared_write(host_slots_file_of(s, slot), host_slots_row_at(slot),
			&FREE, sizeof FREE);
}

void
host_slots_release(struct host_slots *s)
{
	unsigned slot = (unsigned)s->mine;

	if (s->mine < 0)
		return;
	host_slots_clear(s);
	host_shared_unlock(host_slots_file_of(s, slot), host_slots_row_at(slot));
	s->mine = -1;
}
