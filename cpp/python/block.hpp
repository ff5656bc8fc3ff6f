// Decoded bytes as a halscope_hooks.Block.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/output_memory.hpp"
#include "python/bindings.hpp"

namespace halscope::python {

// A block's bytes on their way from a decoder to Python, made without the GIL and handed to numpy with it. Small blocks
// stay in the thread's window until then, because copying them costs less than cutting the window.
class BlockBytes {
  public:
    // `bytes` are the first bytes of this thread's output window.
    explicit BlockBytes(std::span<std::uint8_t> bytes) noexcept;
    BlockBytes(const BlockBytes&) = delete;
    BlockBytes& operator=(const BlockBytes&) = delete;
    ~BlockBytes();

    // A read-only uint8[size] that owns the bytes. Call it once.
    [[nodiscard]] pybind11::object release_to_array();

  private:
    std::span<std::uint8_t> bytes_;
    bool kept_ = false;
};

// Block(data, consumed, offset), bypassing the dataclass's own __init__, which takes as long as the rest of the call.
[[nodiscard]] pybind11::object make_block(pybind11::object data, std::size_t consumed, const pybind11::object& offset);

}  // namespace halscope::python
