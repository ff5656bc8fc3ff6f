// Python bindings of the native codecs: one handle per table row. Faults are returned as values (reason, offset), which
// halscope.codecs turns into exceptions.
#include <pybind11/stl.h>

#include <new>
#include <optional>

#include "codecs/native_codec.hpp"
#include "python/bindings.hpp"
#include "python/block.hpp"
#include "python/short_release.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

using codecs::NativeCodec;

hal::Mode mode_of(bool strict) noexcept {
    return strict ? hal::Mode::strict : hal::Mode::compatible;
}

// Returns the Block, or (reason, offset) on a fault. If the offset itself is outside the input, it is returned as
// passed, because it may not fit any C++ type.
py::object decode(const NativeCodec& codec, const py::object& data, const py::object& offset, bool strict) {
    const ByteView view(data);
    const Py_ssize_t start = PyNumber_AsSsize_t(offset.ptr(), nullptr);
    if (start == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    thread_local std::vector<std::uint8_t> output(hal::kMaxOutput);
    hal::DecodeResult result{.status = hal::Status::offset_past_end};
    std::optional<BlockBytes> bytes;
    if (start >= 0) {
        const ShortRelease unlocked;
        result = codec.decode(view.bytes(), static_cast<std::size_t>(start), mode_of(strict), output);
        if (result.status == hal::Status::ok) bytes.emplace(std::span(output).first(result.size));
    }
    if (bytes) return make_block(bytes->release_to_array(), result.consumed, offset);
    const bool outside = result.status == hal::Status::offset_past_end;
    return py::make_tuple(hal::describe(result, codec.title), outside ? offset : py::int_(result.fault));
}

// Takes the arguments as the interpreter passes them (METH_FASTCALL): decoding a small block is short, and everything
// around it holds the GIL that other threads wait for.
extern "C" PyObject* decode_fast(PyObject* row, PyObject* const* arguments, Py_ssize_t count) noexcept {
    if (count != 3) {
        PyErr_Format(PyExc_TypeError, "decode takes 3 arguments (%zd given)", count);
        return nullptr;
    }
    try {
        const int strict = PyObject_IsTrue(arguments[2]);
        if (strict < 0) return nullptr;
        const auto* const codec = static_cast<const NativeCodec*>(PyCapsule_GetPointer(row, nullptr));
        return decode(*codec, py::reinterpret_borrow<py::object>(arguments[0]),
                      py::reinterpret_borrow<py::object>(arguments[1]), strict != 0)
            .release()
            .ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    return nullptr;
}

PyMethodDef decode_method = {
    "decode", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(decode_fast)), METH_FASTCALL,
    "decode(data, offset, strict, /)\n--\n\nReturn the block, or (reason, offset) on a fault."};

// A function bound to its row, so that a caller who keeps it pays for no attribute look-up.
py::object decoder_of(const NativeCodec& codec) {
    const py::capsule row(&codec);
    PyObject* const function = PyCFunction_New(&decode_method, row.ptr());
    if (function == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(function);
}

// Returns (stream, "", 0) or, on a fault, (None, reason, offset).
py::tuple encode(const NativeCodec& codec, const py::object& data, bool fast, const CancelToken* cancel) {
    const ByteView view(data);
    hal::EncodeResult result;
    {
        const GilReleased unlocked;
        result = codec.encode(view.bytes(), fast ? hal::Effort::fast : hal::Effort::optimal, cancel);
    }
    if (result.status != hal::Status::ok) return py::make_tuple(py::none(), hal::describe(result), result.fault);
    const auto* packed = reinterpret_cast<const char*>(result.packed.data());
    return py::make_tuple(py::bytes(packed, result.packed.size()), "", 0);
}

py::array_t<hal::Candidate> scan(const NativeCodec& codec, const py::object& rom, std::size_t window, bool strict,
                                 std::size_t threads, const CancelToken* cancel) {
    const ByteView view(rom);
    if (view.bytes().size() > UINT32_MAX) throw py::value_error("a ROM of 4 GiB or more cannot be scanned");
    std::vector<hal::Candidate> found;
    {
        const GilReleased unlocked;
        found = codec.scan(view.bytes(), window, mode_of(strict), threads, cancel);
    }
    return to_array(std::move(found));
}

}  // namespace

void bind_codecs(py::module_& module) {
    PYBIND11_NUMPY_DTYPE_EX(hal::Candidate, offset, "offset", packed_size, "packed_size", size, "size");
    const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));  // a metaclass that the type stubs can name
    py::class_<NativeCodec, std::unique_ptr<NativeCodec, py::nodelete>>(module, "NativeCodec", py::is_final(), plain)
        .def_property_readonly("name", [](const NativeCodec& codec) { return codec.name; })
        .def_property_readonly("title", [](const NativeCodec& codec) { return codec.title; })
        .def_property_readonly("decode", &decoder_of)
        .def("encode", &encode, py::arg("data"), py::arg("fast") = false, py::arg("cancel") = py::none())
        .def("scan", &scan, py::arg("rom"), py::arg("window") = 0, py::arg("strict") = true, py::arg("threads") = 0,
             py::arg("cancel") = py::none());
    py::tuple handles(codecs::all().size());
    std::size_t number = 0;
    for (const NativeCodec* const row : codecs::all()) {
        handles[number++] = py::cast(row, py::return_value_policy::reference);
    }
    // The tuple keeps the handles alive, so a codec has one handle object for the module's lifetime.
    module.def("native_codecs", [handles] { return handles; });
}

}  // namespace halscope::python
