// Python bindings of cpp/hal. Faults come back as values (offset, reason); halscope.codecs.hal makes them exceptions.
#include "hal/hal.hpp"

#include "python/bindings.hpp"
#include "python/streams.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

py::array_t<std::uint8_t> read_only_copy(std::span<const std::uint8_t> bytes) {
    py::array_t<std::uint8_t> array(static_cast<py::ssize_t>(bytes.size()), bytes.data());
    py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    return array;
}

// A fault's offset is the caller's own for an offset outside the input, which need not fit any C++ type.
py::tuple fault(py::object offset, const hal::DecodeResult& result) {
    return py::make_tuple(py::none(), std::move(offset), hal::describe(result));
}

py::tuple decode(const py::object& data, const py::object& offset, bool strict) {
    const ByteView view(data);
    const Py_ssize_t start = PyNumber_AsSsize_t(offset.ptr(), nullptr);
    if (start == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (start < 0) return fault(offset, {.status = hal::Status::offset_past_end});
    // 64 KiB that are touched once a thread, instead of a block that is allocated and shrunk for every call.
    thread_local std::vector<std::uint8_t> output(hal::kMaxOutput);
    hal::DecodeResult result;
    {
        const py::gil_scoped_release unlocked;
        result = hal::decode(view.bytes(), static_cast<std::size_t>(start),
                             strict ? hal::Mode::strict : hal::Mode::compatible, output);
    }
    if (result.status == hal::Status::offset_past_end) return fault(offset, result);
    if (result.status != hal::Status::ok) return fault(py::int_(result.fault), result);
    return py::make_tuple(read_only_copy(std::span(output).first(result.size)), result.consumed, "");
}

py::tuple encode(const py::object& data, bool fast, const CancelToken* cancel) {
    const ByteView view(data);
    hal::EncodeResult result;
    {
        const py::gil_scoped_release unlocked;
        result = hal::encode(view.bytes(), fast ? hal::Effort::fast : hal::Effort::optimal, cancel);
    }
    return encoded(result);
}

py::array_t<hal::Candidate> scan(const py::object& rom, std::size_t window, bool strict, std::size_t threads,
                                 const CancelToken* cancel) {
    return scanned(rom, [&](std::span<const std::uint8_t> bytes) {
        return hal::scan(bytes, window, strict ? hal::Mode::strict : hal::Mode::compatible, threads, cancel);
    });
}

}  // namespace

void bind_hal(py::module_& module) {
    PYBIND11_NUMPY_DTYPE_EX(hal::Candidate, offset, "offset", packed_size, "packed_size", size, "size");
    module.def("hal_decode", &decode, py::arg("data"), py::arg("offset"), py::arg("strict"));
    module.def("hal_encode", &encode, py::arg("data"), py::arg("fast"), py::arg("cancel") = py::none());
    module.def("hal_scan", &scan, py::arg("rom"), py::arg("window"), py::arg("strict"), py::arg("threads"),
               py::arg("cancel") = py::none());
}

}  // namespace halscope::python
