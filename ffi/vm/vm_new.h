/* A VM without a program. */
#ifndef MAYFLY_VM_VM_NEW_H
#define MAYFLY_VM_VM_NEW_H

#include "vm.h"

struct vm;
struct kernel;

/* With a shell and system pages, but nothing to run. A machine of NULL makes one that is never entered. */
int vm__new(struct vm_machine *machine, const struct vm_limits *limits, struct vm **vm);
/* Loads the program into it, which goes on at vm->context. */
int vm__begin(struct vm *vm, const struct vm_program *program, struct vm_text *why);

/* Memory for a VM and its kernel, all zero, or NULL; and back. */
struct vm *vm__allocate(void);
void vm__free(struct vm *vm);
struct memory_bits *vm__bits(struct vm *vm);

/* What its regions have becomes what the guest sees. */
void vm__show(struct vm *vm);

struct kernel *kernel__new(void);
void kernel__delete(struct kernel *kernel);

#endif
