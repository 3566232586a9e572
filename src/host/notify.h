// SPDX-License-Identifier: ISC
/*
 * What a service of systemd's tells the one that has started it (sd_notify(3)): that it
 * is ready, how it is, that it is alive.
 */
#ifndef HOST_NOTIFY_H
#define HOST_NOTIFY_H

#include <stdint.h>

struct host_notify {
	int fd;           /* connected, or -1: nobody wants to know */
	int64_t watchdog; /* milliseconds between two signs of life, or 0 */
};

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC, which stay for a program that takes this one's
 * place. fd is a socket that this process has inherited for it, or -1: then one is made.
 * Whoever cannot be reached is not told. */
struct host_notify host_notify_open(int fd);

/* Sends lines, "READY=1\nSTATUS=…", of a printf format. */
void host_notify_say(struct host_notify *n, const char *lines, ...)
	__attribute__((format(printf, 2, 3)));

/* What systemd wants beside RELOADING=1: microseconds of CLOCK_MONOTONIC. */
uint64_t host_notify_monotonic_usec(void);

#endif
