// SPDX-License-Identifier: ISC
/*
 * Any bytes as what a resident parent has left to itself: refused, or a state with no
 * process twice that is written with as many bytes and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "smtpd/handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_free) struct buffer b = { 0 };
	struct smtpd_handover h, again;

	if (smtpd_handover_read(data, size, &h) < 0)
		return 0;
	if (h.pid < 2 || h.notify < -1 || h.children.n > SMTPD_HANDLERS_MAX)
		abort();
	for (size_t i = 0; i < h.children.n; i++)
		if (h.children.at[i].pid < 2 ||
			(i > 0 && h.children.at[i].pid <= h.children.at[i - 1].pid))
			abort();
	if (smtpd_handover_write(&b, &h) < 0 || buffer_len(&b) != size)
		abort();
	if (smtpd_handover_read(buffer_data(&b), buffer_len(&b), &again) < 0 ||
		again.children.n != h.children.n ||
		memcmp(&again.counts, &h.counts, sizeof h.counts) != 0)
		abort();
	smtpd_children_free(&again.children);
	smtpd_children_free(&h.children);
	return 0;
}
