// The codecs written in C++, as rows of one table. The Python bindings, the index, the fuzz targets and the proofs all
// go through it. docs/how-to/add-a-native-codec.md explains how to add a row.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/cancel.hpp"
#include "core/parallel.hpp"
#include "hal/format.hpp"
#include "hal/hal.hpp"
#include "locate/economy.hpp"

namespace halscope::codecs {

using Bytes = std::span<const std::uint8_t>;

struct NativeCodec {
    std::string_view name;   // as in Origin.codec
    std::string_view title;  // the format's name in error messages

    // Same contracts as hal::decode, hal::encode and hal::scan, including limits and memory safety.
    hal::DecodeResult (*decode)(Bytes in, std::size_t offset, hal::Mode mode, std::span<std::uint8_t> out) noexcept;
    hal::EncodeResult (*encode)(Bytes data, hal::Effort effort, const CancelToken* cancel);
    hal::Candidates (*scan)(Bytes rom, std::size_t window, hal::Mode mode, std::size_t threads,
                            const CancelToken* cancel);

    // Same contracts as locate::command_evidence and locate::stream_evidence. In nats, so that the index can compare
    // codecs.
    std::vector<float> (*command_evidence)(Bytes rom, std::span<const std::uint32_t> offsets, const Work& work);
    locate::Evidence (*stream_evidence)(Bytes rom, std::size_t offset, Bytes output) noexcept;

    // For the proofs, which know this family's commands; null for a codec outside the family.
    const hal::Format* format;
};

// Every native codec. Rows have static lifetime; their addresses are their identity.
[[nodiscard]] std::span<const NativeCodec* const> all() noexcept;

}  // namespace halscope::codecs
