// SPDX-License-Identifier: ISC
/*
 * A ledger of any bytes. Whatever is in it, an account is read, used for the arithmetic
 * of limits, written, and found again as it was written.
 *
 * The input is one bucket, which stands everywhere in the file; the first byte says what
 * is made to add up: 1 the records of the account's own bucket, 4 that the file is cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sum.h"
#include "host/ledger.h"
#include "host/limit.h"
#include "shared_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the file is laid out. */
enum {
	BUCKET = 1024,
	RECORD = 64,
	SUMMED = 8, /* begins what the checksum at the record's start covers */
	FIRST = 4096,
	BUCKETS = 1024 * HOST_LEDGER_KINDS,
};

static const int64_t NOW = INT64_C(1700000000) * HOST_LIMIT_SECOND;

static void
leave(void)
{
	remove_both(HOST_LEDGER_NAME);
	rmdir(folder);
}

/* Where the account's bucket is: the one that changes when it is written. */
static off_t
bucket_of(const struct host_account *a)
{
	uint64_t number = sum_64(a->key, sizeof a->key, 4) % 1024;

	return FIRST + ((off_t)a->kind * 1024 + (off_t)number) * BUCKET;
}

static void
write_bucket(const struct host_account *a, const uint8_t *data, size_t size, int flags)
{
	uint8_t bucket[BUCKET] = { 0 };
	off_t at = bucket_of(a);
	char path[128];
	int fd CLEANUP_FD = -1;

	memcpy(bucket, data, size < BUCKET ? size : BUCKET);
	for (size_t i = 0; (flags & 1) && i + RECORD <= BUCKET; i += RECORD) {
		uint64_t sum = sum_64(bucket + i + SUMMED, RECORD - SUMMED,
				       (uint64_t)at) |
			       1;

		if (bucket[i] != 0)
			memcpy(bucket + i, &sum, sizeof sum);
	}
	in_folder(HOST_LEDGER_NAME, path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	check(fd >= 0 && pwrite(fd, bucket, sizeof bucket, at) == sizeof bucket);
	check(ftruncate(fd, flags & 4 ? at + (off_t)(size % BUCKET)
				      : FIRST + (off_t)BUCKETS * BUCKET) == 0);
}

static void
use(struct host_account *a)
{
	const struct host_limit limit = { 10, 3600 };
	const struct host_shutout shutout = { 3, 60, 3600 };
	struct host_failures f = { a->value[0], a->value[1], a->value[2] };

	for (int i = 0; i < HOST_LEDGER_VALUES; i++) {
		check(host_limit_wait(limit, a->value[i], NOW, 10) <= 3600);
		check(host_limit_left(limit, a->value[i], NOW) <= 10);
		a->value[i] = host_limit_add(limit, a->value[i], NOW, 3);
		check(a->value[i] > NOW);
	}
	check(host_failures_wait(shutout, &f, NOW) <= 3600);
	host_failures_add(shutout, &f, NOW);
	check(host_failures_end(shutout, &f) > NOW);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_account a, again;
	struct host_ledger l;

	if (size < 2)
		return 0;
	make_folder(leave);
	host_account_name(&a, data[1] % HOST_LEDGER_KINDS, &data[1], 1);
	again = a;
	write_bucket(&a, data + 2, size - 2, data[0]);
	if (host_ledger_look(folder, NULL, &l) == 0) {
		host_ledger_read(&l, &a);
		host_ledger_close(&l);
	}
	check(host_ledger_open(folder, NULL, &l) == 0);
	check(host_ledger_read(&l, &a) == 0);
	use(&a);
	a.until = NOW;
	check(host_ledger_write(&l, &a) == 0);
	check(host_ledger_read(&l, &again) == 0);
	check(again.until == NOW && memcmp(again.value, a.value, sizeof a.value) == 0);
	host_ledger_close(&l);
	return 0;
}
