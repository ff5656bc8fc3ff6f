#include "python/block.hpp"

#include <algorithm>
#include <cstring>

namespace py = pybind11;

namespace halscope::python {
namespace {

// Up to this size the allocator's small bins are as fast, and a step of recycled memory would be mostly empty.
constexpr std::size_t kSmall = kRecycledStep;

extern "C" void give_back(PyObject* capsule) {
    const auto size = reinterpret_cast<std::uintptr_t>(PyCapsule_GetContext(capsule));
    give_memory(static_cast<std::uint8_t*>(PyCapsule_GetPointer(capsule, nullptr)), size);
}

// A one-dimensional uint8 array. If `bytes` is null, numpy allocates it; otherwise it is a read-only view of `bytes`.
py::object new_array(std::size_t size, std::uint8_t* bytes) {
    const auto& numpy = py::detail::npy_api::get();
    const int flags = bytes == nullptr ? 0 : py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    auto length = static_cast<Py_intptr_t>(size);
    PyObject* const type = numpy.PyArray_DescrFromType_(py::detail::npy_api::NPY_UBYTE_);
    PyObject* const array = numpy.PyArray_NewFromDescr_(numpy.PyArray_Type_, type, 1, &length, nullptr, bytes, flags,
                                                        nullptr);  // steals `type`
    if (array == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(array);
}

struct BlockType {
    py::type type = py::module_::import("halscope_hooks").attr("Block");
    py::str data = py::str("data");
    py::str consumed = py::str("consumed");
    py::str offset = py::str("offset");
};

// Set when the module is imported and never freed: a daemon thread may still be decoding while the interpreter exits.
const BlockType* block_type = nullptr;

// What object.__setattr__ does; it works on a frozen dataclass too.
void set(const py::object& block, const py::str& name, const py::object& value) {
    if (PyObject_GenericSetAttr(block.ptr(), name.ptr(), value.ptr()) != 0) throw py::error_already_set();
}

}  // namespace

BlockBytes::BlockBytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    if (bytes.size() <= kSmall) return;
    recycled_ = take_memory(bytes.size());
    std::memcpy(recycled_, bytes.data(), bytes.size());
}

BlockBytes::~BlockBytes() {
    if (recycled_ != nullptr) give_memory(recycled_, bytes_.size());
}

py::object BlockBytes::release_to_array() {
    if (recycled_ == nullptr) {
        py::object array = new_array(bytes_.size(), nullptr);
        py::detail::PyArray_Proxy* const fields = py::detail::array_proxy(array.ptr());
        std::copy(bytes_.begin(), bytes_.end(), fields->data);
        fields->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
        return array;
    }
    py::object array = new_array(bytes_.size(), recycled_);
    PyObject* const owner = PyCapsule_New(recycled_, nullptr, give_back);
    if (owner == nullptr) throw py::error_already_set();
    PyCapsule_SetContext(owner, reinterpret_cast<void*>(bytes_.size()));
    recycled_ = nullptr;
    // Steals `owner`, even on failure.
    if (py::detail::npy_api::get().PyArray_SetBaseObject_(array.ptr(), owner) != 0) throw py::error_already_set();
    return array;
}

void bind_block() {
    if (block_type == nullptr) block_type = new BlockType();
}

py::object make_block(const py::object& data, std::size_t consumed, const py::object& offset) {
    const BlockType& known = *block_type;
    auto* const type = reinterpret_cast<PyTypeObject*>(known.type.ptr());
    auto block = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
    if (!block) throw py::error_already_set();
    set(block, known.data, data);
    set(block, known.consumed, py::int_(consumed));
    set(block, known.offset, offset);
    return block;
}

}  // namespace halscope::python
