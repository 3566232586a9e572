// SPDX-License-Identifier: ISC
/*
 * posternctl: the administrator's tool.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "config/config.h"
#include "ctl/check.h"
#include "ctl/options.h"
#include "ctl/report.h"

/* Each fault a sentence of its own. */
static int
print_faults(struct buffer *faults, int error, const struct ctl_options *o)
{
	char *text = buffer_string(faults);

	if (text && o->json && o->command->run == ctl_check && error != -ENOMEM) {
		int status = ctl_check_faults(text);

		buffer_free(faults);
		return status;
	}
	for (char *line = text ? strtok(text, "\n") : NULL; line;
		line = strtok(NULL, "\n"))
		ctl_fail(0, "%s", line);
	buffer_free(faults);
	return error == -ENOMEM ? ctl_fail(EX_TEMPFAIL, "out of memory") : EX_CONFIG;
}

int
main(int argc, char **argv)
{
	struct buffer faults = { 0 };
	struct ctl_options options;
	struct config *config = NULL;
	int r, status;

	if (!ctl_options_read(argc, argv, &options, &status))
		return ctl_end(status);
	r = config_load(
		options.config, options.overrides, options.n_overrides, &config, &faults);
	status = r < 0 ? print_faults(&faults, r, &options)
		       : options.command->run(config, &options);
	config_free(config);
	ctl_options_clear(&options);
	return ctl_end(status);
}
