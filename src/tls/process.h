// SPDX-License-Identifier: ISC
/*
 * The tls process: it owns the network socket and the records on it, and nothing else. It
 * is forked by the smtp process, lives as long as the control channel does, and never
 * returns.
 */
#ifndef TLS_PROCESS_H
#define TLS_PROCESS_H

#include <stdbool.h>

#include "tls/credentials.h"
#include "tls/transcript.h"

struct tls_process {
	int in;    /* the connection; out is the same descriptor unless a UCSPI server */
	int out;   /* passed a pair of pipes */
	int plain; /* the plaintext stream to the smtp process */
	int control;   /* SOCK_SEQPACKET to the smtp process */
	bool starttls; /* relay in the clear until STARTTLS */
	bool tickets;  /* sessions may be resumed */
	enum config_sandbox sandbox;
	struct tls_credentials *credentials; /* NULL: refuse with internal_error */
	uint8_t random[TLS_RANDOM_SIZE];     /* for the ServerHello, as drawn */
};

/* The descriptors are non-blocking but for control. */
_Noreturn void tls_process_run(const struct tls_process *p);

#endif
