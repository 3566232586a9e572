// SPDX-License-Identifier: ISC
/*
 * postern-keys: makes keys, certificates and truststores.
 */
#include <sys/stat.h>

#include "keys/commands.h"
#include "keys/options.h"
#include "keys/report.h"

int
main(int argc, char **argv)
{
	struct keys_options options;
	int status;

	umask(077);
	if (keys_options_read(argc, argv, &options, &status))
		status = keys_run(&options);
	return keys_end(status);
}
