#ifndef MAYFLY_BENCH_CASES_H
#define MAYFLY_BENCH_CASES_H

#include "microvm.h"

/* How often: the environment's RUNS. */
uint32_t runs(uint32_t usual);
extern const char *const usual_request;

void case_reset(const struct harness_options *options);
void case_clone(const struct harness_options *options);
void case_switch(const struct harness_options *options);
void case_exits(const struct harness_options *options);
void case_many(const struct harness_options *options);
void case_paused(const struct harness_options *options);
void case_soak(const struct harness_options *options);

/* pack IMAGE PATH...; file IMAGE SNAPSHOT COMMAND... boots from the image; load IMAGE SNAPSHOT answers one request. */
int case_pack(int count, char **arguments);
int case_file(int count, char **arguments);
int case_load(int count, char **arguments);

#endif
