// SPDX-License-Identifier: ISC
/*
 * Chunks of BDAT (RFC 3030 section 2): how many bytes follow the command, and where in a
 * stream they end. A chunk is never held: its bytes pass through in the blocks in which
 * they come.
 */
#ifndef SMTP_CHUNK_H
#define SMTP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp/data.h"

struct smtp_chunk {
	uint64_t octets;
	uint64_t left; /* of them, to come */
	bool last;     /* of its message */
};

/* Reads what stands behind BDAT, without the blanks around. 0; -EINVAL where something is
 * wrong behind the number, which *ret has all the same; -ERANGE, with *ret untouched,
 * where there is no number, or none that can be counted to: nobody then knows where the
 * next command begins. */
int smtp_chunk_parse(const char *text, size_t len, struct smtp_chunk *ret);

/* Whether a line that cannot be read, as there is a NUL, a bare CR or a bare LF in it,
 * was to be a BDAT, or any part of it was between those. */
bool smtp_chunk_is_meant(const char *line, size_t len);

/* Takes bytes of the chunk from in into the message, as smtp_data_scan does; with d NULL
 * they are dropped. True where the chunk has ended. */
bool smtp_chunk_scan(struct smtp_chunk *c, struct smtp_data *d, const char *in,
	size_t len, char *out, size_t *ret_out, size_t *ret_consumed);

#endif
