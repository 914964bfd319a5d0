#include "guest.h"

/* Instructions that a ring 3 program may not use, or with which it could leave what it is allowed. */

struct code {
    uint8_t size;
    uint8_t bytes[14];
};

#define CODE(...)                                                                                                      \
    {                                                                                                                  \
        sizeof((uint8_t[]){__VA_ARGS__}), {                                                                            \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const struct code privileged[] = {
    CODE(0xfa),
    CODE(0xfb),
    CODE(0xf4), /* cli, sti, hlt */
    CODE(0x0f, 0x20, 0xc0),
    CODE(0x0f, 0x22, 0xc0), /* mov rax, cr0 and back */
    CODE(0x0f, 0x20, 0xd8),
    CODE(0x0f, 0x22, 0xd8), /* cr3 */
    CODE(0x0f, 0x20, 0xe0),
    CODE(0x0f, 0x22, 0xe0), /* cr4 */
    CODE(0x44, 0x0f, 0x20, 0xc0),
    CODE(0x44, 0x0f, 0x22, 0xc0), /* cr8 */
    CODE(0x0f, 0x21, 0xf8),
    CODE(0x0f, 0x23, 0xf8), /* dr7 */
    CODE(0x0f, 0x06),
    CODE(0x0f, 0x01, 0xf0),
    CODE(0x0f, 0x01, 0xe0),                                           /* clts, lmsw, smsw */
    CODE(0xb9, 0x82, 0, 0, 0xc0, 0x0f, 0x32),                         /* rdmsr LSTAR */
    CODE(0xb9, 0x82, 0, 0, 0xc0, 0x31, 0xc0, 0x31, 0xd2, 0x0f, 0x30), /* wrmsr LSTAR */
    CODE(0xb9, 0x80, 0, 0, 0xc0, 0x0f, 0x32),
    CODE(0xb9, 0, 1, 0, 0xc0, 0x0f, 0x30), /* EFER; FS_BASE */
    CODE(0x0f, 0x09),
    CODE(0x0f, 0x08),
    CODE(0x0f, 0x01, 0x38), /* wbinvd, invd, invlpg */
    CODE(0x0f, 0x01, 0xf8),
    CODE(0x48, 0x0f, 0x07),
    CODE(0x0f, 0x07), /* swapgs, sysretq, sysret */
    CODE(0x0f, 0x35),
    CODE(0x0f, 0x34),
    CODE(0x0f, 0xaa), /* sysexit, sysenter, rsm */
    CODE(0x0f, 0x01, 0xc1),
    CODE(0x0f, 0x01, 0xd9),
    CODE(0x0f, 0x01, 0xd8), /* vmcall, vmmcall, vmrun */
    CODE(0x0f, 0x01, 0xda),
    CODE(0x0f, 0x01, 0xdb),
    CODE(0x0f, 0x01, 0xdc),
    CODE(0x0f, 0x01, 0xdd), /* vmload, vmsave, stgi, clgi */
    CODE(0x0f, 0x01, 0xc2),
    CODE(0x0f, 0x01, 0xc3),
    CODE(0x0f, 0x78, 0xc0), /* vmlaunch, vmresume, vmread */
    CODE(0x0f, 0x01, 0xc8),
    CODE(0x0f, 0x01, 0xc9),
    CODE(0x0f, 0x01, 0xca),
    CODE(0x0f, 0x01, 0xcb),                                           /* monitor, mwait, clac, stac */
    CODE(0x31, 0xc9, 0x31, 0xd2, 0xb8, 1, 0, 0, 0, 0x0f, 0x01, 0xd1), /* xsetbv */
    CODE(0x31, 0xc9, 0x0f, 0x33),
    CODE(0x0f, 0x31),
    CODE(0x0f, 0x01, 0xf9),
    CODE(0x0f, 0xa2), /* rdpmc, rdtsc, rdtscp, cpuid */
    CODE(0x0f, 0x00, 0xd8),
    CODE(0x0f, 0x00, 0xd0),
    CODE(0x0f, 0x00, 0xc0),
    CODE(0x0f, 0x00, 0xc8), /* ltr, lldt, sldt, str */
    CODE(0x0f, 0x01, 0x04, 0x24),
    CODE(0x0f, 0x01, 0x0c, 0x24), /* sgdt, sidt on the stack: overwrites where it returns to */
    CODE(0x0f, 0x01, 0x54, 0x24, 0x80),
    CODE(0x0f, 0x01, 0x5c, 0x24, 0x80), /* lgdt, lidt */
    CODE(0xcc),
    CODE(0xf1),
    CODE(0x0f, 0x0b),
    CODE(0xcd, 0x80),
    CODE(0x9c, 0x9d),
    CODE(0xf0, 0x0f, 0xc7, 0xc8),
    CODE(0xe4, 0x60),
    CODE(0xe6, 0x60),
    CODE(0xec),
    CODE(0xee),
    CODE(0x6c),
    CODE(0x6e),
    CODE(0xf3, 0x6e),
    CODE(0xed),
    CODE(0xef),
    CODE(0xf3, 0x48, 0x0f, 0xae, 0xd8),
    CODE(0xf3, 0x48, 0x0f, 0xae, 0xd0), /* wrgsbase rax, wrfsbase rax */
    CODE(0x0f, 0x01, 0xef),
    CODE(0x31, 0xc9, 0x31, 0xd2, 0xb8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x01, 0xef), /* wrpkru */
    CODE(0x0f, 0xc7, 0x2c, 0x24),
    CODE(0x0f, 0xc7, 0x1c, 0x24),
    CODE(0x48, 0x0f, 0xae, 0x2c, 0x24), /* xsaves, xrstors, xrstor of the stack */
    CODE(0x0f, 0xae, 0x0c, 0x24),
    CODE(0x0f, 0xae, 0x14, 0x24),
    CODE(0xd9, 0x24, 0x24), /* fxrstor, ldmxcsr, fldenv of the stack */
    CODE(0xfd),
    CODE(0x66, 0x90),
};

static void try_privileged(void) {
    for (size_t i = 0; i < sizeof privileged / sizeof *privileged; i++)
        survives_code(privileged[i].bytes, privileged[i].size);
}

static void try_interrupts(void) {
    for (unsigned vector = 0; vector < 256; vector++) {
        const uint8_t code[] = {0xcd, (uint8_t)vector, 0xc3};
        survives_code(code, sizeof code);
    }
}

static void try_ports(void) {
    for (unsigned port = 0; port < 256; port++) {
        const uint8_t out[] = {0xe6, (uint8_t)port, 0xc3}, in[] = {0xe4, (uint8_t)port, 0xc3},
                      out4[] = {0xe7, (uint8_t)port, 0xc3};
        if (port == 0x55) continue;
        survives_code(out, sizeof out), survives_code(in, sizeof in), survives_code(out4, sizeof out4);
    }
    for (unsigned i = 0; i < 300; i++) {
        uint16_t port = (uint16_t)(i < 100 ? 0x40 + i : any());
        /* mov edx, port; out dx, eax; rep outsb; in eax, dx */
        const uint8_t code[] = {0xba, (uint8_t)port, (uint8_t)(port >> 8), 0, 0, 0xef, 0xc3};
        const uint8_t outs[] = {0xba, (uint8_t)port, (uint8_t)(port >> 8), 0, 0, 0xb9, 4, 0, 0, 0, 0xf3, 0x6e, 0xc3};
        const uint8_t in[] = {0xba, (uint8_t)port, (uint8_t)(port >> 8), 0, 0, 0xed, 0xc3};
        if (port >= 0x52 && port <= 0x55) continue;
        survives_code(code, sizeof code), survives_code(outs, sizeof outs), survives_code(in, sizeof in);
    }
}

/* Far returns, iretq and far jumps to every selector that a descriptor table could have. */
static void try_selectors(void) {
    for (unsigned selector = 0; selector < 0x80; selector++) {
        const uint8_t s = (uint8_t)selector;
        /* lea rax, [rip+5]; push s; push rax; lretq; ret */
        const uint8_t far[] = {0x48, 0x8d, 0x05, 5, 0, 0, 0, 0x6a, s, 0x50, 0x48, 0xcb, 0xc3, 0xc3};
        survives_code(far, sizeof far);
        /* mov rdx, rsp; push ss'; push rdx; pushfq; push s; lea rax, [rip+3]; push rax; iretq; ret */
        const uint8_t iret[] = {
            0x48, 0x89, 0xe2, 0x6a, (uint8_t)(s + 8), 0x52, 0x9c, 0x6a, s, 0x48, 0x8d, 0x05, 3, 0, 0, 0,
            0x50, 0x48, 0xcf, 0xc3};
        survives_code(iret, sizeof iret);
        const uint8_t iret_user[] = {0x48, 0x89, 0xe2, 0x6a, 0x2b, 0x52, 0x9c, 0x6a, s,    0x48,
                                     0x8d, 0x05, 3,    0,    0,    0,    0x50, 0x48, 0xcf, 0xc3};
        survives_code(iret_user, sizeof iret_user);
        for (uint8_t segment = 0; segment < 6; segment++) {
            /* mov eax, s; mov segment, eax */
            const uint8_t load[] = {0xb8, s, 0, 0, 0, 0x8e, (uint8_t)(0xc0 | segment << 3), 0xc3};
            if (segment != 1) survives_code(load, sizeof load);
        }
    }
}

/* popfq with everything that it may set, then a system call and a fault. */
static void try_flags(void) {
    static const uint32_t flags[] = {0x100,   0x3000,   0x4000,   0x10000, 0x20000,  0x40000,
                                     0x80000, 0x100000, 0x200000, 0x400,   0x247fd7, 0x100 | 0x4000};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const uint32_t f = flags[i];
        const uint8_t call_after[] = {
            0x68, (uint8_t)f, (uint8_t)(f >> 8), (uint8_t)(f >> 16), (uint8_t)(f >> 24), 0x9d, 0xb8, 39, 0, 0, 0, 0x0f,
            0x05, 0xc3};
        const uint8_t fault_after[] = {
            0x68, (uint8_t)f, (uint8_t)(f >> 8), (uint8_t)(f >> 16), (uint8_t)(f >> 24), 0x9d, 0x0f, 0x0b, 0xc3};
        survives_code(call_after, sizeof call_after);
        survives_code(fault_after, sizeof fault_after);
    }
}

static void set_bases(void *data) {
    uint64_t base = *(uint64_t *)data;
    __asm__ volatile("mov %0, %%rax; wrgsbase %%rax; wrfsbase %%rax; mov $39, %%eax; syscall; ud2"
                     :
                     : "r"(base)
                     : "rax", "rcx", "r11");
}

static void try_bases(void) {
    uint64_t bases[] = {0, 1, SYSTEM_ADDRESS, 0x7fffffffffff, 0x800000000000, 0xffff800000000000, UINT64_MAX, any()};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) survives(set_bases, &bases[i]);
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) call(SYS_arch_prctl, 0x1001, bases[i]);
    const uint64_t odd = UINT64_C(0x123456789000);
    __asm__ volatile("wrgsbase %0" : : "r"(odd));
}

/* State of the FPU and flags that outlive the request, if nobody puts them back. */
static void leave_fpu(void) {
    uint32_t mxcsr = 0x9fc0;
    uint16_t control = 0x0c7f;
    __asm__ volatile("ldmxcsr %0; fldcw %1; fldpi; fldpi; fldpi; pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm15, %%xmm15"
                     :
                     : "m"(mxcsr), "m"(control));
}

static void try_random_code(void) {
    for (unsigned i = 0; i < 60; i++) {
        uint8_t code[48];
        for (size_t j = 0; j < sizeof code; j++) code[j] = (uint8_t)any();
        /* Prefixes of what is rare among random bytes. */
        if (any_below(2)) code[0] = 0x0f, code[1] = any_below(2) ? 0x01 : code[1];
        survives_code(code, sizeof code);
    }
}

static const struct attack list[] = {
    {"privileged-instructions", try_privileged},
    {"interrupts", try_interrupts},
    {"ports", try_ports},
    {"selectors", try_selectors},
    {"flags", try_flags},
    {"segment-bases", try_bases},
    {"fpu-left-changed", leave_fpu},
    {"random-code", try_random_code},
};
const struct attacks instruction_attacks = ATTACKS(list);
