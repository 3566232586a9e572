// SPDX-License-Identifier: ISC
/*
 * What VARIANT=static links in the place of p11-kit, of which there is no static library.
 * GnuTLS calls it for keys and certificates that lie in PKCS #11 tokens, and Postern
 * names it none: a call would be a fault of the program, and ends it.
 */
#include <stdlib.h>

#define ABSENT __attribute__((alias("no_pkcs11")))

_Noreturn void no_pkcs11(void);

_Noreturn void
no_pkcs11(void)
{
	abort();
}

void p11_kit_config_option(void) ABSENT;
void p11_kit_message(void) ABSENT;
void p11_kit_module_finalize(void) ABSENT;
void p11_kit_module_get_flags(void) ABSENT;
void p11_kit_module_get_name(void) ABSENT;
void p11_kit_module_load(void) ABSENT;
void p11_kit_module_release(void) ABSENT;
void p11_kit_modules_load(void) ABSENT;
void p11_kit_pin_file_callback(void) ABSENT;
void p11_kit_pin_get_length(void) ABSENT;
void p11_kit_pin_get_value(void) ABSENT;
void p11_kit_pin_new_for_string(void) ABSENT;
void p11_kit_pin_register_callback(void) ABSENT;
void p11_kit_pin_request(void) ABSENT;
void p11_kit_pin_unref(void) ABSENT;
void p11_kit_pin_unregister_callback(void) ABSENT;
void p11_kit_space_strdup(void) ABSENT;
void p11_kit_space_strlen(void) ABSENT;
void p11_kit_strerror(void) ABSENT;
void p11_kit_uri_format(void) ABSENT;
void p11_kit_uri_free(void) ABSENT;
void p11_kit_uri_get_attribute(void) ABSENT;
void p11_kit_uri_get_attributes(void) ABSENT;
void p11_kit_uri_get_module_info(void) ABSENT;
void p11_kit_uri_get_pin_source(void) ABSENT;
void p11_kit_uri_get_pin_value(void) ABSENT;
void p11_kit_uri_get_token_info(void) ABSENT;
void p11_kit_uri_match_module_info(void) ABSENT;
void p11_kit_uri_match_token_info(void) ABSENT;
void p11_kit_uri_new(void) ABSENT;
void p11_kit_uri_parse(void) ABSENT;
void p11_kit_uri_set_attribute(void) ABSENT;
