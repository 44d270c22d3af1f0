/* download.h - a file from the web, as it comes, into a descriptor. */
#ifndef CORACLE_CMD_IMAGE_DOWNLOAD_H
#define CORACLE_CMD_IMAGE_DOWNLOAD_H

#include <stdbool.h>

#include "core/base/err.h"

/* "http://..." or "https://..."? */
bool download_is_url(const char *text);

/* All of `url` to `out_fd`. Redirects are followed, from https to https only; certificates are checked against the system's
 * authorities. No credentials are sent. 0 or -errno: -EPIPE where nobody reads it. */
int download(const char *url, int out_fd, struct err *e);

#endif
