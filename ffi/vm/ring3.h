/*
 * That a guest runs in ring 3 only, looked at before each entry and after each exit. In builds for tests: it costs a call
 * into KVM each time.
 */
#ifndef MAYFLY_VM_RING3_H
#define MAYFLY_VM_RING3_H

struct vm;

#ifdef VM_ASSERT_RING3
/* 0, or -EPERM. */
int ring3__before(struct vm *vm);
int ring3__after(struct vm *vm);
#else
static inline int ring3__before(struct vm *vm) {
    (void)vm;
    return 0;
}

static inline int ring3__after(struct vm *vm) {
    (void)vm;
    return 0;
}
#endif

#endif
