// SPDX-License-Identifier: ISC
/*
 * What a connection has done so far, as one value, and the one table that says how it
 * changes. An event that has no place in a state leaves it as it is.
 */
#ifndef SMTP_STATE_H
#define SMTP_STATE_H

#include <stdbool.h>

enum smtp_state {
	SMTP_STATE_CONNECTED,      /* nobody has said hello yet */
	SMTP_STATE_GREETED,        /* HELO or EHLO, not logged in */
	SMTP_STATE_AUTHENTICATING, /* between AUTH and its verdict */
	SMTP_STATE_READY,          /* logged in */
	SMTP_STATE_SENDER,         /* MAIL was accepted */
	SMTP_STATE_RECIPIENTS,     /* so was at least one RCPT */
	SMTP_STATE_MESSAGE,        /* behind 354: the message is coming */
	SMTP_STATE_CHUNKS,         /* so it is, by BDAT, and has not come whole */
	SMTP_STATE_DELIVERY,       /* it has come whole */
	SMTP_STATE_CLOSED,
	SMTP_STATES,
	SMTP_STATE_NONE = SMTP_STATES, /* the answer for an event out of place */
};

enum smtp_event {
	SMTP_EVENT_NOTHING, /* of commands that change nothing */
	SMTP_EVENT_GREETING,
	SMTP_EVENT_AUTH,
	SMTP_EVENT_LOGIN,
	SMTP_EVENT_NO_LOGIN, /* the exchange ended otherwise */
	SMTP_EVENT_SENDER,
	SMTP_EVENT_RECIPIENT,
	SMTP_EVENT_DATA,
	SMTP_EVENT_CHUNK,
	SMTP_EVENT_WHOLE, /* the message has come */
	SMTP_EVENT_DONE,  /* it was delivered, or refused */
	SMTP_EVENT_RESET,
	SMTP_EVENT_CLOSE,
	SMTP_EVENTS,
};

/* The state behind the event, or SMTP_STATE_NONE where it is out of place. */
enum smtp_state smtp_state_next(enum smtp_state state, enum smtp_event event);

bool smtp_state_is_logged_in(enum smtp_state state);
bool smtp_state_in_transaction(enum smtp_state state);

/* One word for the log and the session table; never NULL. */
const char *smtp_state_name(enum smtp_state state);

#endif
