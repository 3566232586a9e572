// SPDX-License-Identifier: ISC
/*
 * Buckets of 16 records with a checksum each. Reading an account is one pread of its
 * bucket, writing it one pwrite of its record. A record that does not add up while
 * somebody writes it is read again; one that stays so makes the file a damaged one.
 */
#include "host/ledger.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/sum.h"

enum {
	BUCKETS = 1024,
	BUCKET = 1024, /* bytes */
	FIRST = 4096,  /* bucket's offset */
	REREADS = 4,
};

struct record {
	uint64_t sum; /* 0 together with all the rest: free */
	uint8_t key[HOST_LEDGER_KEY];
	int64_t until;
	int64_t value[HOST_LEDGER_VALUES];
};

enum { RECORDS = BUCKET / sizeof(struct record) };

struct bucket {
	struct record records[RECORDS];
};
_Static_assert(sizeof(struct bucket) == BUCKET, "bucket");

static const struct host_shared_form FORM = {
	.magic = "POSTledg",
	.version = 1,
	.size = FIRST + (off_t)HOST_LEDGER_KINDS * BUCKETS * BUCKET,
};

int
host_ledger_open(
	const char *dir, const struct host_shared_report *report, struct host_ledger *ret)
{
	return host_shared_open(dir, HOST_LEDGER_NAME, &FORM, report, &ret->shared);
}

int
host_ledger_look(
	const char *dir, const struct host_shared_report *report, struct host_ledger *ret)
{
	return host_shared_look(dir, HOST_LEDGER_NAME, &FORM, report, &ret->shared);
}

void
host_ledger_close(struct host_ledger *l)
{
	host_shared_close(&l->shared);
}

void
host_account_name(
	struct host_account *a, enum host_ledger_kind kind, const void *data, size_t n)
{
	uint64_t halves[2] = { sum_64(data, n, 2), sum_64(data, n, 3) };

	*a = (struct host_account){ .kind = kind, .place = -1 };
	memcpy(a->key, halves, sizeof a->key);
}

static off_t
bucket_at(const struct host_account *a)
{
	uint64_t number = sum_64(a->key, sizeof a->key, 4) % BUCKETS;

	return FIRST + ((off_t)a->kind * BUCKETS + (off_t)number) * BUCKET;
}

static bool
is_free(const struct record *r)
{
	static const struct record FREE;

	return memcmp(r, &FREE, sizeof FREE) == 0;
}

/* The place is part of the sum, so that no record is good anywhere else. */
static uint64_t
sum_of(const struct record *r, off_t bucket)
{
	return sum_64(&r->key, sizeof *r - offsetof(struct record, key),
		       (uint64_t)bucket) |
	       1;
}

static bool
is_whole(const struct bucket *b, off_t at)
{
	for (size_t i = 0; i < RECORDS; i++)
		if (!is_free(&b->records[i]) &&
			b->records[i].sum != sum_of(&b->records[i], at))
			return false;
	return true;
}

/* -EBADMSG for a bucket that stays damaged. */
static int
read_bucket(const struct host_ledger *l, off_t at, struct bucket *ret)
{
	int r = 0;

	for (int i = 0; r == 0 && i < REREADS; i++) {
		if (i > 0)
			poll(NULL, 0, 1);
		r = host_shared_read(&l->shared, at, ret, sizeof *ret);
		if (r == 0 && is_whole(ret, at))
			return 0;
	}
	return r < 0 ? r : -EBADMSG;
}

static void
take_record(struct host_account *a, const struct bucket *b)
{
	int place = -1, worst = 0;

	for (int i = 0; i < RECORDS; i++) {
		const struct record *r = &b->records[i];

		if (!is_free(r) && memcmp(r->key, a->key, sizeof r->key) == 0)
			place = i;
		if (r->until < b->records[worst].until)
			worst = i;
	}
	a->until = place >= 0 ? b->records[place].until : 0;
	memset(a->value, 0, sizeof a->value);
	if (place >= 0)
		memcpy(a->value, b->records[place].value, sizeof a->value);
	a->place = place >= 0 ? place : worst;
}

int
host_ledger_read(struct host_ledger *l, struct host_account *a)
{
	off_t at = bucket_at(a);
	struct bucket b;
	int r = read_bucket(l, at, &b);

	if (r == -EBADMSG || r == -ENODATA) {
		r = host_shared_mend(&l->shared, r == -EBADMSG);
		if (r < 0)
			return r;
		r = read_bucket(l, at, &b);
	}
	if (r < 0)
		return host_shared_tell(&l->shared, r);
	take_record(a, &b);
	return 0;
}

int
host_ledger_write(struct host_ledger *l, struct host_account *a)
{
	off_t at = bucket_at(a);
	struct record r = { .until = a->until };

	if (a->place < 0)
		return -EINVAL;
	memcpy(r.key, a->key, sizeof r.key);
	memcpy(r.value, a->value, sizeof r.value);
	r.sum = sum_of(&r, at);
	return host_shared_write(
		&l->shared, at + a->place * (off_t)sizeof r, &r, sizeof r);
}
