#include <stdio.h>

int
main(void)
{
    puts("blackstart " BLACKSTART_VERSION);
    return 0;
}
