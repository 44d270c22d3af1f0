/* docker.h - what is different for those who are used to docker: --compat docker, or the program's name.
 *
 * Lists: `--format json` prints one object a line, with docker's names and all values as text; templates see the same
 * values, so labels are "a=b,c=d". inspect: docker's forms where they differ from podman's. info, version: docker's
 * objects. Tables and options stay podman's.
 */
#ifndef CORACLE_CMD_DOCKER_H
#define CORACLE_CMD_DOCKER_H

#include <jansson.h>

#include "cmd/command.h"

enum docker_list { DOCKER_PS, DOCKER_IMAGES, DOCKER_VOLUMES, DOCKER_HISTORY, DOCKER_SEARCH, DOCKER_STATS,
	DOCKER_LIST_COUNT };

/* Rows made for show_rows(): sets docker's fields, and "_json" to what its json prints. */
void docker_rows(enum docker_list kind, json_t *rows);

/* Objects made for show_objects(), changed in place. */
void docker_container(const struct container_record *r, json_t *object);
void docker_image(json_t *object);
void docker_volume(json_t *object);

/* docker's object from ours, which is used up. */
json_t *docker_info(json_t *info);
json_t *docker_version(json_t *version);

/* An image's name as docker shows it: without docker.io/library/, docker.io/ and localhost/. Part of `name`. */
const char *docker_name(const char *name);

#endif
