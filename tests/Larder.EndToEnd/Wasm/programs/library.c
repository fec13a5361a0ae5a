/* A library: functions to be called by name, after what it prepares. */
static int prepared;

__attribute__((constructor)) static void prepare(void) {
    prepared = 1000;
}

__attribute__((export_name("add"))) int add(int left, int right) {
    return left + right + prepared;
}

__attribute__((export_name("half"))) double half(double number) {
    return number / 2;
}
