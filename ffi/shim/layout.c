/* What TypeScript believes about the structs and enums of the public headers, as the compiler has it. */
#include <stdio.h>

#include "../cell/cell.h"
#include "mayfly.h"

_Static_assert(sizeof(struct mf_slot) == 128, "struct mf_slot");
_Static_assert(sizeof(struct mf_slot) <= MF_SLOT_HEADER, "struct mf_slot");
_Static_assert(sizeof(struct mf_ring) == 64, "struct mf_ring");
_Static_assert(sizeof(struct mf_options) == 64, "struct mf_options");
_Static_assert(sizeof(struct mf_stats) == 160, "struct mf_stats");
_Static_assert(sizeof(struct mf_frame) == 8, "struct mf_frame");
_Static_assert(offsetof(struct mf_guest_io, seed) == 16, "struct mf_guest_io");
_Static_assert(offsetof(struct mf_guest_io, in) == 40, "struct mf_guest_io");
_Static_assert(sizeof(struct mf_guest_io) == 40 + MF_GUEST_IN_BYTES + MF_GUEST_OUT_BYTES, "struct mf_guest_io");
_Static_assert(MF_SLOT_BYTES % 64 == 0, "slots are aligned");

#define OFFSET(group, type, field) {#group "." #field, offsetof(struct type, field)}
#define SLOT(field) OFFSET(SLOT, mf_slot, field)
#define RING(field) OFFSET(RING, mf_ring, field)
#define OPTIONS(field) OFFSET(OPTIONS, mf_options, field)
#define STATS(field) OFFSET(STATS, mf_stats, field)
#define CELL_REQUEST(field) OFFSET(CELL_REQUEST, cell_request, field)
#define CELL_TOLD(field) OFFSET(CELL_TOLD, cell_told, field)
#define LAYOUT(name, value) {"LAYOUT." #name, value}
#define ENUM(group, prefix, name) {#group "." #name, prefix##name}

