// SPDX-License-Identifier: ISC
/*
 * One connection after the other: a 330 ends one, and the next follows a countdown. The
 * terminal is as it was before when this returns, whatever happens. Faults: those of the
 * connection and the dialogue.
 */
#include "client/interactive.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "client/converse.h"

enum { COUNTDOWN = 5 };

/* Off a terminal nobody wants to wait. True where the person has left meanwhile. */
static bool
count_down(struct client_terminal *t)
{
	struct pollfd p = { .fd = t->signals, .events = POLLIN };
	bool left = false;

	printf("Restarting");
	for (int n = COUNTDOWN; n > 0 && !left; n--) {
		printf(" %d...", n);
		fflush(stdout);
		left = t->echoed && poll(&p, 1, 1000) > 0;
	}
	putchar('\n');
	fflush(stdout);
	return left;
}

/* Before the server has said anything: as client_converse ends by a signal. */
static int
leave(struct client_terminal *t, struct client_fault *fault)
{
	int number = client_terminal_signal(t);

	if (number == SIGINT)
		return CLIENT_CONVERSE_QUIT;
	return client_fault_set(fault, 128 + number, "ended by signal %d", number);
}

static int
run_connection(struct client_converse *c, struct client_fault *fault)
{
	CLEANUP(client_link_close)
	struct client_link link = {
		.fd = -1, .cancel = -1, .traced = c->settings->trace
	};
	int r;

	r = client_link_load(&link, c->settings, fault);
	if (r < 0)
		return r;
	puts("Postern SMTP client running...");
	puts("(Type 'quit' to exit SMTP client.)");
	fflush(stdout);
	link.cancel = c->terminal->signals;
	r = client_link_open(&link, fault);
	if (r == CLIENT_LINK_CANCELLED)
		return leave(c->terminal, fault);
	return r < 0 ? r : client_converse(c, &link, fault);
}

int
client_interactive(const struct client_settings *s, struct client_fault *fault)
{
	CLEANUP(client_terminal_close)
	struct client_terminal terminal = { .signals = -1 };
	CLEANUP(client_converse_clear)
	struct client_converse c = { .settings = s, .terminal = &terminal };
	int r;

	r = client_terminal_open(&terminal, s->plain, fault);
	if (r < 0)
		return r;
	while ((r = run_connection(&c, fault)) == CLIENT_CONVERSE_RESTART) {
		if (count_down(&terminal))
			return 0;
	}
	return r < 0 ? r : 0;
}
