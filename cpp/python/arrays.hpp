// Numpy arrays of the SNES bindings.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "python/bindings.hpp"
#include "snes/vram.hpp"

namespace halscope::python {

using Bytes = pybind11::array_t<std::uint8_t>;

// The bytes of `view`, which must be `size` many. `name` is the argument's, for the error.
template <std::size_t size>
std::span<const std::uint8_t, size> exactly(const ByteView& view, const char* name) {
    if (view.bytes().size() != size) {
        throw pybind11::value_error(std::string(name) + " has " + std::to_string(view.bytes().size()) +
                                    " bytes, expected " + std::to_string(size));
    }
    return view.bytes().first<size>();
}

// The items of an array, which must be contiguous: one that was made in C++, or an argument that is declared c_style.
template <typename T, int flags>
std::span<T> span_of(pybind11::array_t<T, flags>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

// Makes an array read-only.
inline void freeze(const pybind11::array& array) {
    pybind11::detail::array_proxy(array.ptr())->flags &= ~pybind11::detail::npy_api::NPY_ARRAY_WRITEABLE_;
}

}  // namespace halscope::python
