/* runtime_spec_reader.h - typed access to the members of config.json, shared by the runtime_spec_read*.c files.
 *
 * A reader keeps the first mistake only: its path, what was expected and what the document held. After that everything
 * reads as absent, so callers check once, at the end.
 */
#ifndef CORACLE_OCI_RUNTIME_SPEC_READER_H
#define CORACLE_OCI_RUNTIME_SPEC_READER_H

#include "core/oci/runtime_spec.h"

struct reader {
	struct rspec *s;
	struct err *e;
};

/* Note a mistake: "path.key: what, not <found>"; found may be NULL. */
void reader_wrong(struct reader *r, const char *path, const char *key, const char *what, const json_t *found);

/* A member of that type; NULL when it is absent, null or wrong. */
json_t *reader_object(struct reader *r, json_t *o, const char *path, const char *key);
json_t *reader_array(struct reader *r, json_t *o, const char *path, const char *key);
char *reader_string(struct reader *r, json_t *o, const char *path, const char *key);     /* in the arena */
char **reader_strings(struct reader *r, json_t *o, const char *path, const char *key);   /* in the arena */
bool reader_flag(struct reader *r, json_t *o, const char *path, const char *key);

/* A whole number, also one that was read as a real: see rspec_parse(). */
bool reader_integer(const json_t *v, int64_t *ret);

/* A number within bounds; false: absent or wrong. */
bool reader_number(struct reader *r, json_t *o, const char *path, const char *key, int64_t min, int64_t max,
		   int64_t *ret);

/* Numbers up to 2^64-1 (rlimits, cpu shares), where what is beyond 63 bits means "all there is". */
bool reader_large_number(struct reader *r, json_t *o, const char *path, const char *key, uint64_t *ret);

/* An object of strings. */
void reader_pairs(struct reader *r, json_t *o, const char *path, const char *key, struct rspec_kv **kv, size_t *n);

/* The next element of an array of objects, its path in `at` ("mounts[3]"). */
json_t *reader_element(struct reader *r, json_t *a, size_t i, const char *name, char *at, size_t size);

/* An array of id mappings. */
void reader_mappings(struct reader *r, json_t *o, const char *path, const char *key, struct rspec_id_mapping **out,
		     size_t *n_out);

/* The parts: each reads one object. */
void read_process_object(struct reader *r, json_t *process, const char *path);
void read_linux_object(struct reader *r, json_t *linux_obj);
void read_resources_object(struct reader *r, json_t *resources, const char *path);

#endif
