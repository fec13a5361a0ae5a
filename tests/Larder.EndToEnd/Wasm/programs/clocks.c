/* The clock, sleeping and randomness: prints what it learns. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    usleep(50 * 1000);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long long passed = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
    time_t now = time(NULL);
    unsigned char bytes[8];
    getentropy(bytes, sizeof bytes);
    printf("slept %s\n", passed >= 50 * 1000000LL ? "enough" : "too little");
    printf("year %d\n", gmtime(&now)->tm_year + 1900);
    printf("random");
    for (int index = 0; index < 8; index++) {
        printf(" %02x", bytes[index]);
    }
    printf("\n");
    return 0;
}
