// Python bindings of cpp/hal, apart from the decoder's (hal_decode.cpp). Faults come back as values (offset, reason);
// halscope.codecs.hal makes them exceptions.
#include "hal/hal.hpp"

#include "python/bindings.hpp"
#include "python/streams.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

py::tuple encode(const py::object& data, bool fast, const CancelToken* cancel) {
    const ByteView view(data);
    hal::EncodeResult result;
    {
        const GilReleased unlocked;
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
    module.def("hal_encode", &encode, py::arg("data"), py::arg("fast"), py::arg("cancel") = py::none());
    module.def("hal_scan", &scan, py::arg("rom"), py::arg("window"), py::arg("strict"), py::arg("threads"),
               py::arg("cancel") = py::none());
}

}  // namespace halscope::python
