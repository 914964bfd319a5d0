/*
 * The guest's vDSO: an ELF image, laid out by hand so that it needs no linker of its own, with the clock functions that
 * glibc, musl and Go look for. It reads the page before it, struct vvar of clock.h, and never leaves the VM but for
 * clocks that this page says nothing about.
 */

/* struct vvar; clock.c asserts the offsets. */
#define VVAR(offset) (.Limage - 4096 + offset)(%rip)
#define SHIFT VVAR(4)
#define MULTIPLIER VVAR(8)
#define TSC_BASE VVAR(16)
#define MONOTONIC_BASE VVAR(24)
#define REALTIME_BASE VVAR(32)
#define SEQUENCE VVAR(40)

#define CALL_GETTIMEOFDAY 96
#define CALL_TIME 201
#define CALL_CLOCK_GETTIME 228
#define CALL_CLOCK_GETRES 229
#define CALL_HOOK_RETURN 0x4d460001

#define SYMBOLS 11 /* with the empty one */
#define VERSION_HASH 0x3ae75f6 /* of "LINUX_2.6" */
#define NAME_HASH 0xdeebfa1    /* of "linux-vdso.so.1" */

    .section .rodata, "a", @progbits
    .balign 64
.Limage:
    /* ELF header: 64-bit, x86-64, a shared object without section headers. */
    .byte 0x7f, 'E', 'L', 'F', 2, 1, 1, 0
    .quad 0
    .short 3, 62
    .long 1
    .quad 0
    .quad .Lprograms - .Limage
    .quad 0
    .long 0
    .short 64, 56, 2, 64, 0, 0

.Lprograms:
    .long 1, 5 /* PT_LOAD, readable and executable */
    .quad 0, 0, 0
    .quad .Lend - .Limage, .Lend - .Limage
    .quad 4096
    .long 2, 4 /* PT_DYNAMIC */
    .quad .Ldynamic - .Limage, .Ldynamic - .Limage, .Ldynamic - .Limage
    .quad .Ldynamic_end - .Ldynamic, .Ldynamic_end - .Ldynamic
    .quad 8

/* One chain through all symbols: there are too few for buckets to matter. */
.Lhash:
    .long 1, SYMBOLS
    .long 1
    .long 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0

    .balign 8
.macro symbol name, binding, function
    .long \name - .Lstrings
    .byte (\binding << 4) | 2, 0 /* a function */
    .short 1
    .quad \function - .Limage
    .quad \function\()_end - \function
.endm
.Lsymbols:
    .quad 0, 0, 0
    symbol .Lname_vdso_clock_gettime, 1, .Lclock_gettime
    symbol .Lname_vdso_gettimeofday, 1, .Lgettimeofday
    symbol .Lname_vdso_time, 1, .Ltime
    symbol .Lname_vdso_clock_getres, 1, .Lclock_getres
    symbol .Lname_vdso_getcpu, 1, .Lgetcpu
    symbol .Lname_clock_gettime, 2, .Lclock_gettime
    symbol .Lname_gettimeofday, 2, .Lgettimeofday
    symbol .Lname_time, 2, .Ltime
    symbol .Lname_clock_getres, 2, .Lclock_getres
    symbol .Lname_getcpu, 2, .Lgetcpu

.Lstrings:
    .byte 0
.Lname_vdso_clock_gettime:
    .ascii "__vdso_"
.Lname_clock_gettime:
    .asciz "clock_gettime"
.Lname_vdso_gettimeofday:
    .ascii "__vdso_"
.Lname_gettimeofday:
    .asciz "gettimeofday"
.Lname_vdso_time:
    .ascii "__vdso_"
.Lname_time:
    .asciz "time"
.Lname_vdso_clock_getres:
    .ascii "__vdso_"
.Lname_clock_getres:
    .asciz "clock_getres"
.Lname_vdso_getcpu:
    .ascii "__vdso_"
.Lname_getcpu:
    .asciz "getcpu"
.Lname_image:
    .asciz "linux-vdso.so.1"
.Lname_version:
    .asciz "LINUX_2.6"
.Lstrings_end:

    .balign 2
.Lversions:
    .short 0
    .rept SYMBOLS - 1
    .short 2
    .endr

    .balign 4
.Lversion_names:
    .short 1, 1, 1, 1 /* revision, "of the file itself", index, one name */
    .long NAME_HASH, 20, 28
    .long .Lname_image - .Lstrings, 0
    .short 1, 0, 2, 1
    .long VERSION_HASH, 20, 0
    .long .Lname_version - .Lstrings, 0

    .balign 8
