#include "tap/ring_writer.hpp"

#include <algorithm>
#include <atomic>

#include "tap/commands.hpp"

namespace halscope::tap {

RingWriter::RingWriter(Word* words, const Layout& layout, std::span<const std::uint8_t> text,
                       std::span<const std::uint8_t> rom) noexcept
    : words_(words), layout_(layout) {
    copy_in(words + layout.text_at / kWordBytes, text.first(std::min(text.size(), layout.text_bytes)));
    copy_in(words + layout.rom_at / kWordBytes, rom.first(std::min(rom.size(), layout.rom_bytes)));
    write_header(words, layout);
}

std::uint64_t RingWriter::reader() const noexcept {
    const std::uint64_t id = load_acquire(words_ + header::kReader);
    return id != 0 && is_fresh(load_relaxed(words_ + header::kReaderBeat)) ? id : 0;
}

bool RingWriter::second_has_run() noexcept {
    const std::uint64_t runs = load_relaxed(words_ + header::kSecondRuns);
    const bool has_run = runs != second_runs_;
    second_runs_ = runs;
    return has_run;
}

void RingWriter::begin(const FrameFacts& facts) noexcept {
    slot_ = words_ + (layout_.slots_at + published_ % layout_.slot_count * layout_.slot_bytes) / kWordBytes;
    // A sequence lock: odd before the first byte changes, even behind the last one. A reader that sees the same even
    // number before and after its copy has copied one frame (Boehm, "Can seqlocks get along with programming language
    // memory models?").
    store_relaxed(slot_ + slot::kSequence, 2 * published_ + 1);
    std::atomic_thread_fence(std::memory_order_release);
    store_relaxed(slot_ + slot::kFrame, published_ + 1);
    store_relaxed(slot_ + slot::kTime, steady_ns());
    store_relaxed(slot_ + slot::kSize, facts.width | std::uint64_t{facts.height} << 32);
    store_relaxed(slot_ + slot::kPitch, facts.pitch | std::uint64_t{facts.pixel_format} << 32);
    std::uint64_t pads = 0;
    for (std::size_t n = 0; n < facts.pads.size(); ++n) pads |= std::uint64_t{facts.pads[n]} << 16 * n;
    store_relaxed(slot_ + slot::kPads, pads);
    for (std::size_t kind = 0; kind < kPartKinds; ++kind) store_relaxed(slot_ + slot_word_of(kind), 0);
    store_relaxed(slot_ + slot::kPieceCount, 0);
    store_relaxed(slot_ + slot::kTouchesLost, facts.touches_lost);
}

bool RingWriter::put(Part part, std::span<const std::uint8_t> bytes, std::uint32_t age) noexcept {
    const auto kind = static_cast<std::size_t>(part);
    const PartPlace& place = layout_.parts[kind];
    if (bytes.empty() || bytes.size() > place.capacity) return false;
    copy_in(slot_ + place.at / kWordBytes, bytes);
    store_relaxed(slot_ + slot_word_of(kind), bytes.size() | std::uint64_t{age} << 32);
    return true;
}

bool RingWriter::put_state(std::span<const std::uint8_t> state, std::uint32_t age) noexcept {
    const std::size_t count = load_relaxed(words_ + header::kPieceCount);
    if (count == 0 || count > kMostPieces) {
        store_relaxed(slot_ + slot::kStateBytes, state.size());
        return put(Part::state, state, age);
    }
    const PartPlace& place = layout_.parts[static_cast<std::size_t>(Part::state)];
    std::size_t used = 0;
    for (std::size_t n = 0; n < count; ++n) {
        const Word piece = load_relaxed(words_ + header::kPieces + n);
        const std::size_t offset = piece & 0xFFFF'FFFF, bytes = words_for(piece >> 32) * kWordBytes;
        if (offset > state.size() || piece >> 32 > state.size() - offset || bytes > place.capacity - used) return false;
        copy_in(slot_ + (place.at + used) / kWordBytes, state.subspan(offset, piece >> 32));
        store_relaxed(slot_ + slot::kPieces + n, piece);
        used += bytes;
    }
    store_relaxed(slot_ + slot::kStateBytes, state.size());
    store_relaxed(slot_ + slot::kPieceCount, count);
    store_relaxed(slot_ + slot_word_of(static_cast<std::size_t>(Part::state)), used | std::uint64_t{age} << 32);
    return true;
}

void RingWriter::publish() noexcept {
    ++published_;
    store_release(slot_ + slot::kSequence, 2 * published_);
    store_release(words_ + header::kPublished, published_);
}

std::optional<RawCommand> RingWriter::take_command() {
    const std::uint64_t capacity = layout_.command_bytes / kWordBytes;
    const std::uint64_t head = load_acquire(words_ + header::kCommandHead);
    const std::uint64_t given = head - tail_;
    if (given == 0) return std::nullopt;
    const Word* area = words_ + layout_.commands_at / kWordBytes;
    const auto at = [area, capacity](std::uint64_t place) { return area + (place & (capacity - 1)); };
    RawCommand command;
    std::size_t bytes = 0;
    bool good = given <= capacity && given >= kCommandHeadWords;
    if (good) {
        const Word first = load_relaxed(at(tail_));
        command.kind = static_cast<std::uint32_t>(first);
        bytes = static_cast<std::size_t>(first >> 32);
        command.id = load_relaxed(at(tail_ + 1));
        good = bytes <= layout_.command_bytes && words_for(bytes) <= given - kCommandHeadWords;
    }
    if (!good) {
        tail_ = head;
        store_relaxed(words_ + header::kRefused, ++refused_);
        store_release(words_ + header::kCommandTail, tail_);
        return std::nullopt;
    }
    command.payload.resize(words_for(bytes) * kWordBytes);
    for (std::size_t n = 0; n < words_for(bytes); ++n) {
        const Word word = load_relaxed(at(tail_ + kCommandHeadWords + n));
        std::memcpy(command.payload.data() + n * kWordBytes, &word, kWordBytes);
    }
    command.payload.resize(bytes);
    tail_ += kCommandHeadWords + words_for(bytes);
    store_release(words_ + header::kCommandTail, tail_);
    return command;
}

void RingWriter::finish_command(std::uint64_t id, Outcome outcome) noexcept {
    store_release(words_ + header::kOutcomes + id % header::kOutcomeCount,
                  id << 8 | static_cast<std::uint64_t>(outcome));
}

}  // namespace halscope::tap
