// SPDX-License-Identifier: ISC
/*
 * The journal's socket, and records in its native protocol
 * (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of lines "FIELD=value". It is
 * connected before the walls go up and then only sent to, so that behind them nobody
 * opens a socket, and no datagram goes anywhere else.
 */
#ifndef HOST_JOURNAL_H
#define HOST_JOURNAL_H

#include <stddef.h>

/* A descriptor that is connected to the journal, or a negative errno where nobody
 * listens. */
int host_journal_open(void);

/* Sends the lines of one record, none of whose values holds a line feed. Waits for a
 * journal that does not read, but for no longer than wait milliseconds. 0; -EAGAIN where
 * it has not read by then; or another negative errno. */
int host_journal_send(int fd, const void *lines, size_t len, int wait);

#endif
