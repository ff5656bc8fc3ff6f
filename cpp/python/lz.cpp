// Python bindings of cpp/lz. Faults come back as values (offset, reason); halscope.codecs.lz makes them exceptions.
#include "lz/lz.hpp"

#include "python/bindings.hpp"
#include "python/streams.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

lz::Format format_of(bool high_byte_first) noexcept {
    return high_byte_first ? lz::Format::lz2 : lz::Format::lz1;
}

py::object decode(const py::object& data, const py::object& offset, bool high_byte_first, bool strict) {
    const lz::Format format = format_of(high_byte_first);
    const lz::Mode mode = strict ? lz::Mode::strict : lz::Mode::compatible;
    return decoded(
        data, offset,
        [=](auto in, std::size_t start, auto out) noexcept { return lz::decode(in, start, format, mode, out); },
        [](const lz::DecodeResult& result) { return lz::describe(result); });
}

py::tuple encode(const py::object& data, bool high_byte_first, bool fast, const CancelToken* cancel) {
    const ByteView view(data);
    lz::EncodeResult result;
    {
        const GilReleased unlocked;
        const lz::Effort effort = fast ? lz::Effort::fast : lz::Effort::optimal;
        result = lz::encode(view.bytes(), format_of(high_byte_first), effort, cancel);
    }
    return encoded(result);
}

py::array_t<lz::Candidate> scan(const py::object& rom, bool high_byte_first, std::size_t window, bool strict,
                                std::size_t threads, const CancelToken* cancel) {
    return scanned(rom, [&](std::span<const std::uint8_t> bytes) {
        const lz::Mode mode = strict ? lz::Mode::strict : lz::Mode::compatible;
        return lz::scan(bytes, format_of(high_byte_first), window, mode, threads, cancel);
    });
}

}  // namespace

void bind_lz(py::module_& module) {
    module.def("lz_decode", &decode, py::arg("data"), py::arg("offset"), py::arg("high_byte_first"), py::arg("strict"));
    module.def("lz_encode", &encode, py::arg("data"), py::arg("high_byte_first"), py::arg("fast"),
               py::arg("cancel") = py::none());
    module.def("lz_scan", &scan, py::arg("rom"), py::arg("high_byte_first"), py::arg("window"), py::arg("strict"),
               py::arg("threads"), py::arg("cancel") = py::none());
}

}  // namespace halscope::python
