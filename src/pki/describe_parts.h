// SPDX-License-Identifier: ISC
/*
 * The parts of pki_describe that stand in a file of their own.
 */
#ifndef PKI_DESCRIBE_PARTS_H
#define PKI_DESCRIBE_PARTS_H

#include "pki/describe.h"

struct gnutls_x509_crt_int;

/* Sets uses, constraints, path_length and is_ca. 0, -EBADMSG or -ENOMEM; what is set then
 * is the caller's. */
int pki_describe_use(struct gnutls_x509_crt_int *crt, struct pki_description *d);

#endif
