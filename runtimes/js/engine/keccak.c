/* The permutation of SHA-3 (FIPS 202). */
#include "hash.h"

static const uint64_t ROUND_CONSTANTS[24] = {
    0x0000000000000001u, 0x0000000000008082u, 0x800000000000808au, 0x8000000080008000u,
    0x000000000000808bu, 0x0000000080000001u, 0x8000000080008081u, 0x8000000000008009u,
    0x000000000000008au, 0x0000000000000088u, 0x0000000080008009u, 0x000000008000000au,
    0x000000008000808bu, 0x800000000000008bu, 0x8000000000008089u, 0x8000000000008003u,
    0x8000000000008002u, 0x8000000000000080u, 0x000000000000800au, 0x800000008000000au,
    0x8000000080008081u, 0x8000000000008080u, 0x0000000080000001u, 0x8000000080008008u,
};

/* The walk of rho and pi through the lanes from lane 1: where each goes, and by how much it is rotated. */
static const int NEXT_LANE[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                  15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
static const int ROTATION[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                 27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

static void mix_columns(uint64_t *lanes)
{
    uint64_t parity[5];
    for (int x = 0; x < 5; x++)
        parity[x] = lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20];
    for (int x = 0; x < 5; x++) {
        uint64_t mixed = parity[(x + 4) % 5] ^ rotate_left64(parity[(x + 1) % 5], 1);
        for (int y = 0; y < 25; y += 5)
            lanes[y + x] ^= mixed;
    }
}

static void move_lanes(uint64_t *lanes)
{
    uint64_t moved = lanes[1];
    for (int i = 0; i < 24; i++) {
        uint64_t next = lanes[NEXT_LANE[i]];
        lanes[NEXT_LANE[i]] = rotate_left64(moved, ROTATION[i]);
        moved = next;
    }
}

static void mix_rows(uint64_t *lanes)
{
    for (int y = 0; y < 25; y += 5) {
        uint64_t row[5];
        for (int x = 0; x < 5; x++)
            row[x] = lanes[y + x];
        for (int x = 0; x < 5; x++)
            lanes[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
}

void keccak__permute(union hash_state *state)
{
    for (int round = 0; round < 24; round++) {
        mix_columns(state->lanes);
        move_lanes(state->lanes);
        mix_rows(state->lanes);
        state->lanes[0] ^= ROUND_CONSTANTS[round];
    }
}
