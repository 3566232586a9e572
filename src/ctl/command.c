// SPDX-License-Identifier: ISC
/*
 * The table, and the search in it. Faults are of usage.
 */
#include "ctl/command.h"

#include <stddef.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/check.h"
#include "ctl/device.h"
#include "ctl/enrol.h"
#include "ctl/report.h"
#include "ctl/sessions.h"
#include "ctl/stats.h"
#include "ctl/user.h"

enum {
	PASSWORD = CTL_TAKES_GENERATE | CTL_TAKES_STDIN,
	DEVICE = CTL_TAKES_CERT | CTL_TAKES_PIN | CTL_TAKES_LABEL | CTL_TAKES_EXPIRES |
		 CTL_TAKES_SENDER,
	WINDOW = CTL_TAKES_FOR | CTL_TAKES_NAME | CTL_TAKES_USES,
};

static const struct ctl_command COMMANDS[] = {
	{ "user", "add", PASSWORD | CTL_TAKES_NO_PASSWORD, 0, "NAME", false,
		ctl_user_add },
	{ "user", "passwd", PASSWORD, 0, "NAME", false, ctl_user_passwd },
	{ "user", "list", CTL_TAKES_JSON, 0, "", false, ctl_user_list },
	{ "user", "show", CTL_TAKES_JSON, 0, "NAME", false, ctl_user_show },
	{ "user", "alias", CTL_TAKES_JSON, 0, "NAME", false, ctl_user_alias },
	{ "user", "lock", 0, 0, "NAME", false, ctl_user_lock },
	{ "user", "unlock", 0, 0, "NAME", false, ctl_user_unlock },
	{ "user", "del", 0, 0, "NAME", false, ctl_user_del },
	{ "user", "import", CTL_TAKES_REPLACE, 0, "FILE", false, ctl_user_import },
	{ "device", "add", DEVICE, CTL_TAKES_LABEL, "USER", false, ctl_device_add },
	{ "device", "list", CTL_TAKES_JSON, 0, "USER", true, ctl_device_list },
	{ "device", "revoke", 0, 0, "PIN|LABEL", false, ctl_device_revoke },
	{ "device", "label", 0, 0, "PIN|LABEL NEW-LABEL", false, ctl_device_label },
	{ "device", "del", 0, 0, "PIN|LABEL", false, ctl_device_del },
	{ "enrol", "open", WINDOW, CTL_TAKES_FOR, "", false, ctl_enrol_open },
	{ "enrol", "close", CTL_TAKES_NAME, 0, "", false, ctl_enrol_close },
	{ "enrol", "status", CTL_TAKES_JSON, 0, "", false, ctl_enrol_status },
	{ "check", NULL, CTL_TAKES_JSON, 0, "", false, ctl_check },
	{ "enrol", "token", CTL_TAKES_FOR | CTL_TAKES_LABEL, CTL_TAKES_FOR, "NAME", false,
		ctl_enrol_token },
	{ "sessions", NULL, CTL_TAKES_JSON | CTL_TAKES_WATCH, 0, "", false,
		ctl_sessions_run },
	{ "stats", NULL, CTL_TAKES_JSON | CTL_TAKES_PROMETHEUS, 0, "", false,
		ctl_stats_run },
};

enum { N_COMMANDS = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

/* Where the word is a group, its first command. */
static const struct ctl_command *
find_group(const char *word)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(COMMANDS[i].group, word) == 0)
			return &COMMANDS[i];
	return NULL;
}

static const struct ctl_command *
find_in_group(const char *group, const char *word)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(COMMANDS[i].group, group) == 0 &&
			strcmp(COMMANDS[i].name, word) == 0)
			return &COMMANDS[i];
	ctl_fail(EX_USAGE, "there is no command `%s %s': see posternctl --help", group,
		word);
	return NULL;
}

const struct ctl_command *
ctl_command_find(char **words, int n, int *ret_used)
{
	const struct ctl_command *group = n > 0 ? find_group(words[0]) : NULL;

	if (!group) {
		ctl_fail(EX_USAGE,
			"`user', `device', `enrol' and a command, `sessions', `stats' or "
			"`check' are expected: see posternctl --help");
		return NULL;
	}
	*ret_used = group->name ? 2 : 1;
	if (n >= *ret_used)
		return group->name ? find_in_group(words[0], words[1]) : group;
	ctl_fail(EX_USAGE, "%s: a command is expected behind it: see posternctl --help",
		words[0]);
	return NULL;
}
