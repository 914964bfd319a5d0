/*
 * Instructions that ring 3 must not have. Each is tried; then the program has to be where Linux would have it: stopped by
 * a signal, or going on in ring 3 with nothing changed.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYSTEM "0x7ffff0000000" /* where the engine's own pages are */
#define FORBIDDEN_FLAGS 0x3000UL
#define INTERRUPTS 0x200UL

enum kind {
    MUST_FAULT = 0,
    HARMLESS, /* may as well do nothing, or what it does for everybody */
    BY_PORT,  /* has to fault, or ends the VM where ring 3 has the port of system calls: tried only by name */
};

struct attack {
    const char *name;
    void (*try)(void);
    enum kind kind;
};

static sigjmp_buf back;
static char stack[65536];

/* A function of these instructions; rbx is its caller's. */
#define ATTACK(name, text) \
    extern void name(void); \
    __asm__(".text\n" #name ": push %rbx\n" text "\npop %rbx\nret");

ATTACK(out_call, "lea 1f(%rip), %rcx; pushf; pop %r11; mov $39, %eax; out %al, $0x55; 1:")
ATTACK(out_call_elsewhere, "mov $0x1234, %ecx; mov $0x3002, %r11d; mov $39, %eax; out %al, $0x55; ud2")
ATTACK(out_call_far, "mov $-1, %rcx; xor %r11d, %r11d; mov $39, %eax; out %al, $0x55; ud2")
ATTACK(out_call_hole, "mov $1, %ecx; shl $47, %rcx; xor %r11d, %r11d; mov $39, %eax; out %al, $0x55; ud2")
ATTACK(out_fault, "out %al, $14")
ATTACK(out_debug, "mov $0x80, %edx; out %al, %dx")
ATTACK(out_wide, "mov $0x54, %edx; out %eax, %dx")
ATTACK(in_byte, "in $0x55, %al")
ATTACK(outs, "mov %rsp, %rsi; mov $0x55, %edx; outsb")
ATTACK(ins, "lea -256(%rsp), %rdi; mov $0x55, %edx; insb")
ATTACK(halt, "hlt")
ATTACK(cli_, "cli")
ATTACK(sti_, "sti")
ATTACK(read_msr, "mov $0xc0000082, %ecx; rdmsr")
ATTACK(write_msr, "mov $0xc0000082, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr")
ATTACK(read_cr0, "mov %cr0, %rax")
ATTACK(write_cr0, "xor %eax, %eax; mov %rax, %cr0")
ATTACK(read_cr3, "mov %cr3, %rax")
ATTACK(write_cr3, "xor %eax, %eax; mov %rax, %cr3")
ATTACK(write_cr4, "xor %eax, %eax; mov %rax, %cr4")
ATTACK(write_cr8, "xor %eax, %eax; mov %rax, %cr8")
ATTACK(write_dr7, "xor %eax, %eax; mov %rax, %dr7")
ATTACK(clear_ts, "clts")
ATTACK(load_gdt, "lgdt (%rsp)")
ATTACK(load_idt, "lidt (%rsp)")
ATTACK(load_ldt, "xor %eax, %eax; lldt %ax")
ATTACK(load_task, "mov $0x40, %eax; ltr %ax")
ATTACK(load_status, "xor %eax, %eax; lmsw %ax")
ATTACK(invalidate_page, "invlpg (%rsp)")
ATTACK(invalidate_caches, "wbinvd")
ATTACK(set_extended, "xor %ecx, %ecx; mov $1, %eax; xor %edx, %edx; xsetbv")
ATTACK(swap_gs, "swapgs")
ATTACK(return_by_sysret, "lea 1f(%rip), %rcx; mov $0x202, %r11d; sysretq; 1:")
ATTACK(enter_by_sysenter, "sysenter")
ATTACK(return_by_iret_to_ring0, "mov %rsp, %rax; push $0x18; push %rax; push $2; push $0x10; lea 1f(%rip), %rbx; push %rbx; iretq; 1:")
ATTACK(return_far_to_ring0, "push $0x10; lea 1f(%rip), %rbx; push %rbx; lretq; 1:")
ATTACK(return_far_to_32_bits, "push $0x23; lea 1f(%rip), %rbx; push %rbx; lretq; 1:")
ATTACK(return_far_to_task, "push $0x40; lea 1f(%rip), %rbx; push %rbx; lretq; 1:")
ATTACK(kernel_data, "mov $0x18, %eax; mov %eax, %ds")
ATTACK(kernel_stack, "mov $0x18, %eax; mov %eax, %ss")
ATTACK(old_call, "mov $20, %eax; int $0x80")
ATTACK(fake_fault, "int $14")
ATTACK(fake_double_fault, "int $8")
ATTACK(fake_machine_check, "int $18")
ATTACK(ice_breakpoint, ".byte 0xf1")
ATTACK(breakpoint, "int3")
ATTACK(call_host_amd, "xor %eax, %eax; vmmcall")
ATTACK(call_host_intel, "xor %eax, %eax; vmcall")
ATTACK(run_guest, "xor %eax, %eax; vmrun")
ATTACK(load_guest, "xor %eax, %eax; vmload")
ATTACK(global_interrupts, "stgi")
ATTACK(leave_management, "rsm")
ATTACK(monitor_, "xor %ecx, %ecx; xor %edx, %edx; mov %rsp, %rax; monitor")
ATTACK(read_counter, "xor %ecx, %ecx; rdpmc")
ATTACK(jump_far, "mov $1, %eax; shl $62, %rax; jmp *%rax")
ATTACK(jump_to_hole, "mov $1, %eax; shl $47, %rax; jmp *%rax")
ATTACK(read_hole, "mov $1, %eax; shl $47, %rax; mov (%rax), %rax")
ATTACK(read_kernel_half, "mov $-4096, %rax; mov (%rax), %rax")
ATTACK(read_gdt, "mov $" SYSTEM "+0x1000, %rax; mov (%rax), %rax")
ATTACK(write_idt, "mov $" SYSTEM "+0x2000, %rax; movq $0, (%rax)")
ATTACK(write_stub, "mov $" SYSTEM "+0x6000, %rax; movq $0, (%rax)")
ATTACK(read_stack, "mov $" SYSTEM "+0x8000, %rax; mov (%rax), %rax")
ATTACK(write_restore, "mov $" SYSTEM "+0x9000, %rax; movq $0, (%rax)")
ATTACK(jump_to_exception, "mov $" SYSTEM "+0x7000, %rax; jmp *%rax")
ATTACK(jump_to_return, "mov $" SYSTEM "+0x7800, %rax; jmp *%rax")
ATTACK(jump_to_flush, "mov $" SYSTEM "+0x7810, %rax; jmp *%rax")
ATTACK(jump_to_call, "lea 1f(%rip), %rcx; pushf; pop %r11; mov $39, %eax; mov $" SYSTEM "+0x6000, %rbx; jmp *%rbx; 1:")
ATTACK(jump_behind_call, "mov $" SYSTEM "+0x6002, %rax; jmp *%rax")
ATTACK(stack_in_hole, "mov %rsp, %rbx; mov $1, %eax; shl $47, %rax; mov %rax, %rsp; push %rax; mov %rbx, %rsp")
ATTACK(call_without_stack, "mov %rsp, %rbx; xor %esp, %esp; mov $39, %eax; syscall; mov %rbx, %rsp")
ATTACK(call_with_bad_stack, "mov %rsp, %rbx; mov $-9, %rsp; mov $39, %eax; syscall; mov %rbx, %rsp")
ATTACK(call_behind_stack_segment, "mov %ss, %eax; mov $39, %ecx; mov %eax, %ss; syscall")
ATTACK(raise_privilege, "pushf; orq $0x3000, (%rsp); popf")
ATTACK(stop_interrupts, "pushf; andq $~0x200, (%rsp); popf")
ATTACK(call_nested, "pushf; orq $0x4000, (%rsp); popf; mov $39, %eax; syscall; pushf; andq $~0x4000, (%rsp); popf")
ATTACK(call_single_step, "pushf; orq $0x100, (%rsp); popf; mov $39, %eax; syscall; nop; nop")
ATTACK(call_aligned, "pushf; orq $0x40000, (%rsp); popf; mov $39, %eax; syscall; pushf; andq $~0x40000, (%rsp); popf")
ATTACK(call_backwards, "std; mov $39, %eax; syscall; cld")
ATTACK(set_base, "xor %eax, %eax; wrgsbase %rax")
ATTACK(processor_name, "xor %eax, %eax; cpuid")
ATTACK(processor_number, "rdtscp")
ATTACK(extended_control, "xor %ecx, %ecx; xgetbv")
ATTACK(store_gdt, "sgdt -64(%rsp)")
ATTACK(store_idt, "sidt -64(%rsp)")
ATTACK(store_task, "str %eax")
ATTACK(store_status, "smsw %eax")

#define FAULTS(name) {#name, name, MUST_FAULT}
#define NOTHING(name) {#name, name, HARMLESS}
#define PORT(name) {#name, name, BY_PORT}

static const struct attack attacks[] = {
    PORT(out_call), PORT(out_call_elsewhere), PORT(out_call_far), PORT(out_call_hole),
    FAULTS(out_fault), FAULTS(out_debug), PORT(out_wide), PORT(in_byte), PORT(outs),
    PORT(ins), FAULTS(halt), FAULTS(cli_), FAULTS(sti_), FAULTS(read_msr), FAULTS(write_msr),
    FAULTS(read_cr0), FAULTS(write_cr0), FAULTS(read_cr3), FAULTS(write_cr3), FAULTS(write_cr4),
    FAULTS(write_cr8), FAULTS(write_dr7), FAULTS(clear_ts), FAULTS(load_gdt), FAULTS(load_idt),
    FAULTS(load_ldt), FAULTS(load_task), FAULTS(load_status), FAULTS(invalidate_page),
    FAULTS(invalidate_caches), FAULTS(set_extended), FAULTS(swap_gs), FAULTS(return_by_sysret),
    FAULTS(enter_by_sysenter), FAULTS(return_by_iret_to_ring0), FAULTS(return_far_to_ring0),
    FAULTS(return_far_to_32_bits), FAULTS(return_far_to_task), FAULTS(kernel_data), FAULTS(kernel_stack),
    FAULTS(old_call), FAULTS(fake_fault), FAULTS(fake_double_fault), FAULTS(fake_machine_check),
    FAULTS(ice_breakpoint), FAULTS(breakpoint), NOTHING(call_host_amd), NOTHING(call_host_intel),
    FAULTS(run_guest), FAULTS(load_guest), FAULTS(global_interrupts), FAULTS(leave_management),
    FAULTS(monitor_), FAULTS(read_counter), FAULTS(jump_far), FAULTS(jump_to_hole),
    FAULTS(read_hole), FAULTS(read_kernel_half), FAULTS(read_gdt), FAULTS(write_idt),
    FAULTS(write_stub), FAULTS(read_stack), FAULTS(write_restore), FAULTS(jump_to_exception),
    FAULTS(jump_to_return), FAULTS(jump_to_flush), NOTHING(jump_to_call), FAULTS(jump_behind_call),
    FAULTS(stack_in_hole), NOTHING(call_without_stack), NOTHING(call_with_bad_stack),
    NOTHING(call_behind_stack_segment), NOTHING(raise_privilege), NOTHING(stop_interrupts), NOTHING(call_nested),
    FAULTS(call_single_step), NOTHING(call_aligned), NOTHING(call_backwards), NOTHING(set_base),
    NOTHING(processor_name), NOTHING(processor_number), NOTHING(extended_control), NOTHING(store_gdt),
    NOTHING(store_idt), NOTHING(store_task), NOTHING(store_status),
};

static void leave(int signal) {
    siglongjmp(back, signal);
}

static int in_ring3(void) {
    unsigned code, data;
    uint64_t flags;
    __asm__ volatile("mov %%cs, %0; mov %%ss, %1; pushf; pop %2" : "=r"(code), "=r"(data), "=r"(flags));
    return code == 0x33 && data == 0x2b && (flags & FORBIDDEN_FLAGS) == 0 && (flags & INTERRUPTS) != 0;
}

static int is_wanted(const struct attack *attack, const char *name) {
    return name == NULL ? attack->kind != BY_PORT : strcmp(attack->name, name) == 0;
}

/* All, or the one that is named: those that go wrong are said. */
int main(int count, char **arguments) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction action = {.sa_handler = leave, .sa_flags = SA_ONSTACK | SA_NODEFER};
        sigaction(signals[i], &action, NULL);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (volatile size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        if (!is_wanted(&attacks[i], count > 1 ? arguments[1] : NULL)) continue;
        int signal = sigsetjmp(back, 1);
        if (signal == 0) {
            attacks[i].try();
            if (attacks[i].kind != HARMLESS) printf("%s did not fault\n", attacks[i].name);
        }
        __asm__ volatile("mov %0, %%ds; mov %0, %%es; cld" : : "r"(0x2b));
        if (!in_ring3()) printf("%s left ring 3 (signal %d)\n", attacks[i].name, signal);
    }
    puts("done");
    return 0;
}
