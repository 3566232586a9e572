// SPDX-License-Identifier: ISC
/*
 * Removal. When devices were last here is forgotten at once, which a failing commit does
 * not bring back. Faults: those of the update.
 */
#include "auth/removal.h"

#include <string.h>

#include "auth/line.h"
#include "auth/seen.h"
#include "auth/token.h"
#include "pki/identity.h"

struct removal {
	struct auth_update *update;
	const char *store;
	const char *name;
};

static int
remove_line(void *context, const char *line, size_t len)
{
	const struct removal *r = context;
	char type = line[0], word[PKI_PIN_HEX];
	const char *user;
	size_t user_len;

	if (!auth_line_user(line, len, &user, &user_len) || user_len != strlen(r->name) ||
		memcmp(user, r->name, user_len) != 0)
		return 0;
	memcpy(word, line + 2, sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	if (type == 'd')
		auth_seen_forget(r->store, word);
	return auth_update_remove(r->update, type, word);
}

int
auth_user_remove(struct auth_update *u, const char *store, const char *name, int64_t now)
{
	struct removal removal = { u, store, name };
	int r = auth_update_remove(u, 'u', name);

	if (r == 0)
		r = auth_update_remove(u, 'w', name);
	if (r == 0)
		r = auth_update_each(u, 'd', remove_line, &removal);
	if (r == 0)
		r = auth_update_each(u, 't', remove_line, &removal);
	return r < 0 ? r : auth_token_tidy(u, now);
}
