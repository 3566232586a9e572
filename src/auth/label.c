// SPDX-License-Identifier: ISC
/*
 * Labels. Pure. Faults: -EINVAL for what is none.
 */
#include "auth/label.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pki/identity.h"

static bool
is_label(const char *text, size_t len)
{
	uint8_t pin[PKI_PIN_SIZE];

	if (len == 0 || len > AUTH_LABEL_MAX || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return text_unhex(text, len, pin, sizeof(pin)) < 0;
}

int
auth_label_code(const char *text, char ret[AUTH_LABEL_CODED_SIZE])
{
	if (!is_label(text, strlen(text)))
		return -EINVAL;
	for (; *text; text++) {
		if (*text == ' ' || *text == '%')
			ret += sprintf(ret, "%%%02x", (unsigned char)*text);
		else
			*ret++ = *text;
	}
	*ret = '\0';
	return 0;
}

int
auth_label_read(const char *coded, size_t len, char ret[AUTH_LABEL_SIZE])
{
	char label[AUTH_LABEL_SIZE];
	uint8_t byte;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (n == AUTH_LABEL_MAX || coded[i] == ' ')
			return -EINVAL;
		if (coded[i] == '%') {
			if (len - i < 3 || text_unhex(coded + i + 1, 2, &byte, 1) < 0)
				return -EINVAL;
			label[n++] = (char)byte;
			i += 2;
		} else {
			label[n++] = coded[i];
		}
	}
	if (!is_label(label, n))
		return -EINVAL;
	memcpy(ret, label, n);
	ret[n] = '\0';
	return 0;
}
