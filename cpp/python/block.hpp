// Decoded bytes as a halscope_hooks.Block.
#pragma once
#include "core/recycled_memory.hpp"
#include "python/bindings.hpp"

namespace halscope::python {

// A block's bytes on their way from a decoder to Python: copied without the GIL, handed to numpy with it. Small blocks
// stay where they are until then, because numpy's own allocator serves them as fast.
class BlockBytes {
  public:
    explicit BlockBytes(std::span<const std::uint8_t> bytes);
    BlockBytes(const BlockBytes&) = delete;
    BlockBytes& operator=(const BlockBytes&) = delete;
    ~BlockBytes();

    // A read-only uint8[size] that owns the bytes. Call it once.
    [[nodiscard]] pybind11::object release_to_array();

  private:
    std::span<const std::uint8_t> bytes_;
    std::uint8_t* recycled_ = nullptr;
};

// Block(data, consumed, offset), bypassing the dataclass's own __init__, which takes as long as the rest of the call.
[[nodiscard]] pybind11::object make_block(const pybind11::object& data, std::size_t consumed,
                                          const pybind11::object& offset);

}  // namespace halscope::python
