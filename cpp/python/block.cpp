#include "python/block.hpp"

#include <structmember.h>

#include <algorithm>

namespace py = pybind11;

namespace halscope::python {
namespace {

// Smaller blocks would leave most of a unit empty, and the allocator's small bins are as fast.
constexpr std::size_t kSmall = kOutputUnit - 1;

extern "C" void give_back(PyObject* capsule) {
    const auto size = reinterpret_cast<std::uintptr_t>(PyCapsule_GetContext(capsule));
    drop_output(static_cast<std::uint8_t*>(PyCapsule_GetPointer(capsule, nullptr)), size);
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

// Where an object of a class with __slots__ keeps the value of one of them.
Py_ssize_t slot_of(const py::type& type, const char* name) {
    const py::object member = type.attr(name);
    if (!PyObject_TypeCheck(member.ptr(), &PyMemberDescr_Type)) {
        throw py::type_error(std::string("Block.") + name + " is not a slot");
    }
    return reinterpret_cast<PyMemberDescrObject*>(member.ptr())->d_member->offset;
}

struct BlockType {
    py::type type = py::module_::import("halscope_hooks").attr("Block");
    Py_ssize_t data = slot_of(type, "data");
    Py_ssize_t consumed = slot_of(type, "consumed");
    Py_ssize_t offset = slot_of(type, "offset");
};

// Set when the module is imported and never freed: a daemon thread may still be decoding while the interpreter exits.
const BlockType* block_type = nullptr;

// Fills a slot of a new object, which no other code has seen yet.
void set(const py::object& block, Py_ssize_t slot, py::object&& value) noexcept {
    *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(block.ptr()) + slot) = value.release().ptr();
}

}  // namespace

BlockBytes::BlockBytes(std::span<std::uint8_t> bytes) noexcept : bytes_(bytes), kept_(bytes.size() > kSmall) {
    if (kept_) bytes_ = {keep_output(bytes.size()), bytes.size()};
}

BlockBytes::~BlockBytes() {
    if (kept_) drop_output(bytes_.data(), bytes_.size());
}

py::object BlockBytes::release_to_array() {
    if (!kept_) {
        py::object array = new_array(bytes_.size(), nullptr);
        py::detail::PyArray_Proxy* const fields = py::detail::array_proxy(array.ptr());
        std::copy(bytes_.begin(), bytes_.end(), fields->data);
        fields->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
        return array;
    }
    py::object array = new_array(bytes_.size(), bytes_.data());
    PyObject* const owner = PyCapsule_New(bytes_.data(), nullptr, give_back);
    if (owner == nullptr) throw py::error_already_set();
    PyCapsule_SetContext(owner, reinterpret_cast<void*>(bytes_.size()));
    kept_ = false;
    // Steals `owner`, even on failure.
    if (py::detail::npy_api::get().PyArray_SetBaseObject_(array.ptr(), owner) != 0) throw py::error_already_set();
    return array;
}

void bind_block() {
    if (block_type == nullptr) block_type = new BlockType();
}

py::object make_block(py::object data, std::size_t consumed, const py::object& offset) {
    const BlockType& known = *block_type;
    auto* const type = reinterpret_cast<PyTypeObject*>(known.type.ptr());
    auto block = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
    if (!block) throw py::error_already_set();
    set(block, known.data, std::move(data));
    set(block, known.consumed, py::int_(consumed));
    set(block, known.offset, py::object(offset));
    return block;
}

}  // namespace halscope::python
