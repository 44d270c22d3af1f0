/* fuzz_manifest.c - image manifests and indexes. */
#include <stdint.h>

#include "core/oci/image_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct platform p = platform_host();
	struct image_index idx;
	struct manifest m;
	struct err e = ERR_INIT;

	(void)document_kind((const char *)data, size);
	if (manifest_parse((const char *)data, size, &m, &e) == 0)
		arena_free(&m.arena);
	if (image_index_parse((const char *)data, size, &idx, &e) == 0) {
		(void)image_index_choose(&idx, &p);
		arena_free(&idx.arena);
	}
	return 0;
}
