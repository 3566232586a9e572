// SPDX-License-Identifier: ISC
/*
 * The transition table. Each row is a state, each column an event; what is not named is
 * out of place. HELO, EHLO and RSET end a transaction and keep the login.
 */
#include "smtp/state.h"

/* A zero in a table of designated entries has to mean "out of place". */
#define TO(state) (SMTP_STATE_##state + 1)

static const unsigned char TRANSITIONS[SMTP_STATES][SMTP_EVENTS] = {
	[SMTP_STATE_CONNECTED] = {
		[SMTP_EVENT_NOTHING] = TO(CONNECTED),
		[SMTP_EVENT_GREETING] = TO(GREETED),
		[SMTP_EVENT_RESET] = TO(CONNECTED),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_GREETED] = {
		[SMTP_EVENT_NOTHING] = TO(GREETED),
		[SMTP_EVENT_GREETING] = TO(GREETED),
		[SMTP_EVENT_AUTH] = TO(AUTHENTICATING),
		[SMTP_EVENT_RESET] = TO(GREETED),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_AUTHENTICATING] = {
		[SMTP_EVENT_LOGIN] = TO(READY),
		[SMTP_EVENT_NO_LOGIN] = TO(GREETED),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_READY] = {
		[SMTP_EVENT_NOTHING] = TO(READY),
		[SMTP_EVENT_GREETING] = TO(READY),
		[SMTP_EVENT_SENDER] = TO(SENDER),
		[SMTP_EVENT_RESET] = TO(READY),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_SENDER] = {
		[SMTP_EVENT_NOTHING] = TO(SENDER),
		[SMTP_EVENT_GREETING] = TO(READY),
		[SMTP_EVENT_RECIPIENT] = TO(RECIPIENTS),
		[SMTP_EVENT_RESET] = TO(READY),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_RECIPIENTS] = {
		[SMTP_EVENT_NOTHING] = TO(RECIPIENTS),
		[SMTP_EVENT_GREETING] = TO(READY),
		[SMTP_EVENT_RECIPIENT] = TO(RECIPIENTS),
		[SMTP_EVENT_DATA] = TO(MESSAGE),
		[SMTP_EVENT_CHUNK] = TO(CHUNKS),
		[SMTP_EVENT_RESET] = TO(READY),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_MESSAGE] = {
		[SMTP_EVENT_WHOLE] = TO(DELIVERY),
		[SMTP_EVENT_DONE] = TO(READY),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_CHUNKS] = {
		[SMTP_EVENT_NOTHING] = TO(CHUNKS),
		[SMTP_EVENT_GREETING] = TO(READY),
		[SMTP_EVENT_CHUNK] = TO(CHUNKS),
		[SMTP_EVENT_WHOLE] = TO(DELIVERY),
		[SMTP_EVENT_DONE] = TO(READY),
		[SMTP_EVENT_RESET] = TO(READY),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_DELIVERY] = {
		[SMTP_EVENT_DONE] = TO(READY),
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
	[SMTP_STATE_CLOSED] = {
		[SMTP_EVENT_CLOSE] = TO(CLOSED),
	},
};

enum smtp_state
smtp_state_next(enum smtp_state state, enum smtp_event event)
{
	unsigned char to;

	if (state >= SMTP_STATES || event >= SMTP_EVENTS)
		return SMTP_STATE_NONE;
	to = TRANSITIONS[state][event];
	return to == 0 ? SMTP_STATE_NONE : (enum smtp_state)(to - 1);
}

bool
smtp_state_is_logged_in(enum smtp_state state)
{
	return state >= SMTP_STATE_READY && state <= SMTP_STATE_DELIVERY;
}

bool
smtp_state_in_transaction(enum smtp_state state)
{
	return state >= SMTP_STATE_SENDER && state <= SMTP_STATE_DELIVERY;
}

const char *
smtp_state_name(enum smtp_state state)
{
	static const char *const NAMES[SMTP_STATES] = {
		[SMTP_STATE_CONNECTED] = "connected",
		[SMTP_STATE_GREETED] = "greeted",
		[SMTP_STATE_AUTHENTICATING] = "authenticating",
		[SMTP_STATE_READY] = "ready",
		[SMTP_STATE_SENDER] = "sender",
		[SMTP_STATE_RECIPIENTS] = "recipients",
		[SMTP_STATE_MESSAGE] = "message",
		[SMTP_STATE_CHUNKS] = "chunks",
		[SMTP_STATE_DELIVERY] = "delivery",
		[SMTP_STATE_CLOSED] = "closed",
	};

	return state < SMTP_STATES ? NAMES[state] : "none";
}