static const struct {
    const char *name;
    unsigned long long value;
} ENTRIES[] = {
    SLOT(snapshot), SLOT(sandbox), SLOT(generation), SLOT(flags), SLOT(in_length), SLOT(deadline_ns),
    SLOT(cpu_left_ns), SLOT(result), SLOT(error), SLOT(out_sandbox), SLOT(out_generation), SLOT(out_length),
    SLOT(wake_ms), SLOT(start), SLOT(trap), SLOT(memory_peak), SLOT(dirty_pages), SLOT(clone_ns), SLOT(run_ns),
    SLOT(cpu_ns),

    RING(abi), RING(slots), RING(slots_offset), RING(queue_offset), RING(queue_mask), RING(queue_tail), RING(parked),
    RING(steps_waiting), RING(steps_running),

    OPTIONS(abi), OPTIONS(slots), OPTIONS(workers), OPTIONS(long_workers), OPTIONS(instances),
    OPTIONS(warm_instances), OPTIONS(inline_us), OPTIONS(long_us), OPTIONS(verify),

    STATS(steps), STATS(inline_steps), STATS(traps), STATS(kills), STATS(resets), STATS(remaps), STATS(destroyed),
    STATS(verify_failures), STATS(instances), STATS(instances_idle), STATS(instances_parked), STATS(snapshots),
    STATS(snapshot_bytes), STATS(workers), STATS(long_workers), STATS(private_pages), STATS(wasi_modules),
    STATS(wasi_module_bytes), STATS(wasi_sandboxes), STATS(wasi_sandboxes_parked),

    OFFSET(WASI_OPTIONS, mf_wasi_options, memory_bytes), OFFSET(WASI_OPTIONS, mf_wasi_options, log_bytes),
    OFFSET(WASI_OPTIONS, mf_wasi_options, strings_length),

    LAYOUT(shim_abi, MF_SHIM_ABI), LAYOUT(options_bytes, sizeof(struct mf_options)),
    LAYOUT(stats_bytes, sizeof(struct mf_stats)), LAYOUT(wasi_options_bytes, sizeof(struct mf_wasi_options)),
    LAYOUT(slot_in, MF_SLOT_IN), LAYOUT(slot_out, MF_SLOT_OUT), LAYOUT(slot_bytes, MF_SLOT_BYTES),
    LAYOUT(guest_in_bytes, MF_GUEST_IN_BYTES), LAYOUT(guest_out_bytes, MF_GUEST_OUT_BYTES),
    LAYOUT(new_sandbox, MF_NEW), LAYOUT(no_wake, MF_NO_WAKE), LAYOUT(snapshot_base, MF_SNAPSHOT_BASE),
    LAYOUT(frame_bytes, sizeof(struct mf_frame)), LAYOUT(chunk_max, MF_CHUNK_MAX), LAYOUT(head_max, MF_HEAD_MAX),
    LAYOUT(initial_credit, MF_INITIAL_CREDIT),

    CELL_REQUEST(operation), CELL_REQUEST(id), CELL_REQUEST(object), CELL_REQUEST(parent), CELL_REQUEST(views),
    CELL_REQUEST(view_count), CELL_REQUEST(protocol), CELL_REQUEST(tcp_port), CELL_REQUEST(sandbox),
    CELL_REQUEST(generation), CELL_REQUEST(count), CELL_REQUEST(user), CELL_REQUEST(mode), CELL_REQUEST(arguments),
    CELL_REQUEST(environment), CELL_REQUEST(string_bytes), CELL_REQUEST(memory_bytes), CELL_REQUEST(log_bytes),
    CELL_REQUEST(address_bytes), CELL_REQUEST(deadline_ns),

    CELL_TOLD(telling), CELL_TOLD(level), CELL_TOLD(id), CELL_TOLD(error), CELL_TOLD(sandbox), CELL_TOLD(generation),
    CELL_TOLD(tcp_port), CELL_TOLD(text_bytes),

    LAYOUT(cell_slots, CELL_SLOTS), LAYOUT(cell_request_bytes, sizeof(struct cell_request)),
    LAYOUT(cell_views_max, CELL_VIEWS_MAX), LAYOUT(cell_strings_max, CELL_STRINGS_MAX),
    LAYOUT(cell_told_bytes, sizeof(struct cell_told)), LAYOUT(cell_text_max, CELL_TEXT_MAX),

    ENUM(CellOperation, CELL_, START), ENUM(CellOperation, CELL_, VIEW), ENUM(CellOperation, CELL_, LOAD),
    ENUM(CellOperation, CELL_, DERIVE), ENUM(CellOperation, CELL_, BOOT), ENUM(CellOperation, CELL_, TAKE),
    ENUM(CellOperation, CELL_, DROP), ENUM(CellOperation, CELL_, KEEP), ENUM(CellOperation, CELL_, STATS),

    ENUM(CellMode, CELL_, BUILDS), ENUM(CellMode, CELL_, SERVES),

    ENUM(CellProtocol, CELL_, FRAMES), ENUM(CellProtocol, CELL_, STDIO), ENUM(CellProtocol, CELL_, SERVER),

    ENUM(Telling, CELL_, WAKE), ENUM(Telling, CELL_, REPLY), ENUM(Telling, CELL_, LOG), ENUM(Telling, CELL_, DAMAGED),

    ENUM(CellFile, MF_CELL_, READ), ENUM(CellFile, MF_CELL_, CREATE),

    ENUM(StepFlag, MF_STEP_, HOLD), ENUM(StepFlag, MF_STEP_, DISCARD),

    ENUM(StepResult, MF_STEP_, PARKED), ENUM(StepResult, MF_STEP_, DONE), ENUM(StepResult, MF_STEP_, DEADLINE),
    ENUM(StepResult, MF_STEP_, CPU), ENUM(StepResult, MF_STEP_, INLINE), ENUM(StepResult, MF_STEP_, CANCELED),
    ENUM(StepResult, MF_STEP_, TRAP), ENUM(StepResult, MF_STEP_, STALE), ENUM(StepResult, MF_STEP_, HOST_ERROR),

    ENUM(Start, MF_START_, NONE), ENUM(Start, MF_START_, WARM), ENUM(Start, MF_START_, CLONE),

    ENUM(FrameType, MF_, HEAD), ENUM(FrameType, MF_, CHUNK), ENUM(FrameType, MF_, END), ENUM(FrameType, MF_, CALL),
    ENUM(FrameType, MF_, ANSWER), ENUM(FrameType, MF_, CANCEL), ENUM(FrameType, MF_, LOG),
    ENUM(FrameType, MF_, EXIT), ENUM(FrameType, MF_, CREDIT),

    ENUM(RequestString, MF_REQUEST_, METHOD), ENUM(RequestString, MF_REQUEST_, URL),
    ENUM(RequestString, MF_REQUEST_, HEADERS), ENUM(RequestString, MF_REQUEST_, ID),
    ENUM(RequestString, MF_REQUEST_, CONTEXT), ENUM(RequestString, MF_REQUEST_, STRINGS),

    ENUM(HeadFlag, MF_HEAD_, HAS_BODY), ENUM(HeadFlag, MF_HEAD_, DEPLOY),

    ENUM(LogLevel, MF_LOG_, DEBUG), ENUM(LogLevel, MF_LOG_, INFO), ENUM(LogLevel, MF_LOG_, WARN),
    ENUM(LogLevel, MF_LOG_, ERROR),

    ENUM(ExitCode, MF_EXIT_, OK), ENUM(ExitCode, MF_EXIT_, EXCEPTION), ENUM(ExitCode, MF_EXIT_, MEMORY),
    ENUM(ExitCode, MF_EXIT_, BAD_RESPONSE), ENUM(ExitCode, MF_EXIT_, BODY_ERROR),
    ENUM(ExitCode, MF_EXIT_, UNSUPPORTED), ENUM(ExitCode, MF_EXIT_, STATUS),
};

const char *mf_layout(void) {
    static char text[64 * sizeof ENTRIES / sizeof *ENTRIES];
    size_t used = 0;
    for (size_t i = 0; i < sizeof ENTRIES / sizeof *ENTRIES; i++) {
        int length = snprintf(text + used, sizeof text - used, "%s=%llu\n", ENTRIES[i].name, ENTRIES[i].value);
        if (length < 0 || (size_t)length >= sizeof text - used) break;
        used += (size_t)length;
    }
    return text;
}
