// SPDX-License-Identifier: ISC
/*
 * postern, the client. All of it is in the library, so that tests reach it.
 */
#include "client/program.h"

int
main(int argc, char **argv)
{
	return client_program(argc, argv);
}
