// SPDX-License-Identifier: ISC
/*
 * What the two halves of the table share: slots.c opens and reads, slots_claim.c takes
 * and writes. Not for others.
 */
#ifndef HOST_SLOTS_PRIVATE_H
#define HOST_SLOTS_PRIVATE_H

#include <string.h>

#include "base/sum.h"
#include "host/slots.h"

enum {
	HOST_SLOTS_CHUNK = 4096,                /* rows are read by as many bytes */
	HOST_SLOTS_USE_AT = HOST_SHARED_HEADER, /* struct host_slots_use */
	HOST_SLOTS_ROWS_AT = 128,
	HOST_SLOTS_ROW_SIZE = 128,
	HOST_SLOTS_ROWS_END = HOST_SLOTS_ROWS_AT +
			      HOST_SLOTS_ROW_SIZE * HOST_SLOTS_A_FILE,
	HOST_SLOTS_CHUNKS = (HOST_SLOTS_ROWS_END + HOST_SLOTS_CHUNK - 1) /
			    HOST_SLOTS_CHUNK,
	HOST_SLOTS_PAGES_AT = HOST_SLOTS_CHUNKS * HOST_SLOTS_CHUNK,
	HOST_SLOTS_CANDIDATES = 8,
};

struct host_slots_use {
	uint32_t chunks; /* with rows in use; 0 counts as 1 */
	uint32_t more;   /* there is another file behind this one */
};

struct host_slots_row {
	uint64_t sum; /* 0 together with all the rest: free */
	uint8_t data[HOST_SLOTS_ROW];
};
_Static_assert(sizeof(struct host_slots_row) == HOST_SLOTS_ROW_SIZE, "row");

struct host_slots_file {
	struct host_shared shared;
	struct host_slots_use use; /* as the last scan has read it */
	unsigned highest;          /* row in use, and one; 0 for none */
};

struct host_slots {
	const char *dir, *name;
	const struct host_shared_report *report;
	bool looks; /* and changes nothing */
	int mine;
	unsigned n_files;
	struct host_slots_file *files; /* n_files of them */
	int rereads; /* of rows that do not add up, which are left to this scan */
	unsigned n_candidates;
	unsigned candidates[HOST_SLOTS_CANDIDATES];
};

static inline off_t
host_slots_row_at(unsigned slot)
{
	return HOST_SLOTS_ROWS_AT +
	       (off_t)(slot % HOST_SLOTS_A_FILE) * HOST_SLOTS_ROW_SIZE;
}

static inline struct host_shared *
host_slots_file_of(const struct host_slots *s, unsigned slot)
{
	return &s->files[slot / HOST_SLOTS_A_FILE].shared;
}

static inline uint64_t
host_slots_sum_of(const struct host_slots_row *row, unsigned slot)
{
	return sum_64(row->data, sizeof row->data, slot % HOST_SLOTS_A_FILE) | 1;
}

/* Opens the file behind those that are open. */
int host_slots_open_file(struct host_slots *s);

/* Empties the row of the slot that is held. */
void host_slots_clear(struct host_slots *s);

/* How many chunks of the file have rows in use, as far as it tells. */
unsigned host_slots_chunks(const struct host_slots *s, unsigned n);

#endif
