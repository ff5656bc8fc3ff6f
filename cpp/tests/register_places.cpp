// Registers in memory: some states that agree with it prove their places, one that does not gives them up for good, and
// what is not in the core's variables is never looked at.
#include "tap/register_places.hpp"

#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

#include "tests/tap_fixture.hpp"

namespace {

using halscope::tap::RegisterPlaces;
using halscope::tests::expect;

constexpr std::size_t kVramAt = 0x40000, kWramAt = 0x80000, kMemoryBytes = 0xB0000;
constexpr std::size_t kVramInState = 0x30000, kStateBytes = 0x60000;
constexpr std::size_t kObsel = 69032;  // a part of it, behind VRAM in a state of the performance profile
constexpr int kEnough = 20;            // states

struct Machine {
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(kMemoryBytes, 7);
    std::vector<std::uint8_t> state = std::vector<std::uint8_t>(kStateBytes, 7);
    [[nodiscard]] std::span<const std::uint8_t> vram() const { return {memory.data() + kVramAt, 0x10000}; }
    [[nodiscard]] std::span<const std::uint8_t> wram() const { return {memory.data() + kWramAt, 0x20000}; }
    void prove(RegisterPlaces& places) const {
        for (int n = 0; n < kEnough; ++n) places.prove(state, kVramInState, vram(), wram());
    }
};

RegisterPlaces places_of(std::vector<RegisterPlaces::Bytes> globals) {
    return {"bsnes-mercury", "v094 (Performance)", std::move(globals)};
}

}  // namespace

int main() {
    Machine machine;
    RegisterPlaces places = places_of({machine.memory});
    expect(!places.refresh(machine.state, machine.vram(), machine.wram()), "places are used before they are proven");
    machine.prove(places);
    expect(places.proven(), "states that agree prove nothing");
    std::vector<std::uint8_t> state = machine.state;
    machine.memory.assign(kMemoryBytes, 9);
    expect(places.refresh(state, machine.vram(), machine.wram()), "proven places are not used");
    expect(state[kVramInState + kObsel] == 9, "a register in a state is not brought up to date");
    expect(state[kVramInState] == 7, "more than the registers is written into a state");
    machine.prove(places);  // the memory has changed, the state has not
    expect(!places.proven(), "a state that differs leaves the places proven");
    machine.state.assign(kStateBytes, 9);
    machine.prove(places);
    expect(!places.proven(), "places that were given up are proven anew");

    Machine blank;
    blank.memory.assign(kMemoryBytes, 0);
    blank.state.assign(kStateBytes, 0);
    RegisterPlaces of_blank = places_of({blank.memory});
    blank.prove(of_blank);
    expect(!of_blank.proven(), "equal blanks prove places");

    const Machine cut;
    const std::span<const std::uint8_t> memory = cut.memory;
    RegisterPlaces beyond = places_of({memory.subspan(kVramAt)});
    cut.prove(beyond);
    expect(!beyond.proven(),
           "a place outside of the core's variables was read");  // the line counter stands before VRAM
    return halscope::tests::failures() == 0 ? 0 : 1;
}
