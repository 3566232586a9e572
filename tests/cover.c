// SPDX-License-Identifier: ISC
/*
 * Linked into everything of VARIANT=cover, with --wrap=_exit: a process that leaves by
 * _exit(2) runs no handlers, so its counts of lines are written first.
 */
void __gcov_dump(void); /* libgcov */

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
