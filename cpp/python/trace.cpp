// Python bindings of cpp/trace: watching the pages of a memory of this process.
#include <pybind11/stl.h>

#include <stdexcept>

#include "python/bindings.hpp"
#include "trace/page_watch.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

using trace::PageWatch;
using trace::Policy;

class Watch {
  public:
    Watch(std::uintptr_t address, std::size_t bytes, Policy policy)
        : watch_(std::make_unique<PageWatch>(reinterpret_cast<std::uint8_t*>(address), bytes, policy)) {}

    PageWatch& open() {
        if (watch_ == nullptr) throw std::runtime_error("the watch is closed");
        return *watch_;
    }

    py::array_t<std::uint32_t> end_frame() {
        const auto touched = open().end_frame();
        return to_array(std::vector<std::uint32_t>(touched.begin(), touched.end()));
    }

    void close() { watch_.reset(); }

  private:
    std::unique_ptr<PageWatch> watch_;
};

}  // namespace

void bind_trace(py::module_& module) {
    const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));  // a metaclass that the type stubs can name
    py::class_<Watch>(module, "PageWatch", py::is_final(), plain)
        .def(py::init([](std::uintptr_t address, std::size_t bytes, std::uint32_t open_pages,
                         std::uint32_t touches_of_page, std::uint32_t touches_of_frame, std::uint32_t hot_after,
                         std::uint32_t first_rest, std::uint32_t longest_rest, std::uint32_t loading) {
                 return std::make_unique<Watch>(address, bytes,
                                                Policy{open_pages, touches_of_page, touches_of_frame, hot_after,
                                                       first_rest, longest_rest, loading});
             }),
             py::arg("address"), py::arg("size"), py::kw_only(), py::arg("open_pages") = Policy{}.open_pages,
             py::arg("touches_of_page") = Policy{}.touches_of_page,
             py::arg("touches_of_frame") = Policy{}.touches_of_frame, py::arg("hot_after") = Policy{}.hot_after,
             py::arg("first_rest") = Policy{}.first_rest, py::arg("longest_rest") = Policy{}.longest_rest,
             py::arg("loading") = Policy{}.loading)
        .def(
            "watch",
            [](Watch& self, const std::vector<std::pair<std::size_t, std::size_t>>& ranges) {
                self.open().watch(ranges);
            },
            py::arg("ranges"))
        .def("begin_frame", [](Watch& self) { self.open().begin_frame(); })
        .def("end_frame", &Watch::end_frame)
        .def_property_readonly("pages", [](Watch& self) { return self.open().pages(); })
        .def_property_readonly("first_page", [](Watch& self) { return self.open().first_page(); })
        .def_property_readonly("page_bytes", [](Watch&) { return trace::page_bytes(); })
        .def_property_readonly("counts",
                               [](Watch& self) {
                                   const auto& counts = self.open().counts();
                                   return py::make_tuple(counts.touches, counts.lost, counts.resting);
                               })
        .def("close", &Watch::close);
}

}  // namespace halscope::python
