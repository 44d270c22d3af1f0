/* ports.c - see ports.h. */
#include "net/ports.h"

#include <unistd.h>

void ports_process(const struct ports_params *p)
{
	(void)p;
	_exit(0);
}
