/* Finds out with a guest of seven instructions what no capability of KVM's tells. */
#ifndef MAYFLY_VM_PROBE_H
#define MAYFLY_VM_PROBE_H

struct vm_machine;
struct vm_text;

/* How system calls are entered, whether shadows are kept, whether the guest's time stamps are the host's. */
int probe__machine(struct vm_machine *machine, int *shares_time, struct vm_text *why);

#endif
