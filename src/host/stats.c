// SPDX-License-Identifier: ISC
/*
 * Sets of counters in the pages of slots. A copy has a number, one more each time, and a
 * checksum; the one with the higher number that adds up counts. What somebody else wrote
 * is only ever added up. Faults: those of host/slots.h.
 */
#include "host/stats.h"

#include <errno.h>
#include <string.h>

#include "base/sum.h"

enum {
	COPY = 1792, /* bytes */
	FIRST = 512, /* copy's place in the page, behind the user's name */
	COPIES = 2,
};

struct copy {
	uint64_t sum; /* 0 together with all the rest: nothing was counted here */
	uint64_t number;
	uint64_t n_counters; /* a set of another version may have more or fewer */
	uint64_t counters[(COPY - 24) / 8];
};
_Static_assert(sizeof(struct copy) == COPY, "copy");
_Static_assert(sizeof(struct host_stats) <= COPY - 24, "counters");
_Static_assert(FIRST + COPIES * COPY == HOST_SLOTS_PAGE, "page");

static uint64_t
sum_of(const struct copy *c)
{
	return sum_64(&c->number, sizeof *c - sizeof c->sum, 5) | 1;
}

/* Which copy counts, or -1 where none does. */
static int
choose(const struct copy copies[COPIES])
{
	int best = -1;

	for (int i = 0; i < COPIES; i++)
		if (copies[i].sum != 0 && copies[i].sum == sum_of(&copies[i]) &&
			(best < 0 || copies[i].number > copies[best].number))
			best = i;
	return best;
}

static int
read_copies(const struct host_slots *slots, unsigned slot, struct copy ret[COPIES])
{
	return host_slots_read_page(slots, slot, FIRST, ret, COPIES * sizeof *ret);
}

int
host_stats_add(const struct host_slots *slots, const struct host_stats *more)
{
	struct copy copies[COPIES], new = { .n_counters = HOST_STATS };
	int mine = host_slots_mine(slots), old, r;

	if (mine < 0)
		return -EBADF;
	r = read_copies(slots, (unsigned)mine, copies);
	if (r < 0)
		return r;
	old = choose(copies);
	if (old >= 0)
		new = copies[old];
	if (new.n_counters < HOST_STATS)
		new.n_counters = HOST_STATS;
	new.number++;
	for (unsigned i = 0; i < HOST_STATS; i++)
		new.counters[i] += more->n[i];
	new.sum = sum_of(&new);
	return host_slots_write_page(
		slots, FIRST + (old == 0 ? sizeof new : 0), &new, sizeof new);
}

int
host_stats_sum(const struct host_slots *slots, struct host_stats *ret)
{
	struct host_stats sum = { 0 };
	struct copy copies[COPIES];

	for (unsigned slot = 0; slot < host_slots_count(slots); slot++) {
		int r = read_copies(slots, slot, copies), best;

		if (r < 0)
			return r;
		best = choose(copies);
		for (unsigned i = 0; best >= 0 && i < HOST_STATS; i++)
			sum.n[i] += copies[best].counters[i];
	}
	*ret = sum;
	return 0;
}
