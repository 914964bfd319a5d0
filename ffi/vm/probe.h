/* Tries how this KVM enters a system call, with a guest of one instruction. */
#ifndef MAYFLY_VM_PROBE_H
#define MAYFLY_VM_PROBE_H

struct vm_machine;
struct vm_text;

int probe__calls(struct vm_machine *machine, struct vm_text *why);

#endif
