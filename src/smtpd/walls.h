// SPDX-License-Identifier: ISC
/*
 * The smtp process locks itself in: files of its service alone, and the system calls that
 * it makes.
 */
#ifndef SMTPD_WALLS_H
#define SMTPD_WALLS_H

#include "smtpd/server.h"

/* To be called once all is read that lies outside, and before anything of the peer's. A
 * kernel that lacks something is logged. 0, or a negative errno where `sandbox` forbids
 * to go on. s stays for as long as the process does, which a forbidden call ends. */
int smtpd_walls_raise(struct smtpd_server *s);

/* The folder of the store's file, in which new ones are written beside it. The caller
 * frees it; NULL without memory. */
char *smtpd_store_folder(const struct config *config);

/* The next control message; a tls process that has met its own walls is logged. As
 * tls_channel_receive, or -EACCES then. */
int smtpd_receive(struct smtpd_server *s, struct tls_message *ret);

#endif
