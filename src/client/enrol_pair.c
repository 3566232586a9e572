// SPDX-License-Identifier: ISC
/*
 * Keys of P-256, in certificates without an end. Buffers are the caller's, who wipes the
 * key. Faults: no random numbers, no memory, a key that cannot be read (software).
 */
#include "client/enrol_pair.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pki/make.h"

enum { HOST_SIZE = 65, DAY = 24 * 3600 };

/* Of its own certificate the key's holder can make another at any time, so that an end
 * would end nothing (RFC 5280 section 4.1.2.5). */
static const int64_t NO_END = 253402300799;

/* A name for people who look at certificates; nobody believes it. */
static void
own_name(char ret[HOST_SIZE])
{
	if (gethostname(ret, HOST_SIZE) < 0)
		ret[0] = '\0';
	ret[HOST_SIZE - 1] = '\0';
	for (char *c = ret; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '-';
	if (!*ret)
		snprintf(ret, HOST_SIZE, "device");
}

int
client_enrol_pair(struct buffer *pem, struct buffer *cert, struct client_fault *fault)
{
	CLEANUP(pki_key_free) struct pki_key *key = NULL;
	char name[HOST_SIZE];
	struct pki_order order = { .role = PKI_ROLE_CLIENT,
		.common_name = name,
		.not_before = time(NULL) - DAY, /* for servers whose clock is slow */
		.not_after = NO_END };
	bool fresh = buffer_len(pem) == 0;
	int r = fresh ? pki_key_make(PKI_KEY_P256, &key)
		      : pki_key_read(buffer_data(pem), buffer_len(pem), &key);

	own_name(name);
	if (r == 0 && fresh)
		r = pki_key_write(key, pem);
	if (r == 0)
		r = pki_certificate_make(&order, key, NULL, 0, NULL, cert);
	if (r < 0 || !buffer_string(pem) || !buffer_string(cert))
		return client_fault_set(
			fault, EX_SOFTWARE, "cannot make a key: %s", strerror(-r));
	return 0;
}
