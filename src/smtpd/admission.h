// SPDX-License-Identifier: ISC
/*
 * The smtp process' part in the handshake: it signs once, judges what the tls process
 * claims of the peer, and waits for the proof. Who is refused here never speaks SMTP.
 */
#ifndef SMTPD_ADMISSION_H
#define SMTPD_ADMISSION_H

#include "smtpd/server.h"

/* Reads the key, once the tls process has been forked, which never has it. 0 or -ENOMEM;
 * a key that cannot be read is a fault of s, by which everybody is refused. */
int smtpd_admission_prepare(struct smtpd_server *s);

/* Attends the handshake until it has succeeded, failed or run out of time. 0 with
 * s->proved and all that belongs to it; -EACCES where the peer is refused or gone,
 * logged; another negative errno for a fault of ours, logged too. */
int smtpd_admission_run(struct smtpd_server *s);

#endif
