// The reader's side of the ring. Nothing in the segment is believed: every size is checked against the layout, which
// was checked when the segment was opened.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tap/frame_memory.hpp"
#include "tap/ring_layout.hpp"

namespace halscope::tap {

struct ReadPart {
    FrameBytes bytes;
    std::uint32_t age = 0;  // frames since it was read
};

// A piece of a state.
struct Piece {
    std::uint32_t offset = 0, bytes = 0;
};

struct ReadFrame {
    std::uint64_t number = 0, time_ns = 0;
    std::uint32_t width = 0, height = 0, pitch = 0, pixel_format = 0;
    std::array<std::uint16_t, 4> pads{};
    std::array<std::optional<ReadPart>, kPartKinds> parts;
    std::uint32_t touches_lost = 0;  // that are not in the part `touches`
    bool whole_state = false;        // else the bytes between the wanted pieces are zeros
};

class RingReader {
  public:
    // The segment must stay mapped. `layout` comes from read_header().
    RingReader(Word* words, const Layout& layout) noexcept : words_(words), layout_(layout) {}

    [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
    [[nodiscard]] std::vector<std::uint8_t> text() const { return copy(layout_.text_at, layout_.text_bytes); }
    [[nodiscard]] std::vector<std::uint8_t> rom() const { return copy(layout_.rom_at, layout_.rom_bytes); }
    [[nodiscard]] bool closed() const noexcept { return load_acquire(words_ + header::kClosed) != 0; }
    [[nodiscard]] std::uint64_t published() const noexcept { return load_acquire(words_ + header::kPublished); }
    [[nodiscard]] std::uint64_t runs() const noexcept { return load_relaxed(words_ + header::kRuns); }
    [[nodiscard]] std::uint64_t context() const noexcept { return load_relaxed(words_ + header::kContext); }
    // The reader that has it, or 0 if none was there within the last two seconds.
    [[nodiscard]] std::uint64_t reader() const noexcept {
        return is_fresh(load_relaxed(words_ + header::kReaderBeat)) ? load_acquire(words_ + header::kReader) : 0;
    }

    // Claims the ring for the reader `id`. Returns 0, or the id of the reader that has it and was there within the last
    // two seconds. With `force` it is taken from that one.
    [[nodiscard]] std::uint64_t claim(std::uint64_t id, bool force) noexcept;
    // Says that the reader is there, and what it wants. False if another reader has the ring.
    bool beat(std::uint64_t id, std::uint64_t wants) noexcept;
    void release(std::uint64_t id) noexcept;
    // Asks for these pieces of the state alone, at most kMostPieces; for all of it if there are none.
    void want_pieces(std::span<const Piece> pieces) noexcept;

    // Copies frame `number` (from 1). Empty if it is not there any more, or was written over meanwhile.
    [[nodiscard]] std::optional<ReadFrame> read(std::uint64_t number) const;

    // Gives a command. Returns its id, or 0 if there is no room for it now; `payload` must be shorter than
    // most_payload().
    [[nodiscard]] std::uint64_t send(std::uint32_t kind, std::span<const std::uint8_t> payload) noexcept;
    [[nodiscard]] std::size_t most_payload() const noexcept;
    [[nodiscard]] Outcome outcome(std::uint64_t id) const noexcept;

  private:
    [[nodiscard]] bool spread_state(const Word* from, ReadFrame& frame) const;
    [[nodiscard]] std::vector<std::uint8_t> copy(std::size_t at, std::size_t bytes) const;

    Word* words_;
    Layout layout_;
};

}  // namespace halscope::tap
