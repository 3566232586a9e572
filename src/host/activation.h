// SPDX-License-Identifier: ISC
/*
 * Where the connection comes from: the socket that systemd passes (sd_listen_fds(3)),
 * else descriptor 0 as inetd, xinetd and socat pass it, with descriptor 1 beside it where
 * a UCSPI server passes a pair.
 */
#ifndef HOST_ACTIVATION_H
#define HOST_ACTIVATION_H

#include <stdbool.h>

struct host_connection {
	int in;
	int out;            /* in again, unless they are two streams */
	bool loopback;      /* the peer is this machine */
	char peer[64];      /* the address as text: "192.0.2.1", "2001:db8::1", "local" */
	char peer_port[72]; /* with its port, for the log: "192.0.2.1:4711" */
};

/* inetd and xinetd make descriptor 2 the connection, too: what is written to stderr would
 * reach the peer. Where it is so, it becomes /dev/null. To be called before anything
 * else. */
void host_activation_save_stderr(void);

/* Finds the connection and makes it non-blocking and close-on-exec. 0; -ENOTCONN where
 * the peer is gone already; -ENOTSOCK and the like where there is none; -E2BIG for more
 * than one descriptor. */
int host_activation_take(struct host_connection *ret);

/* The same for a connection that this program has accepted. 0; -ENOTCONN where the peer
 * is gone. */
int host_activation_accepted(int fd, struct host_connection *ret);

/* Makes a descriptor that was passed non-blocking and close-on-exec. 0 or a negative
 * errno. */
int host_activation_ready(int fd);

#endif
