// The tap, loaded as a frontend loads it, around a small core: it publishes the core's frames, and a reader's writes
// reach the core, in its ROM too, which the core does not show; a second instance publishes nothing; nothing is left
// behind. Both libraries must lie where the build puts them.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tap/commands.hpp"
#include "tap/ring_reader.hpp"
#include "tap/shared_file.hpp"
#include "tests/small_frontend.hpp"
#include "tests/tap_fixture.hpp"

namespace {

namespace fs = std::filesystem;
using namespace halscope::tap;
using namespace halscope::tests;

constexpr unsigned kFrames = 20;

// Puts one write behind another.
std::vector<std::uint8_t> both(std::vector<std::uint8_t> first, const std::vector<std::uint8_t>& second) {
    first[0] = 2;
    first.insert(first.end(), second.begin() + 4, second.end());
    return first;
}

// Runs the frontend, and returns the frame that it has published.
std::optional<ReadFrame> run(const SmallFrontend& frontend, RingReader& ring) {
    return run_wanting(frontend, ring, kWantWram | kWantState | kWantPicture | kWantSave);
}

// What a core refuses is undone, in its memories and in the machine.
void check_refused(const SmallFrontend& frontend, RingReader& ring) {
    const std::array<std::uint8_t, 1> data{0xA5};
    const auto before = run(frontend, ring);
    const auto id = ring.send(static_cast<std::uint32_t>(CommandKind::write),
                              both(write_of(Space::vram, 0x2000, data), write_of(Space::state, 1, data)));
    const auto after = run(frontend, ring);
    expect(ring.outcome(id) == Outcome::state_refused, "a state that the core refuses was taken");
    expect(byte_of(after, Part::vram, 0x2000) == byte_of(before, Part::vram, 0x2000), "a refused write stays in VRAM");
    const unsigned ran = byte_of(after, Part::vram, 0) - byte_of(before, Part::vram, 0);
    expect(ran == 1, "a refused state changes the machine");
}

// An edit of the save RAM is in the game, and not in what the frontend stores.
void check_save(const SmallFrontend& frontend, RingReader& ring) {
    const std::array<std::uint8_t, 2> data{0x12, 0x34};
    const auto id = ring.send(static_cast<std::uint32_t>(CommandKind::write), write_of(Space::save, 0x100, data));
    auto* const save = frontend.memory(abi::kSaveRam);
    auto frame = run(frontend, ring);
    expect(ring.outcome(id) == Outcome::done && byte_of(frame, Part::save, 0x101) == 0x34, "an edit of the save RAM");
    save[0x101] = 0x77;  // the game writes
    expect(frontend.memory(abi::kSaveRam) == save && save[0x100] == 0, "an edit of the save RAM is stored");
    expect(save[0x101] == 0x77, "what the game wrote is taken back");
    frame = run(frontend, ring);
    expect(byte_of(frame, Part::save, 0x100) == 0, "the ring has another save RAM");
}

// A game for the Game Boy in its adapter: the adapter's image is the ROM.
void check_special(const fs::path& tap, const fs::path& folder) {
    const std::vector<char> rom = game(), slotted(0x8000, 'g');
    const auto frontend = SmallFrontend::open(tap, rom, folder, &slotted);
    auto claimed = claim(folder);
    if (frontend == nullptr || !claimed.ring) return expect(false, "two images at once are not published");
    expect(claimed.ring->rom() == std::vector<std::uint8_t>(rom.begin(), rom.end()), "the wrong image is the ROM");
    expect(byte_of(run(*frontend, *claimed.ring), Part::vram, 0) == 1, "a frame of two images is not the core's");
    claimed.ring->release(kReaderId);
}

void check(const fs::path& tap, const fs::path& folder) {
    const std::vector<char> rom = game();
    const auto frontend = SmallFrontend::open(tap, rom, folder);
    if (frontend == nullptr) return expect(false, "the tap does not load, or not its core");
    auto claimed = claim(folder);
    if (!claimed.ring) return expect(false, "there is not one ring, its header is wrong, or it cannot be claimed");
    RingReader& ring = *claimed.ring;
    expect(claimed.file->owner_is_there(), "its owner is not there");
    expect(ring.rom() == std::vector<std::uint8_t>(rom.begin(), rom.end()), "the ring has another ROM");

    const auto second = SmallFrontend::open(tap, rom, folder);
    expect(second != nullptr && live_rings(folder).size() == 1, "a second instance publishes");
    for (unsigned n = 1; n <= kFrames; ++n) {
        const auto frame = run(*frontend, ring);
        const bool whole = frame && frame->number == n && byte_of(frame, Part::vram, 0) == n &&
                           byte_of(frame, Part::wram, 0) == n && byte_of(frame, Part::state, 0) == n;
        const bool shown = frame && frame->width == 256 && frame->height == 224 &&
                           byte_of(frame, Part::picture, 0) == n && byte_of(frame, Part::picture, 1) == 0;
        expect(whole, "a frame is not the core's");
        expect(shown, "a picture is not the core's");
    }

    const std::array<std::uint8_t, 3> data{0xA5, 0x5A, 0x77};
    const auto payload = write_of(Space::vram, 0x1001, data);
    const auto wrong = write_of(Space::vram, 0xFFFF, data);
    const auto written = ring.send(static_cast<std::uint32_t>(CommandKind::write), payload);
    const auto refused = ring.send(static_cast<std::uint32_t>(CommandKind::write), wrong);
    const auto frame = run(*frontend, ring);
    expect(ring.outcome(written) == Outcome::done, "a write was not carried out");
    expect(ring.outcome(refused) == Outcome::out_of_range, "a write beyond VRAM was not refused");
    for (std::size_t n = 0; n < data.size(); ++n)
        expect(byte_of(frame, Part::vram, 0x1001 + n) == data[n], "a write did not reach VRAM");

#ifndef __APPLE__  // where the tap cannot look for the ROM
    const std::array<std::uint8_t, 1> patch{static_cast<std::uint8_t>(~rom[0x1234])};
    const auto patched = ring.send(static_cast<std::uint32_t>(CommandKind::write), write_of(Space::rom, 0x1234, patch));
    expect(byte_of(run(*frontend, ring), Part::vram, 1) == patch[0], "a write did not reach the core's ROM");
    expect(ring.outcome(patched) == Outcome::done, "a write to ROM was not carried out");
#endif
    check_refused(*frontend, ring);
    check_save(*frontend, ring);
    const std::uint64_t published = ring.published();
    if (second != nullptr) second->run();
    expect(ring.published() == published, "a second instance publishes a frame");
    ring.release(kReaderId);
}

}  // namespace

int main(int /*count*/, char** arguments) {
    const fs::path here = fs::absolute(arguments[0]).parent_path();
    const fs::path folder = folder_for_rings();
    set_variable(kInnerVariable, (here / SMALL_CORE).string());
    check(here.parent_path() / "tap" / TAP, folder);
    check_special(here.parent_path() / "tap" / TAP, folder);
    expect(fs::is_empty(folder), "a file is left behind");
    // Named by the configuration file, in a folder that is not ASCII.
    const fs::path named = folder / u8"Spi\u00E9le \u65E5";
    fs::create_directory(named);
    for (const fs::path& file : {here.parent_path() / "tap" / TAP, here / SMALL_CORE})
        fs::copy_file(file, named / file.filename());
    set_variable(kInnerVariable, "");
    expect(choose_core(named / TAP, named / SMALL_CORE), "the core cannot be chosen");
    check(named / TAP, folder);
    fs::remove_all(folder);
    if (failures() == 0) std::printf("tap_around_core: %u frames, 0 differences\n", kFrames);
    return failures() == 0 ? 0 : 1;
}
