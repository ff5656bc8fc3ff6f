#include "tap/ring_layout.hpp"

#include <bit>
#include <chrono>

namespace halscope::tap {
namespace {

constexpr std::size_t kPage = 4096;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

bool inside(std::size_t at, std::size_t bytes, std::size_t whole) {
    return at <= whole && bytes <= whole - at;
}

}  // namespace

std::uint64_t steady_ns() noexcept {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

Layout make_layout(const std::array<std::size_t, kPartKinds>& capacities, std::size_t slot_count,
                   std::size_t command_bytes, std::size_t text_bytes, std::size_t rom_bytes) {
    Layout layout;
    std::size_t at = slot::kWords * kWordBytes;
    for (std::size_t kind = 0; kind < kPartKinds; ++kind) {
        layout.parts[kind] = {at, capacities[kind]};
        at += round_up(capacities[kind], 64);
    }
    layout.slot_bytes = round_up(at, kPage);
    layout.slot_count = slot_count;
    layout.slots_at = kHeaderBytes;
    layout.commands_at = layout.slots_at + layout.slot_bytes * slot_count;
    layout.command_bytes = std::bit_ceil(round_up(command_bytes, kPage));
    layout.text_at = layout.commands_at + layout.command_bytes;
    layout.text_bytes = text_bytes;
    layout.rom_at = layout.text_at + round_up(text_bytes, kPage);
    layout.rom_bytes = rom_bytes;
    layout.segment_bytes = round_up(layout.rom_at + rom_bytes, kPage);
    return layout;
}

void write_header(Word* words, const Layout& layout) noexcept {
    const auto put = [words](std::size_t at, std::uint64_t value) { store_relaxed(words + at, value); };
    put(header::kVersionAt, kVersion);
    put(header::kSegmentBytes, layout.segment_bytes);
    put(header::kSlotsAt, layout.slots_at);
    put(header::kSlotBytes, layout.slot_bytes);
    put(header::kSlotCount, layout.slot_count);
    put(header::kCommandsAt, layout.commands_at);
    put(header::kCommandBytes, layout.command_bytes);
    put(header::kTextAt, layout.text_at);
    put(header::kTextBytes, layout.text_bytes);
    put(header::kRomAt, layout.rom_at);
    put(header::kRomBytes, layout.rom_bytes);
    put(header::kOwnerPid, layout.owner_pid);
    put(header::kNonce, layout.nonce);
    put(header::kPidNamespace, layout.pid_namespace);
    for (std::size_t kind = 0; kind < kPartKinds; ++kind) {
        put(header_word_of(kind), layout.parts[kind].at);
        put(header_word_of(kind) + 1, layout.parts[kind].capacity);
    }
    store_release(words + header::kMagicAt, kMagic);
}

std::string read_header(const Word* words, std::size_t bytes, Layout& layout) {
    if (bytes < kHeaderBytes) return "it is shorter than a header";
    if (load_acquire(words + header::kMagicAt) != kMagic) return "it does not begin with the ring's magic";
    const auto get = [words](std::size_t at) { return static_cast<std::size_t>(load_relaxed(words + at)); };
    if (const auto version = get(header::kVersionAt); version != kVersion)
        return "it has version " + std::to_string(version) + ", only " + std::to_string(kVersion) + " is known";
    layout.segment_bytes = get(header::kSegmentBytes);
    layout.slots_at = get(header::kSlotsAt);
    layout.slot_bytes = get(header::kSlotBytes);
    layout.slot_count = get(header::kSlotCount);
    layout.commands_at = get(header::kCommandsAt);
    layout.command_bytes = get(header::kCommandBytes);
    layout.text_at = get(header::kTextAt);
    layout.text_bytes = get(header::kTextBytes);
    layout.rom_at = get(header::kRomAt);
    layout.rom_bytes = get(header::kRomBytes);
    layout.owner_pid = get(header::kOwnerPid);
    layout.nonce = get(header::kNonce);
    layout.pid_namespace = get(header::kPidNamespace);
    const std::size_t whole = layout.segment_bytes;
    if (whole > bytes || whole > kMostSegmentBytes) return "its size does not fit its header";
    if (layout.slot_count < 2 || layout.slot_count > kMostSlots) return "it has a wrong number of slots";
    if (layout.text_bytes > kMostTextBytes || layout.rom_bytes > kMostRomBytes) return "its text or ROM is too long";
    if (!std::has_single_bit(layout.command_bytes) || layout.command_bytes < kPage)
        return "its command area has a wrong size";
    for (const std::size_t at : {layout.slots_at, layout.commands_at, layout.text_at, layout.rom_at})
        if (at < kHeaderBytes || at % kWordBytes != 0) return "a part of it lies in the header";
    if (layout.slot_bytes < slot::kWords * kWordBytes || layout.slot_bytes % kWordBytes != 0 ||
        layout.slot_bytes > whole / layout.slot_count ||
        !inside(layout.slots_at, layout.slot_bytes * layout.slot_count, whole) ||
        !inside(layout.commands_at, layout.command_bytes, whole) || !inside(layout.text_at, layout.text_bytes, whole) ||
        !inside(layout.rom_at, layout.rom_bytes, whole))
        return "a part of it lies outside";
    for (std::size_t kind = 0; kind < kPartKinds; ++kind) {
        PartPlace& part = layout.parts[kind];
        part = {get(header_word_of(kind)), get(header_word_of(kind) + 1)};
        if (kind >= kFirstKinds && part.at == 0 && part.capacity == 0) continue;  // an earlier tap
        if (part.at % kWordBytes != 0 || part.at < slot::kWords * kWordBytes ||
            !inside(part.at, part.capacity, layout.slot_bytes))
            return "a part of its frames lies outside";
    }
    return {};
}

}  // namespace halscope::tap
