// SPDX-License-Identifier: ISC
/*
 * Spans and dates. Pure. Faults: -EINVAL.
 */
#include "ctl/value.h"

#include <errno.h>
#include <string.h>

#include "auth/stamp.h"
#include "base/calendar.h"
#include "base/number.h"

enum { DAY = 86400, SPAN_MAX = 3650 * DAY };

int
ctl_value_span(const char *text, int64_t *ret)
{
	static const struct {
		char letter;
		unsigned seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', DAY } };
	size_t len = strlen(text);
	uint64_t n;

	for (size_t i = 0; len > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[len - 1] != units[i].letter)
			continue;
		if (number_parse(text, len - 1, 1, SPAN_MAX / units[i].seconds, &n) < 0)
			return -EINVAL;
		*ret = (int64_t)n * units[i].seconds;
		return 0;
	}
	return -EINVAL;
}

int
ctl_value_date(const char *text, int64_t *ret)
{
	enum { DATE = 10 };
	size_t len = strlen(text);

	if (len != DATE)
		return auth_stamp_read(text, len, ret);
	if (calendar_read(text, len, ret) < 0)
		return -EINVAL;
	*ret += DAY - 1;
	return 0;
}
