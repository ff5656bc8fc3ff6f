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

}  // namespace halscope::python
