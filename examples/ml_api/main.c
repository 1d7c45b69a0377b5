/* main.c: the program. `--help` lists its options. */
#include "app.h"

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &app);
}
