// SPDX-License-Identifier: ISC
/*
 * The parts of the check in their order, and the user store, which is short.
 */
#include "ctl/check.h"

#include <string.h>

#include "auth/store.h"
#include "base/calendar.h"
#include "base/cleanup.h"
#include "ctl/options.h"
#include "host/clock.h"

void
ctl_check_day(int64_t seconds, char ret[CTL_DAY_SIZE])
{
	calendar_stamp(seconds, ret);
	ret[strcspn(ret, "T")] = '\0';
}

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
	t->damaged++;
	ctl_finding_remedy(t->findings, "look at the line: sed -n %zup %s", number,
		t->config->users);
	ctl_finding_add(t->findings, CTL_ERROR, "users",
		"%s:%zu is damaged; nobody of that line gets in", t->config->users,
		number);
	return 0;
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
		ctl_finding_add(
			f, CTL_ERROR, "users", "%s: %s", config->users, strerror(-r));
		return;
	}
	if (t.users == 0 && t.damaged == 0 && config->enrol == CONFIG_ENROL_OFF) {
		ctl_finding_remedy(f, "posternctl user add NAME --generate");
		ctl_finding_add(f, CTL_WARNING, "users",
			"%s has nobody in it, and enrol is off", config->users);
		return;
	}
	ctl_finding_add(f, CTL_FINE, "users", "%s has %zu users and %zu devices",
		config->users, t.users, t.devices);
}

int
ctl_check(const struct config *config, const struct ctl_options *o)
{
	struct ctl_findings f = { .json = o->json };

	ctl_check_tls(config, host_clock_now(), &f);
	ctl_check_paths(config, &f);
	ctl_check_store(config, &f);
	ctl_check_units(config, o->config, &f);
	return ctl_findings_end(&f);
}
