// What the bindings of the codecs hand to Python: (result, consumed, "") or, for a fault, (None, its offset, the
// reason).
#pragma once
#include "hal/hal.hpp"
#include "python/bindings.hpp"

namespace halscope::python {

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
