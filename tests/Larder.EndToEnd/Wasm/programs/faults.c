/* Ends in the way that its argument says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static int deeper(volatile int *depth) {
    volatile int here = *depth + 1;
    return here == 0 ? 0 : deeper(&here) + here;
}

__attribute__((noinline)) static void divide(volatile int *zero) {
    volatile int one = 1;
    *zero = (one + 6) / *zero;
}

int main(int count, char **arguments) {
    const char *way = count > 1 ? arguments[1] : "";
    volatile int zero = 0;
    if (!strcmp(way, "abort")) {
        abort();
    } else if (!strcmp(way, "divide")) {
        divide(&zero);
    } else if (!strcmp(way, "memory")) {
        *(volatile int *)0x7ffffff0 = 1;
    } else if (!strcmp(way, "deep")) {
        return deeper(&zero);
    } else if (!strcmp(way, "loop")) {
        puts("begins");
        fflush(stdout);
        for (;;) {
            zero++;
        }
    } else if (!strcmp(way, "read")) {
        puts("begins");
        fflush(stdout);
        return getchar();
    } else if (!strcmp(way, "exit")) {
        exit(42);
    }
    return zero;
}
