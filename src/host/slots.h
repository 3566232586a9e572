// SPDX-License-Identifier: ISC
/*
 * A table of slots in shared files NAME.0, NAME.1 …, 256 slots a file. Whoever holds a
 * slot's lock owns its row and its page and nobody else writes them; since the lock ends
 * with the process, a slot is free the moment its owner is killed, though its row stays
 * until somebody takes the slot again. Rows are small and lie close together, for those
 * who look at all of them; a page belongs to whatever its owner keeps there.
 *
 * The lock belongs to the open file: a process that is forked while a slot is held must
 * close its copy of the descriptor before it does anything else.
 */
#ifndef HOST_SLOTS_H
#define HOST_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/shared.h"

enum {
	HOST_SLOTS_A_FILE = 256,
	HOST_SLOTS_FILES = 64,
	HOST_SLOTS_ROW = 120, /* bytes of the caller's in a row */
	HOST_SLOTS_PAGE = 4096,
};

struct host_slots;

/* Opens the first file, and makes it if need be. name and dir are borrowed, as is report.
 * 0 with *ret, or a negative errno; faults of files were reported. */
int host_slots_open(const char *dir, const char *name,
	const struct host_shared_report *report, struct host_slots **ret);

/* For one who only looks: nothing is made or changed. -ENOENT where there is no table. */
int host_slots_look(const char *dir, const char *name,
	const struct host_shared_report *report, struct host_slots **ret);

void host_slots_free(struct host_slots *s); /* gives the slot up; NULL does nothing */

/* The lock of the whole table, for what must happen all at once: waits at most wait
 * milliseconds. 0; -ETIMEDOUT; a negative errno. */
int host_slots_lock(const struct host_slots *s, unsigned wait);
void host_slots_unlock(const struct host_slots *s);

/* Looks at the rows in use but the caller's own, dead owners' included. visit answers
 * whether the owner ought to be dead by now. Remembers which slots may be free for
 * host_slots_claim. 0; -EAGAIN where a file was damaged and is another one now, which may
 * have cost the caller its slot and has cost it the table's lock: it begins anew; or a
 * negative errno. */
struct host_slots_visit {
	bool (*row)(void *context, unsigned slot, const void *row); /* HOST_SLOTS_ROW */
	void *context;
};
int host_slots_scan(struct host_slots *s, const struct host_slots_visit *visit);

/* Whether the slot has an owner that lives. */
bool host_slots_is_held(const struct host_slots *s, unsigned slot);

/* Takes a free slot, out of those that the last scan has found, and writes its row,
 * HOST_SLOTS_ROW bytes, or leaves it unused for now where row is NULL. The caller has
 * held the table's lock since that scan. 0; -EUSERS where all are taken; a negative
 * errno. */
int host_slots_claim(struct host_slots *s, const void *row);

/* Writes the row of the claimed slot anew. */
int host_slots_write(const struct host_slots *s, const void *row);

/* Frees the claimed slot, row and lock. */
void host_slots_release(struct host_slots *s);

/* Bytes of the page of any slot, and of the claimed one. Nothing vouches for them. */
int host_slots_read_page(
	const struct host_slots *s, unsigned slot, size_t at, void *ret, size_t len);
int host_slots_write_page(
	const struct host_slots *s, size_t at, const void *data, size_t len);

/* The claimed slot, or -1; and how many slots there are in the files that are open. */
int host_slots_mine(const struct host_slots *s);
unsigned host_slots_count(const struct host_slots *s);

#endif
