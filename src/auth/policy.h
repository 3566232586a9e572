// SPDX-License-Identifier: ISC
/*
 * What a user may do once logged in, and who may receive. Each call reads the store
 * afresh: what an administrator changes holds from the next command on.
 */
#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include "auth/device.h"
#include "auth/exchange.h"
#include "auth/store.h"
#include "config/config.h"

/* How the peer's key stands in the store by now: good, too, where it is none of a device
 * and was none. 0 with *ret, or a negative errno. */
int auth_peer_stands(const struct config *config, const struct auth_peer *peer,
	enum auth_standing *ret);

/* Each answers 1 for yes, 0 for no, or a negative errno where the store cannot be read.
 */

/* Whether user, logged in from that peer, may give address ("local@domain", or "" for the
 * null reverse-path) in MAIL FROM: by `senders`, and by what the store says now of the
 * device, if the peer's key is one by now, which has to be in order and may have a list
 * of senders of its own. A user who is locked or gone by now may not, whatever `senders`
 * says. With 1 and 0 *ret_standing says whether it is for the sake of the key or its user
 * that it may not, or AUTH_STANDING_GOOD. */
int auth_may_send_as(const struct config *config, const struct auth_peer *peer,
	const char *user, const char *address, enum auth_standing *ret_standing);

/* Whether there is a mailbox for address, by `domains` and `recipients`; postmaster of
 * every served domain always has one. */
int auth_may_receive(const struct config *config, const char *address);

/* Whether a peer with an admitted certificate of these names may go on to log in or
 * enrol, by an open store: no, only where at least one name is that of a served user and
 * each such name is a locked user's. A name without a user, or with a damaged line,
 * counts as not locked; names of domains that are not served do not count. names as in
 * struct auth_peer. Devices are judged by auth_device_find instead. */
int auth_may_enter(struct auth_store *s, const struct config *config, char *const *names,
	size_t n_names);

#endif
