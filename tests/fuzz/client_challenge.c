// SPDX-License-Identifier: ISC
/*
 * The first message of a server's SCRAM: whatever it is, nothing is read beyond it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/challenge.h"
#include "pki/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char *coded;
	uint64_t rounds = 0;
	int r;

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	r = client_challenge_rounds(text, &rounds);
	require(r == -EINVAL || (r == 0 && rounds > 0));
	free(text);
	require(pki_base64_encode(data, size, &coded) == 0);
	r = client_challenge_rounds(coded, &rounds);
	require(r == -EINVAL || (r == 0 && rounds > 0));
	free(coded);
	return 0;
}
