// What the bindings of all codecs have in common.
#pragma once
#include <optional>

#include "hal/hal.hpp"
#include "python/bindings.hpp"
#include "python/block.hpp"
#include "python/short_release.hpp"

namespace halscope::python {

// The Block that `decode` (input, offset, output) gives, the GIL released; (offset, reason) for a fault, worded by
// `describe`. The offset of a fault outside the input is the caller's own, which need not fit any C++ type.
template <typename Decode, typename Describe>
pybind11::object decoded(const pybind11::object& data, const pybind11::object& offset, Decode decode,
                         Describe describe) {
    const ByteView view(data);
    const Py_ssize_t start = PyNumber_AsSsize_t(offset.ptr(), nullptr);
    if (start == -1 && PyErr_Occurred() != nullptr) throw pybind11::error_already_set();
    thread_local std::vector<std::uint8_t> output(hal::kMaxOutput);
    hal::DecodeResult result{.status = hal::Status::offset_past_end};
    std::optional<BlockBytes> bytes;
    if (start >= 0) {
        const ShortRelease unlocked;
        result = decode(view.bytes(), static_cast<std::size_t>(start), std::span<std::uint8_t>(output));
        if (result.status == hal::Status::ok) bytes.emplace(std::span(output).first(result.size));
    }
    if (bytes) return make_block(bytes->release_to_array(), result.consumed, offset);
    const bool outside = result.status == hal::Status::offset_past_end;
    return pybind11::make_tuple(outside ? offset : pybind11::int_(result.fault), describe(result));
}

// (stream, 0, "") or, for a fault, (None, its offset, the reason).
inline pybind11::tuple encoded(const hal::EncodeResult& result) {
    if (result.status != hal::Status::ok) {
        return pybind11::make_tuple(pybind11::none(), result.fault, hal::describe(result));
    }
    const auto* packed = reinterpret_cast<const char*>(result.packed.data());
    return pybind11::make_tuple(pybind11::bytes(packed, result.packed.size()), 0, "");
}

// The candidates that `scan` finds in the bytes of a ROM, the GIL released.
template <typename Scan>
pybind11::array_t<hal::Candidate> scanned(const pybind11::object& rom, Scan scan) {
    const ByteView view(rom);
    if (view.bytes().size() > UINT32_MAX) throw pybind11::value_error("a ROM of 4 GiB or more cannot be scanned");
    std::vector<hal::Candidate> found;
    {
        const GilReleased unlocked;
        found = scan(view.bytes());
    }
    return to_array(std::move(found));
}

}  // namespace halscope::python
