// SPDX-License-Identifier: ISC
/*
 * Buckets of 16 short records, by which an entry is found, and for each record a slot of
 * a page that holds the rest, so that looking for one reads no other's key. Whoever looks
 * at a bucket holds the lock of its first byte. An entry is written slot first, and ended
 * record first: a record without its slot is a damaged file. Faults: those of
 * host/shared.h; -ETIMEDOUT where a lock is kept for too long.
 */
#include "host/tickets.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sum.h"

enum {
	BUCKETS = 256,
	RECORDS = 16, /* in each */
	BUCKET = 512, /* bytes */
	SWEPT = HOST_SHARED_HEADER,
	FIRST = 4096, /* bucket's offset */
	SLOTS = FIRST + BUCKETS * BUCKET,
	SLOT = 4096,
	LOCK_MS = 250,
	SWEEP_SECONDS = 60,
	SLACK_SECONDS = 5,
};

struct record {
	uint64_t sum; /* 0 together with all the rest: free */
	uint8_t id[HOST_TICKET_ID];
	int64_t made;
};

struct bucket {
	struct record records[RECORDS];
};
_Static_assert(sizeof(struct bucket) == BUCKET, "bucket");

struct slot {
	uint64_t sum;
	struct host_ticket ticket;
};
_Static_assert(sizeof(struct slot) == SLOT, "slot");

/* When all was looked at the last time. */
struct swept {
	uint64_t sum;
	int64_t when;
};

static const struct host_shared_form FORM = {
	.magic = "POSTtick",
	.version = 1,
	.size = SLOTS + (off_t)BUCKETS * RECORDS * SLOT,
};

static const uint8_t ZERO[SLOT];

/* Empties the file, whose keys must not outlive it, and puts another in its place; or, as
 * damaged says, only where it is too short, which one that is being made is not. */
static int
mend(struct host_tickets *t, bool damaged)
{
	struct stat st;

	if (fstat(t->shared.fd, &st) < 0)
		return host_shared_tell(&t->shared, -errno);
	/* One that others have open as well is too short for them from now on. */
	if (st.st_size > 0 && (damaged || st.st_size < FORM.size) &&
		ftruncate(t->shared.fd, HOST_SHARED_HEADER) < 0)
		return host_shared_tell(&t->shared, -errno);
	return host_shared_mend(&t->shared, damaged);
}

