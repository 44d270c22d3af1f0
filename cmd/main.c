/* main.c - the program `coracle`. */
#include "cmd/globals.h"

int main(int argc, char **argv)
{
	return program_main(argc, argv, commands);
}
