// SPDX-License-Identifier: ISC
/*
 * Names that a CA's name constraints permit: what it may not sign is refused here, before
 * a server has to. Every call answers 0, or an exit status once the fault has been named.
 */
#ifndef KEYS_PERMIT_H
#define KEYS_PERMIT_H

#include "keys/ca.h"

/* Whether all names of an order are permitted by the CA and those above it; NULL permits
 * all. */
int keys_permit_check_order(const struct pki_order *order, const struct keys_ca *ca);

/* Whether the domains that a CA below is to permit are permitted themselves. */
int keys_permit_check_domains(const struct keys_options *o, const struct keys_ca *parent);

#endif
