// SPDX-License-Identifier: ISC
/*
 * Scope-bound cleanup. A variable declared with CLEANUP(f) is handed to f when its scope
 * ends; TAKE_FD and TAKE_PTR move the value out, so that the scope no longer owns it.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(f)   __attribute__((cleanup(f)))
#define CLEANUP_FREE CLEANUP(cleanup_free)
#define CLEANUP_FD   CLEANUP(cleanup_close)

#define TAKE(value, empty)                                                               \
	({                                                                               \
		__typeof__(value) *taken_from_ = &(value);                               \
		__typeof__(value) taken_ = *taken_from_;                                 \
		*taken_from_ = (empty);                                                  \
		taken_;                                                                  \
	})
#define TAKE_FD(fd)   TAKE(fd, -1)
#define TAKE_PTR(ptr) TAKE(ptr, NULL)

static inline void
cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void
cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
