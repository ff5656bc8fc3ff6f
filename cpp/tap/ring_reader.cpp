#include "tap/ring_reader.hpp"

#include <algorithm>
#include <atomic>

#include "tap/commands.hpp"

namespace halscope::tap {

std::vector<std::uint8_t> RingReader::copy(std::size_t at, std::size_t bytes) const {
    std::vector<std::uint8_t> data(bytes);
    copy_out(data, words_ + at / kWordBytes);
    return data;
}

std::uint64_t RingReader::claim(std::uint64_t id, bool force) noexcept {
    for (;;) {
        const std::uint64_t holder = load_acquire(words_ + header::kReader);
        const bool looks = is_fresh(load_relaxed(words_ + header::kReaderBeat));
        if (holder != 0 && holder != id && looks && !force) return holder;
        // The beat comes first: between the two, another claim must not find the new holder with the old beat.
        store_relaxed(words_ + header::kReaderBeat, steady_ns());
        if (exchange_if(words_ + header::kReader, holder, id)) return 0;
    }
}

bool RingReader::beat(std::uint64_t id, std::uint64_t wants) noexcept {
    if (load_acquire(words_ + header::kReader) != id) return false;
    store_relaxed(words_ + header::kReaderWants, wants);
    store_relaxed(words_ + header::kReaderBeat, steady_ns());
    return true;
}

void RingReader::want_pieces(std::span<const Piece> pieces) noexcept {
    const std::size_t count = std::min(pieces.size(), kMostPieces);
    for (std::size_t n = 0; n < count; ++n)
        store_relaxed(words_ + header::kPieces + n, pieces[n].offset | std::uint64_t{pieces[n].bytes} << 32);
    store_release(words_ + header::kPieceCount, count);
}

void RingReader::release(std::uint64_t id) noexcept {
    (void)exchange_if(words_ + header::kReader, id, 0);
}

std::optional<ReadFrame> RingReader::read(std::uint64_t number) const {
    if (number == 0) return std::nullopt;
    const Word* from =
        words_ + (layout_.slots_at + (number - 1) % layout_.slot_count * layout_.slot_bytes) / kWordBytes;
    const std::uint64_t sequence = load_acquire(from + slot::kSequence);
    if (sequence != 2 * number) return std::nullopt;
    ReadFrame frame;
    frame.number = load_relaxed(from + slot::kFrame);
    frame.time_ns = load_relaxed(from + slot::kTime);
    const std::uint64_t size = load_relaxed(from + slot::kSize), pitch = load_relaxed(from + slot::kPitch);
    frame.width = static_cast<std::uint32_t>(size);
    frame.height = static_cast<std::uint32_t>(size >> 32);
    frame.pitch = static_cast<std::uint32_t>(pitch);
    frame.pixel_format = static_cast<std::uint32_t>(pitch >> 32);
    const std::uint64_t pads = load_relaxed(from + slot::kPads);
    for (std::size_t n = 0; n < frame.pads.size(); ++n) frame.pads[n] = static_cast<std::uint16_t>(pads >> 16 * n);
    for (std::size_t kind = 0; kind < kPartKinds; ++kind) {
        const std::uint64_t part = load_relaxed(from + slot_word_of(kind));
        const auto bytes = static_cast<std::size_t>(part & 0xFFFF'FFFF);
        const PartPlace& place = layout_.parts[kind];
        if (bytes == 0 || bytes > place.capacity) continue;
        ReadPart& read = frame.parts[kind].emplace();
        read.age = static_cast<std::uint32_t>(part >> 32);
        read.bytes.resize(bytes);
        copy_out(read.bytes, from + place.at / kWordBytes);
    }
    frame.touches_lost = static_cast<std::uint32_t>(load_relaxed(from + slot::kTouchesLost));
    const bool good = spread_state(from, frame);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (!good || load_relaxed(from + slot::kSequence) != sequence || frame.number != number) return std::nullopt;
    return frame;
}

// Puts the pieces of a state to their places. False if they do not fit, as in a frame that is being written over.
bool RingReader::spread_state(const Word* from, ReadFrame& frame) const {
    auto& part = frame.parts[static_cast<std::size_t>(Part::state)];
    const std::size_t count = load_relaxed(from + slot::kPieceCount);
    frame.whole_state = part.has_value() && count == 0;
    if (!part || count == 0) return true;
    const auto whole = static_cast<std::size_t>(load_relaxed(from + slot::kStateBytes));
    if (count > kMostPieces || whole > layout_.parts[static_cast<std::size_t>(Part::state)].capacity) return false;
    FrameBytes state(whole, 0);
    std::size_t used = 0;
    for (std::size_t n = 0; n < count; ++n) {
        const Word piece = load_relaxed(from + slot::kPieces + n);
        const std::size_t offset = piece & 0xFFFF'FFFF, bytes = static_cast<std::size_t>(piece >> 32);
        if (offset > whole || bytes > whole - offset || bytes > part->bytes.size() - used) return false;
        std::memcpy(state.data() + offset, part->bytes.data() + used, bytes);
        used = std::min(used + words_for(bytes) * kWordBytes, part->bytes.size());
    }
    part->bytes = std::move(state);
    return true;
}

std::size_t RingReader::most_payload() const noexcept {
    return layout_.command_bytes - kCommandHeadWords * kWordBytes;
}

std::uint64_t RingReader::send(std::uint32_t kind, std::span<const std::uint8_t> payload) noexcept {
    const std::uint64_t capacity = layout_.command_bytes / kWordBytes;
    const std::uint64_t head = load_relaxed(words_ + header::kCommandHead);
    const std::uint64_t used = head - load_acquire(words_ + header::kCommandTail);
    const std::uint64_t needed = kCommandHeadWords + words_for(payload.size());
    if (payload.size() > most_payload() || used > capacity || needed > capacity - used) return 0;
    Word* area = words_ + layout_.commands_at / kWordBytes;
    const auto at = [area, capacity](std::uint64_t place) { return area + (place & (capacity - 1)); };
    const std::uint64_t id = (load_relaxed(words_ + header::kCommandId) + 1) & kMostCommandId;
    store_relaxed(words_ + header::kCommandId, id);
    store_relaxed(words_ + header::kOutcomes + id % header::kOutcomeCount, 0);
    store_relaxed(at(head), kind | std::uint64_t{payload.size()} << 32);
    store_relaxed(at(head + 1), id);
    for (std::size_t n = 0; n < words_for(payload.size()); ++n) {
        Word word = 0;
        const auto part = payload.subspan(n * kWordBytes, std::min(kWordBytes, payload.size() - n * kWordBytes));
        std::memcpy(&word, part.data(), part.size());
        store_relaxed(at(head + kCommandHeadWords + n), word);
    }
    store_release(words_ + header::kCommandHead, head + needed);
    return id;
}

Outcome RingReader::outcome(std::uint64_t id) const noexcept {
    const std::uint64_t word = load_acquire(words_ + header::kOutcomes + id % header::kOutcomeCount);
    return word >> 8 == id ? static_cast<Outcome>(word & 0xFF) : Outcome::waiting;
}

}  // namespace halscope::tap
