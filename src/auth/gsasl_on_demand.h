// SPDX-License-Identifier: ISC
/*
 * Whether libgsasl is there: it is loaded when it is first needed, or asked for here, and
 * what it is needed for fails as if there were no memory where that cannot be done.
 */
#ifndef AUTH_GSASL_ON_DEMAND_H
#define AUTH_GSASL_ON_DEMAND_H

#include <stdbool.h>

/* Loads the library if that was not tried yet; to be called before walls go up. */
bool auth_gsasl_available(void);

#endif