.Ldynamic:
    .quad 14, .Lname_image - .Lstrings /* DT_SONAME */
    .quad 4, .Lhash - .Limage
    .quad 5, .Lstrings - .Limage
    .quad 6, .Lsymbols - .Limage
    .quad 10, .Lstrings_end - .Lstrings
    .quad 11, 24
    .quad 0x6ffffff0, .Lversions - .Limage      /* DT_VERSYM */
    .quad 0x6ffffffc, .Lversion_names - .Limage /* DT_VERDEF */
    .quad 0x6ffffffd, 2                         /* DT_VERDEFNUM */
    .quad 0, 0
.Ldynamic_end:

/*
 * rax = the time in ns. Goes on at `otherwise` when the TSC is no clock. The VMM may have stopped the guest amid this
 * and written the page anew: then the sequence differs and it begins again.
 */
.macro time_ns base, otherwise
10:
    movq SEQUENCE, %r8
    movq MULTIPLIER, %r9
    testq %r9, %r9
    jz \otherwise
    lfence
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq TSC_BASE, %rax
    jae 11f
    xorl %eax, %eax /* CPUs' counters may differ by a few ticks */
11:
    mulq %r9
    movl SHIFT, %ecx
    shrdq %cl, %rdx, %rax
    addq \base, %rax
    cmpq SEQUENCE, %r8
    jne 10b
.endm

/* rax in ns: rax = whole seconds, rdx = the rest. */
.macro split_seconds
    xorl %edx, %edx
    movl $1000000000, %ecx
    divq %rcx
.endm

    .balign 16
.Lclock_gettime: /* (clock, time) */
    cmpl $15, %edi
    ja 3f
    movl $0x0d2, %eax /* MONOTONIC, _RAW, _COARSE, BOOTTIME */
    btl %edi, %eax
    jc 1f
    movl $0x821, %eax /* REALTIME, _COARSE, TAI */
    btl %edi, %eax
    jnc 3f
    time_ns REALTIME_BASE, 3f
    jmp 2f
1:
    time_ns MONOTONIC_BASE, 3f
2:
    split_seconds
    movq %rax, (%rsi)
    movq %rdx, 8(%rsi)
    xorl %eax, %eax
    ret
3:
    movl $CALL_CLOCK_GETTIME, %eax
    syscall
    ret
.Lclock_gettime_end:

    .balign 16
.Lgettimeofday: /* (time or NULL, zone or NULL) */
    testq %rdi, %rdi
    jz 1f
    time_ns REALTIME_BASE, 3f
    split_seconds
    movq %rax, (%rdi)
    movq %rdx, %rax
    xorl %edx, %edx
    movl $1000, %ecx
    divq %rcx
    movq %rax, 8(%rdi)
1:
    testq %rsi, %rsi
    jz 2f
    movq $0, (%rsi)
2:
    xorl %eax, %eax
    ret
3:
    movl $CALL_GETTIMEOFDAY, %eax
    syscall
    ret
.Lgettimeofday_end:

    .balign 16
.Ltime: /* (seconds or NULL) */
    time_ns REALTIME_BASE, 3f
    split_seconds
    testq %rdi, %rdi
    jz 1f
    movq %rax, (%rdi)
1:
    ret
3:
    movl $CALL_TIME, %eax
    syscall
    ret
.Ltime_end:

    .balign 16
.Lclock_getres: /* (clock, resolution or NULL) */
    cmpl $15, %edi
    ja 3f
    movl $0x8f3, %eax /* all of those above */
    btl %edi, %eax
    jnc 3f
    testq %rsi, %rsi
    jz 1f
    movq $0, (%rsi)
    movq $1, 8(%rsi)
1:
    xorl %eax, %eax
    ret
3:
    movl $CALL_CLOCK_GETRES, %eax
    syscall
    ret
.Lclock_getres_end:

    .balign 16
.Lgetcpu: /* (CPU or NULL, node or NULL): there is one */
    testq %rdi, %rdi
    jz 1f
    movl $0, (%rdi)
1:
    testq %rsi, %rsi
    jz 2f
    movl $0, (%rsi)
2:
    xorl %eax, %eax
    ret
.Lgetcpu_end:

    .balign 16
.Lhook_return:
    movl $CALL_HOOK_RETURN, %eax
    syscall
    ud2
.Lend:

    .globl vdso_image, vdso_image_size, vdso_hook_return
    .type vdso_image, @object
    .type vdso_image_size, @object
    .type vdso_hook_return, @object
    .set vdso_image, .Limage
    .size vdso_image, .Lend - .Limage
    .balign 8
vdso_image_size:
    .quad .Lend - .Limage
    .size vdso_image_size, 8
vdso_hook_return:
    .quad .Lhook_return - .Limage
    .size vdso_hook_return, 8

    .section .note.GNU-stack, "", @progbits
