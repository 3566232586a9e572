// SPDX-License-Identifier: ISC
/*
 * Fields read one after the other from bytes that nobody vouches for: big-endian numbers,
 * and runs of bytes behind their length. A reader that was once asked for more than is
 * there is bad from then on and yields zeros, so that its caller looks once, at the end.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* The next len bytes, which stay where they are; NULL where there are fewer. */
const void *reader_run(struct reader *r, size_t len);

/* The next number, of at most four bytes. */
uint32_t reader_number(struct reader *r, size_t bytes);

/* The same, which has to be below limit. */
uint32_t reader_below(struct reader *r, size_t bytes, uint32_t limit);

/* What stands behind a length of so many bytes, as a reader of its own, which is empty
 * and bad where r is. */
struct reader reader_inner(struct reader *r, size_t bytes);

/* Ends such an inner one: r is bad if inner is, or has something left. */
void reader_leave(struct reader *r, const struct reader *inner);

#endif
