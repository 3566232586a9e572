// SPDX-License-Identifier: ISC
/*
 * Sessions that are resumed: the key of one connection's tickets, in the smtp process. A
 * key is drawn for each connection, and kept in the table of host/tickets.h once the peer
 * has proved its own key, beside its certificates. Who shows a ticket of it later is the
 * one whose certificates lie there, if those are still good: they are judged again, by
 * all that is judged in a whole handshake but the client's own signature.
 */
#ifndef SMTPD_TICKETS_H
#define SMTPD_TICKETS_H

#include "smtpd/proof.h"

enum smtpd_ticket_state {
	SMTPD_TICKET_NONE,    /* there is no key, or none that is of any use */
	SMTPD_TICKET_FRESH,   /* drawn for this connection */
	SMTPD_TICKET_RESUMES, /* of the table: whoever resumes is known */
	SMTPD_TICKET_SPENT,   /* of the table, and there is a whole handshake */
};

/* Zeroed at first; smtpd_ticket_clear ends it. */
struct smtpd_ticket {
	bool asked; /* TICKET was answered: there is no second one */
	enum smtpd_ticket_state state;
	uint8_t key[TLS_TICKET_KEY];
	uint8_t id[TLS_TICKET_ID];
};

void smtpd_ticket_clear(struct smtpd_ticket *t);

/* Answers TICKET, which had that id (len bytes of it: all or none). Where the session may
 * be resumed, *peer becomes who resumes it; else it stays zeroed. 0, -EACCES where the
 * tls process has broken the protocol, or another negative errno of the channel. */
int smtpd_ticket_answer(struct smtpd_server *s, struct smtpd_ticket *t, const void *id,
	size_t len, struct smtpd_proof *peer);

/* There is a whole handshake, whatever ticket was shown: the session can no longer be
 * resumed, and *peer is zeroed again. */
void smtpd_ticket_give_up(struct smtpd_ticket *t, struct smtpd_proof *peer);

/* In that handshake the peer is about to be admitted. Ends the table's entry whose key
 * was handed out, before the peer can get a ticket under a key that is somebody else's.
 * 0, or a negative errno: then the peer must not go on. */
int smtpd_ticket_end(struct smtpd_server *s, struct smtpd_ticket *t);

/* The session was resumed. Whether its entry is still there: one that has ended since may
 * have been that of a whole handshake, and its key that of somebody else's tickets. 0, or
 * -EKEYREJECTED: then the peer must not go on. */
int smtpd_ticket_confirm(struct smtpd_server *s, const struct smtpd_ticket *t);

/* The peer has proved its key, with this transcript: its session may be resumed. What
 * stands in the way is logged, and that is all. */
void smtpd_ticket_keep(struct smtpd_server *s, struct smtpd_ticket *t,
	const struct smtpd_proof *peer, const struct tls_span *transcript);

#endif
