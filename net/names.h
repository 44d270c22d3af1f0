/* names.h - the text of a container's /etc/hosts and /etc/resolv.conf. The texts: see plan.h. */
#ifndef CORACLE_NET_NAMES_H
#define CORACLE_NET_NAMES_H

#include "net/plan.h"

/* Are --dns, --dns-search, --dns-option and --add-host well formed? 0 or -errno; e quotes the value. */
int net_names_check(const struct net_plan *p, struct err *e);

/* net_resolv_text from the text of the host's resolv.conf. */
char *net_resolv_from(const struct net_plan *p, const char *host);

#endif
