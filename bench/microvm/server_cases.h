/* Of a command that listens on a TCP port. The environment may say what to ask for (REQUEST) and what comes back (EXPECT). */
#ifndef MAYFLY_BENCH_SERVER_CASES_H
#define MAYFLY_BENCH_SERVER_CASES_H

#include "cases.h"

void case_serve(const struct harness_options *options);

#endif
