// SPDX-License-Identifier: ISC
/*
 * A table of tickets of any bytes. Whatever is in it, an entry is looked for, and what is
 * found is within its bounds and of its time; then one is kept, found as it was kept, and
 * dropped.
 *
 * The input: a byte that says what is made to add up (1 the records, 2 the slot, 4 that
 * the first record is that of the id, 8 that the file is cut), then the bucket of that
 * id, then the slot of its first record.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sum.h"
#include "host/tickets.h"
#include "shared_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the file is laid out. */
enum {
	FIRST = 4096,
	BUCKETS = 256,
	BUCKET = 512,
	RECORDS = 16,
	RECORD = 32,
	SLOT = 4096,
	SLOTS = FIRST + BUCKETS * BUCKET,
	SIZE = SLOTS + BUCKETS * RECORDS * SLOT,
	NOW = 1700000000,
};

static const uint8_t ID[HOST_TICKET_ID] = "that is its id.";

static void
leave(void)
{
	remove_both(HOST_TICKETS_NAME);
	rmdir(folder);
}

static void
add_up(uint8_t *at, size_t n, off_t place)
{
	uint64_t sum = sum_64(at + sizeof sum, n - sizeof sum, (uint64_t)place) | 1;

	memcpy(at, &sum, sizeof sum);
}

static void
write_table(const uint8_t *data, size_t size, int flags)
{
	off_t number = (off_t)(sum_64(ID, sizeof ID, 1) % BUCKETS);
	off_t bucket_at = FIRST + number * BUCKET,
	      slot_at = SLOTS + number * RECORDS * SLOT;
	uint8_t bucket[BUCKET] = { 0 }, slot[SLOT] = { 0 };
	size_t first = size < BUCKET ? size : BUCKET;
	size_t rest = size - first < SLOT ? size - first : SLOT;
	char path[128];
	int fd CLEANUP_FD = -1;

	memcpy(bucket, data, first);
	memcpy(slot, data + first, rest);
	if (flags & 4) {
		memcpy(bucket + 8, ID, sizeof ID);
		memcpy(slot + 8, ID, sizeof ID);
		memcpy(slot + 104, bucket + 24, sizeof(int64_t));
	}
	for (size_t i = 0; (flags & 1) && i < RECORDS; i++)
		if (bucket[i * RECORD] != 0 || i == 0)
			add_up(bucket + i * RECORD, RECORD,
				bucket_at + (off_t)(i * RECORD));
	if (flags & 2)
		add_up(slot, sizeof slot, slot_at);
	in_folder(HOST_TICKETS_NAME, path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	check(fd >= 0 && pwrite(fd, bucket, sizeof bucket, bucket_at) == sizeof bucket);
	check(pwrite(fd, slot, sizeof slot, slot_at) == sizeof slot);
	check(ftruncate(fd, flags & 8 ? bucket_at + (off_t)(size % BUCKET) : SIZE) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_ticket found, mine = { .made = NOW, .chain_len = 3, .chain = "abc" };
	struct host_tickets t;
	int r;

	if (size < 1)
		return 0;
	make_folder(leave);
	write_table(data + 1, size - 1, data[0]);
	check(host_tickets_open(folder, NULL, &t) == 0);
	r = host_tickets_find(&t, ID, NOW, &found);
	check(r == 0 || r == -ENOENT);
	if (r == 0)
		check(found.chain_len <= HOST_TICKET_CHAIN_MAX &&
			memcmp(found.id, ID, sizeof ID) == 0 &&
			found.made > NOW - HOST_TICKET_SECONDS && found.made < NOW + 60);
	check(host_tickets_sweep(&t, NOW) == 0);
	memcpy(mine.id, ID, sizeof ID);
	check(host_tickets_put(&t, &mine) == 0);
	check(host_tickets_find(&t, ID, NOW, &found) == 0);
	check(memcmp(&found, &mine, sizeof found) == 0);
	check(host_tickets_drop(&t, ID, NOW) == 0);
	check(host_tickets_find(&t, ID, NOW, &found) == -ENOENT);
	host_tickets_close(&t);
	return 0;
}