static bool
is_ours_alone(const struct host_tickets *t)
{
	struct stat st;

	return fstat(t->shared.fd, &st) == 0 && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

int
host_tickets_open(const char *dir, const struct host_shared_report *report,
	struct host_tickets *ret)
{
	int r = host_shared_open(dir, HOST_TICKETS_NAME, &FORM, report, &ret->shared);

	if (r < 0 || is_ours_alone(ret))
		return r;
	r = mend(ret, true);
	if (r < 0)
		host_tickets_close(ret);
	return r;
}

void
host_tickets_close(struct host_tickets *t)
{
	host_shared_close(&t->shared);
}

static off_t
bucket_of(const uint8_t id[HOST_TICKET_ID])
{
	return FIRST + (off_t)(sum_64(id, HOST_TICKET_ID, 1) % BUCKETS) * BUCKET;
}

static off_t
record_at(off_t bucket, size_t i)
{
	return bucket + (off_t)(i * sizeof(struct record));
}

static off_t
slot_at(off_t bucket, size_t i)
{
	return SLOTS + ((bucket - FIRST) / BUCKET * RECORDS + (off_t)i) * SLOT;
}

/* The place is part of the sum, so that nothing is good anywhere else. */
static uint64_t
sum_of(const void *data, size_t n, off_t at)
{
	return sum_64((const char *)data + sizeof(uint64_t), n - sizeof(uint64_t),
		       (uint64_t)at) |
	       1;
}

static bool
is_free(const struct record *r)
{
	return memcmp(r, ZERO, sizeof *r) == 0;
}

/* One of the future is of a clock that was set back, and how old it is cannot be told;
 * but whoever is at it at the same time may have looked at the clock a moment before. */
static bool
has_ended(const struct record *r, int64_t now)
{
	return r->made > now + SLACK_SECONDS || r->made <= now - HOST_TICKET_SECONDS;
}

static int
wipe(const struct host_tickets *t, off_t bucket, size_t i)
{
	int r = host_shared_write(
		&t->shared, record_at(bucket, i), ZERO, sizeof(struct record));

	return r < 0 ? r : host_shared_write(&t->shared, slot_at(bucket, i), ZERO, SLOT);
}

/* Reads a bucket, with its lock, and wipes what has ended. -EBADMSG for a damaged one. */
static int
read_bucket(const struct host_tickets *t, off_t at, int64_t now, struct bucket *ret)
{
	int r = host_shared_read(&t->shared, at, ret, sizeof *ret);

	for (size_t i = 0; r == 0 && i < RECORDS; i++) {
		struct record *record = &ret->records[i];

		if (is_free(record))
			continue;
		if (record->sum != sum_of(record, sizeof *record, record_at(at, i)))
			return -EBADMSG;
		if (!has_ended(record, now))
			continue;
		r = wipe(t, at, i);
		*record = (struct record){ 0 };
	}
	return r;
}

static size_t
find_id(const struct bucket *b, const uint8_t id[HOST_TICKET_ID])
{
	size_t i = 0;

	while (i < RECORDS && (is_free(&b->records[i]) ||
				      memcmp(b->records[i].id, id, HOST_TICKET_ID) != 0))
		i++;
	return i;
}

/* Where an entry goes: its own place, a free one, or that of the oldest. */
static size_t
find_place(const struct bucket *b, const uint8_t id[HOST_TICKET_ID])
{
	size_t own = find_id(b, id), best = 0;

	if (own < RECORDS)
		return own;
	for (size_t i = 0; i < RECORDS; i++) {
		if (is_free(&b->records[i]))
			return i;
		if (b->records[i].made < b->records[best].made)
			best = i;
	}
	return best;
}

static int
write_entry(const struct host_tickets *t, const struct host_ticket *ticket, off_t bucket,
	size_t i)
{
	struct record record = { .made = ticket->made };
	struct slot slot = { .ticket = *ticket };
	int r;

	memset(slot.ticket.chain + ticket->chain_len, 0,
		sizeof slot.ticket.chain - ticket->chain_len);
	memcpy(record.id, ticket->id, sizeof record.id);
	record.sum = sum_of(&record, sizeof record, record_at(bucket, i));
	slot.sum = sum_of(&slot, sizeof slot, slot_at(bucket, i));
	r = wipe(t, bucket, i);
	if (r == 0)
		r = host_shared_write(&t->shared, slot_at(bucket, i), &slot, sizeof slot);
	if (r == 0)
		r = host_shared_write(
			&t->shared, record_at(bucket, i), &record, sizeof record);
	explicit_bzero(&slot, sizeof slot);
	return r;
}

static int
read_entry(const struct host_tickets *t, const struct record *record, off_t bucket,
	size_t i, struct host_ticket *ret)
{
	off_t at = slot_at(bucket, i);
	struct slot slot;
	int r = host_shared_read(&t->shared, at, &slot, sizeof slot);

	if (r == 0 && (slot.sum != sum_of(&slot, sizeof slot, at) ||
			      memcmp(slot.ticket.id, record->id, HOST_TICKET_ID) != 0 ||
			      slot.ticket.made != record->made ||
			      slot.ticket.chain_len > HOST_TICKET_CHAIN_MAX))
		r = -EBADMSG;
	if (r == 0)
		*ret = slot.ticket;
	explicit_bzero(&slot, sizeof slot);
	return r;
}

/* What is done in a bucket, under its lock. */
struct work {
	const uint8_t *id;
	int64_t now;
	const struct host_ticket *put;
	struct host_ticket *find;
	bool drop;
};

static int
work_in(const struct host_tickets *t, off_t bucket, const struct work *w)
{
	struct bucket b;
	int r = read_bucket(t, bucket, w->now, &b);
	size_t i;

	if (r < 0)
		return r;
	if (w->put)
		return write_entry(t, w->put, bucket, find_place(&b, w->id));
	i = find_id(&b, w->id);
	if (i == RECORDS)
		return w->find ? -ENOENT : 0;
	if (w->drop)
		return wipe(t, bucket, i);
	return read_entry(t, &b.records[i], bucket, i, w->find);
}

static int
work_locked(const struct host_tickets *t, const struct work *w)
{
	off_t bucket = bucket_of(w->id);
	int r = host_shared_lock(&t->shared, bucket, LOCK_MS);

	if (r < 0)
		return r;
	r = work_in(t, bucket, w);
	host_shared_unlock(&t->shared, bucket);
	return r;
}

static bool
is_quiet(int r)
{
	return r == 0 || r == -ENOENT || r == -ETIMEDOUT;
}

/* A damaged file is mended once: what was looked for is not in the new one. */
static int
work(struct host_tickets *t, const struct work *w)
{
	int r = work_locked(t, w);

	if (r == -EBADMSG || r == -ENODATA) {
		r = mend(t, r == -EBADMSG);
		if (r < 0)
			return r;
		r = work_locked(t, w);
	}
	return is_quiet(r) ? r : host_shared_tell(&t->shared, r);
}

int
host_tickets_put(struct host_tickets *t, const struct host_ticket *ticket)
{
	if (ticket->chain_len > HOST_TICKET_CHAIN_MAX)
		return -E2BIG;
	return work(t,
		&(struct work){ .id = ticket->id, .now = ticket->made, .put = ticket });
}

int
host_tickets_find(struct host_tickets *t, const uint8_t id[HOST_TICKET_ID], int64_t now,
	struct host_ticket *ret)
{
	return work(t, &(struct work){ .id = id, .now = now, .find = ret });
}

int
host_tickets_drop(struct host_tickets *t, const uint8_t id[HOST_TICKET_ID], int64_t now)
{
	return work(t, &(struct work){ .id = id, .now = now, .drop = true });
}

/* Takes the turn, if it is anybody's now. 1, 0 or a negative errno. */
static int
begin_sweep(const struct host_tickets *t, int64_t now)
{
	struct swept swept;
	int r = host_shared_read(&t->shared, SWEPT, &swept, sizeof swept);

	if (r < 0)
		return r;
	if (swept.sum == sum_of(&swept, sizeof swept, SWEPT) && swept.when <= now &&
		swept.when > now - SWEEP_SECONDS)
		return 0;
	swept.when = now;
	swept.sum = sum_of(&swept, sizeof swept, SWEPT);
	r = host_shared_write(&t->shared, SWEPT, &swept, sizeof swept);
	return r < 0 ? r : 1;
}

static bool
has_any_ended(const struct bucket *b, int64_t now)
{
	for (size_t i = 0; i < RECORDS; i++)
		if (!is_free(&b->records[i]) && has_ended(&b->records[i], now))
			return true;
	return false;
}

/* Looks without a lock, and takes it where there is something to do. */
static int
sweep(const struct host_tickets *t, int64_t now)
{
	struct bucket b;
	int r = 0;

	for (off_t at = FIRST; r == 0 && at < SLOTS; at += BUCKET) {
		r = host_shared_read(&t->shared, at, &b, sizeof b);
		if (r < 0 || !has_any_ended(&b, now))
			continue;
		if (host_shared_lock(&t->shared, at, LOCK_MS) < 0)
			continue;
		r = read_bucket(t, at, now, &b);
		host_shared_unlock(&t->shared, at);
	}
	return r;
}

int
host_tickets_sweep(struct host_tickets *t, int64_t now)
{
	int r = begin_sweep(t, now);

	if (r > 0)
		r = sweep(t, now);
	if (r == -EBADMSG || r == -ENODATA)
		return mend(t, r == -EBADMSG);
	return r < 0 ? host_shared_tell(&t->shared, r) : 0;
}
