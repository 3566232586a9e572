// SPDX-License-Identifier: ISC
/*
 * Whether libgsasl is there: it is loaded when it is first needed, or asked for here, and
 * what it is needed for fails as if there were no memory where that cannot be done.
 */
#ifndef AUTH_GSASL_ON_DEMAND_H
#define AUTH_GSASL_ON_DEMAND_H

#include <stdbool.h>

/* Loads the library if it is not loaded yet. */
bool auth_gsasl_available(void);

/* The same, and for the last time: behind walls, where nothing can be loaded, it is not
 * tried. */
void auth_gsasl_settle(void);

#endif
