// Python bindings of the native codecs: one handle per table row. A decoder raises its codec's error; faults of encode
// are returned as values (reason, offset), which halscope.codecs turns into exceptions.
#include <pybind11/stl.h>

#include <algorithm>
#include <iterator>
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

// A codec's decoder for Python: the row, the error that it raises, and its description as a function. Never freed, as
// rows are not.
struct PythonDecoder {
    const NativeCodec& codec;
    py::object error;
    std::string text;
    PyMethodDef method;
};

// Returns the Block. If the offset itself is outside the input, the error has it as a Python int, because it may not
// fit any C++ type.
py::object decode(const PythonDecoder& decoder, const py::object& data, const py::object& offset, bool strict) {
    const ByteView view(data);
    const Py_ssize_t start = PyNumber_AsSsize_t(offset.ptr(), nullptr);
    if (start == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    hal::DecodeResult result{.status = hal::Status::offset_past_end};
    std::optional<BlockBytes> bytes;
    if (start >= 0) {
        const ShortRelease unlocked;
        const std::span<std::uint8_t> output = output_window();
        result = decoder.codec.decode(view.bytes(), static_cast<std::size_t>(start), mode_of(strict), output);
        if (result.status == hal::Status::ok) bytes.emplace(output.first(result.size));
    }
    if (bytes) return make_block(bytes->release_to_array(), result.consumed, py::int_(start));
    const bool outside = result.status == hal::Status::offset_past_end;
    const py::object error =
        decoder.error(hal::describe(result, decoder.codec.title), outside ? py::int_(offset) : py::int_(result.fault));
    PyErr_SetObject(decoder.error.ptr(), error.ptr());
    throw py::error_already_set();
}

// Takes decode(data, offset=0, *, strict=True) as the interpreter passes it (METH_FASTCALL): decoding a small block is
// short, and everything around it holds the GIL that other threads wait for.
extern "C" PyObject* decode_fast(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                                 PyObject* names) noexcept {
    PyObject* given[3] = {nullptr, nullptr, nullptr};
    if (count > 2) {
        PyErr_Format(PyExc_TypeError, "decode takes 1 or 2 positional arguments (%zd given)", count);
        return nullptr;
    }
    std::copy_n(arguments, count, given);
    const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    for (Py_ssize_t k = 0; k < named; ++k) {
        static constexpr const char* kNames[] = {"data", "offset", "strict"};
        PyObject* const name = PyTuple_GET_ITEM(names, k);
        const auto* const known = std::find_if(std::begin(kNames), std::end(kNames), [&](const char* one) {
            return PyUnicode_CompareWithASCIIString(name, one) == 0;
        });
        PyObject** const place = given + (known - std::begin(kNames));
        if (known == std::end(kNames) || *place != nullptr) {
            PyErr_Format(PyExc_TypeError,
                         known == std::end(kNames) ? "decode has no argument %R" : "decode got the argument %R twice",
                         name);
            return nullptr;
        }
        *place = arguments[count + k];
    }
    if (given[0] == nullptr) {
        PyErr_SetString(PyExc_TypeError, "decode needs the argument 'data'");
        return nullptr;
    }
    try {
        const int strict = given[2] == nullptr ? 1 : PyObject_IsTrue(given[2]);
        if (strict < 0) return nullptr;
        const auto* const decoder = static_cast<const PythonDecoder*>(PyCapsule_GetPointer(self, nullptr));
        const py::object offset = given[1] == nullptr ? py::int_(0) : py::reinterpret_borrow<py::object>(given[1]);
        return decode(*decoder, py::reinterpret_borrow<py::object>(given[0]), offset, strict != 0).release().ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    return nullptr;
}

// A function of its own for each error, so that a call needs no look-up and no Python around it.
py::object decoder_of(const NativeCodec& codec, const py::object& error, const std::string& doc) {
    auto* const decoder = new PythonDecoder{codec, error, "decode(data, offset=0, *, strict=True)\n--\n\n" + doc, {}};
    decoder->method = {"decode", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(decode_fast)),
                       METH_FASTCALL | METH_KEYWORDS, decoder->text.c_str()};
    const py::capsule self(decoder);
    PyObject* const function = PyCFunction_NewEx(&decoder->method, self.ptr(), error.attr("__module__").ptr());
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
    hal::Candidates found;
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
        .def("decoder", &decoder_of, py::arg("error"), py::arg("doc") = "")
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
