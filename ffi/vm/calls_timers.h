/* The calls of calls_timers.c, for the family's table. */
#ifndef MAYFLY_VM_CALLS_TIMERS_H
#define MAYFLY_VM_CALLS_TIMERS_H

#include "call.h"

call_function call_getitimer, call_setitimer, call_alarm;
call_function call_timer_create, call_timer_settime, call_timer_gettime, call_timer_getoverrun, call_timer_delete;

#endif
