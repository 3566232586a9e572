// SPDX-License-Identifier: ISC
/*
 * Memory of a process that may now be idle for long, with thousands like it.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

/* Gives back to the kernel what the allocator holds free and what deeper calls have left
 * behind on the stack. */
void host_memory_release(void);

#endif
