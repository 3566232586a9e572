// SPDX-License-Identifier: ISC
/*
 * The parts of the check in their order, and the user store, which is short.
 */
#include "ctl/check.h"

#include <errno.h>
#include <string.h>

#include "auth/store.h"
#include "base/cleanup.h"
#include "ctl/options.h"
#include "ctl/report.h"
#include "host/clock.h"

enum { DAMAGED_SHOWN = 10 };

struct tally {
	const struct config *config;
	struct ctl_findings *findings;
	size_t users, devices, damaged;
};

static int
count_line(void *context, size_t number, const char *line, size_t len, bool whole)
{
	struct tally *t = context;

	(void)len;
	t->users += whole && line[0] == 'u';
	t->devices += whole && line[0] == 'd';
	if (whole)
		return 0;
	if (++t->damaged > DAMAGED_SHOWN)
		return 0;
	ctl_finding_remedy(t->findings, "look at the line: sed -n %zup %s", number,
		t->config->users);
	ctl_finding_add(t->findings, CTL_ERROR, "users",
		"%s:%zu is damaged; what it says does not hold: if it was a revoked "
		"device, revoke it again",
		t->config->users, number);
	return 0;
}

static void
say_store(const struct config *config, int error, struct ctl_findings *f)
{
	const char *words = ctl_store_words(error);

	if (error == -ENOENT)
		ctl_finding_remedy(f, "systemd-tmpfiles --create");
	else if (error == -EBADMSG || error == -EPROTONOSUPPORT)
		ctl_finding_remedy(f, "put back the file as it was last saved");
	else if (error == -ELOOP || error == -EINVAL)
		ctl_finding_remedy(f, "users = FILE in the configuration");
	ctl_finding_add(f, CTL_ERROR, "users", "%s%s%s", config->users, words ? "" : ": ",
		words ? words : strerror(-error));
}

void
ctl_check_store(const struct config *config, struct ctl_findings *f)
{
	CLEANUP(auth_store_cleanup) struct auth_store *store = NULL;
	struct tally t = { .config = config, .findings = f };
	int r = auth_store_open(config->users, &store);

	if (r == 0)
		r = auth_store_each(store, count_line, &t);
	if (r < 0) {
		say_store(config, r, f);
		return;
	}
	if (t.damaged > DAMAGED_SHOWN) {
		ctl_finding_remedy(f, "put back the file as it was last saved");
		ctl_finding_add(f, CTL_ERROR, "users", "%s: %zu more lines are damaged",
			config->users, t.damaged - DAMAGED_SHOWN);
	}
	if (t.users == 0 && t.damaged == 0 && config->enrol == CONFIG_ENROL_OFF) {
		ctl_finding_remedy(f, "posternctl user add NAME --generate");
		ctl_finding_add(f, CTL_WARNING, "users",
			"%s has nobody in it, and enrol is off", config->users);
		return;
	}
	ctl_finding_add(f, CTL_FINE, "users", "%s has %zu user%s and %zu device%s",
		config->users, t.users, t.users == 1 ? "" : "s", t.devices,
		t.devices == 1 ? "" : "s");
}

int
ctl_check_faults(char *faults)
{
	struct ctl_findings f = { .json = true };
	char *rest = NULL;

	for (char *line = strtok_r(faults, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		ctl_finding_remedy(&f, "man 5 postern.conf");
		ctl_finding_add(&f, CTL_ERROR, "configuration", "%s", line);
	}
	return ctl_findings_end(&f);
}

int
ctl_check(const struct config *config, const struct ctl_options *o)
{
	struct ctl_findings f = { .json = o->json };

	ctl_check_tls(config, host_clock_now(), &f);
	ctl_check_paths(config, &f);
	ctl_check_trust(config, o->config, &f);
	ctl_check_store(config, &f);
	ctl_check_units(config, o->config, &f);
	return ctl_findings_end(&f);
}
