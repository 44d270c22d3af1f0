/* search.h - the command `coracle-image search`. */
#ifndef CORACLE_CMD_IMAGE_SEARCH_H
#define CORACLE_CMD_IMAGE_SEARCH_H

#include "cmd/command.h"

extern const struct command image_command_search;

#endif
