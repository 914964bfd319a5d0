/* prctl and its relatives, and scheduling: for the table of calls_process.c. */
#ifndef MAYFLY_VM_CALLS_CONTROL_H
#define MAYFLY_VM_CALLS_CONTROL_H

#include "call.h"

call_function call_prctl, call_arch_prctl, call_personality;

call_function call_sched_getaffinity, call_sched_setaffinity, call_sched_getscheduler, call_sched_setscheduler,
    call_sched_getparam, call_sched_setparam, call_sched_get_priority_max, call_sched_get_priority_min,
    call_sched_rr_get_interval, call_getpriority, call_setpriority;

#endif
