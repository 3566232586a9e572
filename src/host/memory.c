// SPDX-License-Identifier: ISC
#include "host/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>

enum {
	STACK_KEPT = 8 * 1024,       /* for this call and signal frames; whole pages */
	STACK_RELEASED = 112 * 1024, /* the kernel maps 132 KB of a stack to begin with */
	PAGE = 4096,
};

void
host_memory_release(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t top = (here - STACK_KEPT) & ~(uintptr_t)(PAGE - 1);

	malloc_trim(0);
	/* Pages below the stack pointer hold nothing that is alive, but maybe a secret.
	 */
	madvise((void *)(top - STACK_RELEASED), STACK_RELEASED, MADV_DONTNEED);
}
