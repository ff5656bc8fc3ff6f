// Shared by the binding files: one registration function per library, and buffers in both directions.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "python/gil.hpp"

namespace halscope::python {

// The bytes of a Python object without a copy, kept alive as long as this object (also while the GIL is released).
// Accepts any C-contiguous buffer of one-byte items (uint8, int8, char, bool) of any shape; anything else is a
// TypeError that names what was passed.
class ByteView {
  public:
    explicit ByteView(const pybind11::object& object) {
        if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_ND | PyBUF_FORMAT) != 0) {
            const pybind11::error_already_set cause;
            const std::string name = Py_TYPE(object.ptr())->tp_name;
            throw pybind11::type_error(PyObject_CheckBuffer(object.ptr()) != 0
                                           ? "expected a C-contiguous buffer of bytes; this " + name +
                                                 " does not provide one: " + std::string(pybind11::str(cause.value()))
                                           : "expected a buffer of bytes, got " + name);
        }
        const std::string_view format = view_.format == nullptr ? "B" : view_.format;
        if (view_.itemsize != 1 || format.find_first_not_of("@=<>!Bbc?") != std::string_view::npos) {
            const std::string message =
                "expected a buffer of bytes (uint8), got items of format '" + std::string(format) + "'";
            PyBuffer_Release(&view_);
            throw pybind11::type_error(message);
        }
    }
    ByteView(const ByteView&) = delete;
    ByteView& operator=(const ByteView&) = delete;
    ~ByteView() { PyBuffer_Release(&view_); }

    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
        return {static_cast<const std::uint8_t*>(view_.buf), static_cast<std::size_t>(view_.len)};
    }

  private:
    Py_buffer view_{};
};

// Moves a vector into a one-dimensional numpy array that owns it, without a copy.
template <typename T, typename Allocator>
pybind11::array_t<T> to_array(std::vector<T, Allocator>&& values) {
    using Values = std::vector<T, Allocator>;
    auto owned = std::make_unique<Values>(std::move(values));
    const pybind11::capsule owner(owned.get(), [](void* vector) { delete static_cast<Values*>(vector); });
    const Values& kept = *owned.release();
    return pybind11::array_t<T>(static_cast<pybind11::ssize_t>(kept.size()), kept.data(), owner);
}

void bind_core(pybind11::module_& module);
void bind_block();
void bind_codecs(pybind11::module_& module);
void bind_snes(pybind11::module_& module);
void bind_screen(pybind11::module_& module);
void bind_hdma(pybind11::module_& module);
void bind_locate(pybind11::module_& module);
void bind_guest(pybind11::module_& module);
void bind_ring(pybind11::module_& module);
void bind_trace(pybind11::module_& module);

}  // namespace halscope::python
