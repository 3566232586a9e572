// SPDX-License-Identifier: ISC
/*
 * Listening sockets that somebody else has opened: systemd with Accept=no, or inetd with
 * wait, and the connections that come from them.
 */
#ifndef HOST_LISTEN_H
#define HOST_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOST_LISTENERS_MAX = 8, HOST_LISTENER_NAME_SIZE = 64, HOST_SOURCE_SIZE = 16 };

struct host_listener {
	int fd;
	char name[HOST_LISTENER_NAME_SIZE]; /* FileDescriptorName=, or empty */
};

struct host_listeners {
	struct host_listener at[HOST_LISTENERS_MAX];
	size_t n;
	bool passed; /* as LISTEN_FDS, else as descriptor 0, which is /dev/null then */
};

/* Whom limits count as one: an IPv4 address, mapped into IPv6, or the first 64 bits of an
 * IPv6 address. All zero for what comes by no network. */
struct host_source {
	uint8_t bytes[HOST_SOURCE_SIZE];
};

/* Finds the listening sockets and makes them non-blocking and close-on-exec. 0 with
 * ret->n, which is 0 where a connection was passed, or nothing; -E2BIG for more than
 * HOST_LISTENERS_MAX; -EINVAL where some listen and others do not. */
int host_listen_take(struct host_listeners *ret);

/* Gets them ready for a program that is to take their place in this process: it finds
 * them as this one has. 0 or a negative errno. */
int host_listen_hand_over(const struct host_listeners *l);

/* Takes that back, where the other program could not be started. */
void host_listen_keep(const struct host_listeners *l);

/* The next connection, as a non-blocking descriptor that is closed on exec. 0; -EAGAIN
 * where nobody waits; -ECONNABORTED where one has gone before its turn; -EMFILE, -ENFILE,
 * -ENOMEM and -ENOBUFS for a shortage of ours, or another negative errno where the socket
 * does not listen any more. */
int host_listen_accept(
	const struct host_listener *l, int *ret_fd, struct host_source *ret_source);

/* A source as text: "192.0.2.1", "2001:db8::/64", "local". */
enum { HOST_SOURCE_TEXT_SIZE = 64 };
void host_source_name(const struct host_source *s, char ret[HOST_SOURCE_TEXT_SIZE]);

#endif
