// SPDX-License-Identifier: ISC
/*
 * Memory of a process that may now be idle for long, with thousands like it.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

/* Gives back to the kernel what the allocator holds free and what deeper calls have left
 * behind on the stack. */
void host_memory_release(void);

/* Makes blocks of some pages mappings of their own, which leave no hole in the heap when
 * they are freed: for a process that needs large buffers once. */
void host_memory_map_large(void);

/* From here on they are taken from the heap again, and used again there without a fault
 * of a page: for a process that needs the same buffers all the time. */
void host_memory_keep_large(void);

#endif
