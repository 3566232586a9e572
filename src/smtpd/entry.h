// SPDX-License-Identifier: ISC
/*
 * Who may enter: what a CLAIM is answered, by the certificate and by the user store.
 */
#ifndef SMTPD_ENTRY_H
#define SMTPD_ENTRY_H

#include "smtpd/proof.h"

/* 0 to admit, for all or, where p->by says so, for enrolment only; or the TLS alert that
 * refuses, with a word for the log in *ret_reason; a fault of ours is noted in s. Has no
 * other effect. */
int smtpd_entry_judge(struct smtpd_server *s, struct smtpd_proof *p,
	struct tls_claim *claim, const char **ret_reason);

/* Writes down that a device, which has proved its key, is here, beside the store; a fault
 * is logged, and that is all. */
void smtpd_entry_note_use(struct smtpd_server *s, const struct auth_device *d);

/* The connection is closed: writes down in the store that this was the first use of its
 * device, if it was. That waits for others who write, and nobody for it; a fault is
 * logged, and the next use is the first one then. */
void smtpd_entry_note_first_use(const struct smtpd_server *s);

#endif
