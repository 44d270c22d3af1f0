/* fuzz_record.c - record.json and state.json: what is read is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/container/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autorecord *r = container_record_new(), *back = container_record_new();
	struct container_state st;
	struct err e = ERR_INIT;
	char boot_id[40];

	if (record_from_json((const char *)data, size, r, &e) == 0) {
		char *text = record_to_json(r);

		if (text && record_from_json(text, strlen(text), back, &e) < 0)
			abort();
		free(text);
	}
	memset(&st, 0, sizeof st);
	if (state_from_json((const char *)data, size, &st, boot_id, &e) == 0)
		free(state_to_json(&st, boot_id));
	return 0;
}
