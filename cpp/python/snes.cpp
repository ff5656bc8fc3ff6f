// Python bindings of cpp/snes.
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "python/arrays.hpp"
#include "python/bindings.hpp"
#include "snes/changes.hpp"
#include "snes/objects.hpp"
#include "snes/tiles.hpp"

namespace halscope::python {
namespace {

namespace py = pybind11;
using Numbers = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

constexpr std::size_t kPixelsWorthUnlocking = 0x8000;

void check_depth(unsigned bpp) {
    if (!snes::is_tile_depth(bpp)) throw py::value_error("bpp is " + std::to_string(bpp) + ", expected 2, 4 or 8");
}

std::size_t whole(std::size_t size, std::size_t unit, const char* what) {
    if (size % unit != 0) {
        throw py::value_error(std::to_string(size) + " bytes are not whole tiles of " + std::to_string(unit) + " " +
                              what);
    }
    return size / unit;
}

Bytes decode_tiles(const py::object& data, unsigned bpp) {
    check_depth(bpp);
    const ByteView view(data);
    const std::size_t count = whole(view.bytes().size(), snes::tile_bytes(bpp), "bytes");
    Bytes pixels({static_cast<py::ssize_t>(count), py::ssize_t{8}, py::ssize_t{8}});
    const auto out = span_of(pixels);
    const GilReleased unlocked;
    snes::decode_tiles(view.bytes(), bpp, out);
    return pixels;
}

Bytes encode_tiles(const py::object& pixels, unsigned bpp) {
    check_depth(bpp);
    const ByteView view(pixels);
    const std::size_t count = whole(view.bytes().size(), snes::kTilePixels, "pixels");
    Bytes planar({static_cast<py::ssize_t>(count), static_cast<py::ssize_t>(snes::tile_bytes(bpp))});
    const auto out = span_of(planar);
    const GilReleased unlocked;
    snes::encode_tiles(view.bytes(), bpp, out);
    return planar;
}

py::array_t<std::int16_t> parse_oam(const py::object& oam) {
    const ByteView view(oam);
    const auto objects = snes::parse_oam(exactly<snes::kOamBytes>(view, "oam"));
    py::array_t<std::int16_t> fields({py::ssize_t{snes::kObjects}, py::ssize_t{8}});
    std::int16_t* out = fields.mutable_data();
    const auto put = [&out](auto value) { *out++ = static_cast<std::int16_t>(value); };
    for (const snes::Object& object : objects) {
        put(object.x);
        put(object.y);
        put(object.tile);
        put(object.palette);
        put(object.priority);
        put(object.hflip ? 1 : 0);
        put(object.vflip ? 1 : 0);
        put(object.large ? 1 : 0);
    }
    return fields;
}

// A sprite's field names, in the order of `make_sprite`'s values.
constexpr std::array kSpriteFields{"index", "x",     "y",    "width", "height", "palette", "priority",
                                   "hflip", "vflip", "tile", "large", "pixels", "cells"};

// The arrays of one decoded sprite. Each owns its memory, so a sprite that outlives its frame keeps only itself alive.
struct SpriteArrays {
    Bytes pixels;
    py::array_t<std::int32_t> cells;

    explicit SpriteArrays(snes::ObjectSize size)
        : pixels({static_cast<py::ssize_t>(size.height), static_cast<py::ssize_t>(size.width)}),
          cells({static_cast<py::ssize_t>(size.height / 8), static_cast<py::ssize_t>(size.width / 8)}) {}
};

// Field names interned by Python, so that an attribute look-up compares pointers.
using SpriteNames = std::array<py::object, kSpriteFields.size()>;

SpriteNames intern_names() {
    SpriteNames names;
    for (std::size_t field = 0; field < names.size(); ++field) {
        names[field] = py::reinterpret_steal<py::object>(PyUnicode_InternFromString(kSpriteFields[field]));
        if (!names[field]) throw py::error_already_set();
    }
    return names;
}

// Makes a `kind`: a frozen dataclass with slots and exactly kSpriteFields. Its own __init__, called for every sprite of
// every frame, would take several times as long.
py::object make_sprite(const py::type& kind, const SpriteNames& names, std::size_t index, const snes::Object& object,
                       snes::ObjectSize size, SpriteArrays& arrays) {
    freeze(arrays.pixels);
    freeze(arrays.cells);
    const std::array<py::object, kSpriteFields.size()> values{py::int_(index),
                                                              py::int_(object.x),
                                                              py::int_(object.y),
                                                              py::int_(size.width),
                                                              py::int_(size.height),
                                                              py::int_(object.palette),
                                                              py::int_(object.priority),
                                                              py::bool_(object.hflip),
                                                              py::bool_(object.vflip),
                                                              py::int_(object.tile),
                                                              py::bool_(object.large),
                                                              arrays.pixels,
                                                              arrays.cells};
    auto* const type = reinterpret_cast<PyTypeObject*>(kind.ptr());
    auto sprite = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
    if (!sprite) throw py::error_already_set();
    for (std::size_t field = 0; field < values.size(); ++field) {
        if (PyObject_GenericSetAttr(sprite.ptr(), names[field].ptr(), values[field].ptr()) != 0) {
            throw py::error_already_set();
        }
    }
    return sprite;
}

// One flag per tile, set for the given tile numbers.
std::array<std::uint8_t, snes::kVramTiles> flags_of(const Numbers& numbers) {
    std::array<std::uint8_t, snes::kVramTiles> flags{};
    for (const std::int64_t number : std::span(numbers.data(), static_cast<std::size_t>(numbers.size()))) {
        if (number < 0 || number >= static_cast<std::int64_t>(flags.size())) {
            throw py::value_error("VRAM has no tile " + std::to_string(number));
        }
        flags[static_cast<std::size_t>(number)] = 1;
    }
    return flags;
}

// Returns (sprites, numbers of the new ones). With `before`, only sprites whose entry differs or that show one of the
// `changed` tiles are made; the others are the same objects.
py::tuple sprites(const py::type& kind, const py::object& vram, const py::object& oam, unsigned obsel,
                  const std::optional<std::tuple<py::tuple, py::object, Numbers>>& before) {
    const ByteView vram_view(vram);
    const ByteView oam_view(oam);
    const auto vram_bytes = exactly<snes::kVramBytes>(vram_view, "vram");
    const snes::ObjectSelect select = snes::parse_obsel(obsel);
    const auto objects = snes::parse_oam(exactly<snes::kOamBytes>(oam_view, "oam"));

    std::vector<std::int64_t> fresh;
    if (before.has_value()) {
        const auto& [kept, kept_oam, changed] = *before;
        if (kept.size() != objects.size()) throw py::value_error("before must hold 128 sprites");
        const ByteView kept_view(kept_oam);
        const auto kept_objects = snes::parse_oam(exactly<snes::kOamBytes>(kept_view, "oam"));
        const auto flags = flags_of(changed);
        for (std::size_t index = 0; index < objects.size(); ++index) {
            if (objects[index] != kept_objects[index] ||
                (changed.size() != 0 && snes::shows_any(select, objects[index], flags))) {
                fresh.push_back(static_cast<std::int64_t>(index));
            }
        }
    } else {
        fresh.resize(objects.size());
        std::iota(fresh.begin(), fresh.end(), std::int64_t{0});
    }

    std::vector<SpriteArrays> arrays;
    arrays.reserve(fresh.size());
    std::size_t total = 0;
    for (const std::int64_t index : fresh) {
        const snes::ObjectSize size = select.size(objects[static_cast<std::size_t>(index)]);
        total += size.pixels();
        arrays.emplace_back(size);
    }
    {
        // Below about ten microseconds, handing over the GIL costs more than finishing.
        std::optional<GilReleased> unlocked;
        if (total >= kPixelsWorthUnlocking) unlocked.emplace();
        for (std::size_t n = 0; n < fresh.size(); ++n) {
            snes::decode_object(vram_bytes, select, objects[static_cast<std::size_t>(fresh[n])],
                                span_of(arrays[n].pixels), span_of(arrays[n].cells));
        }
    }
    py::tuple result(objects.size());
    const SpriteNames names = intern_names();
    std::size_t next = 0;
    for (std::size_t index = 0; index < objects.size(); ++index) {
        if (next < fresh.size() && fresh[next] == static_cast<std::int64_t>(index)) {
            result[index] =
                make_sprite(kind, names, index, objects[index], select.size(objects[index]), arrays[next++]);
        } else {
            result[index] = std::get<0>(*before)[index];
        }
    }
    return py::make_tuple(result, to_array(std::move(fresh)));
}

void check_states(std::size_t before, std::size_t after, std::size_t unit) {
    if (unit == 0 || before != after || after % unit != 0) {
        throw py::value_error("both states must have the same size, a multiple of the unit");
    }
}

// The next three functions take microseconds, so they keep the GIL.
Numbers changed_pieces(const py::object& before, const py::object& after, std::size_t unit) {
    const ByteView before_view(before);
    const ByteView after_view(after);
    check_states(before_view.bytes().size(), after_view.bytes().size(), unit);
    return to_array(snes::changed_pieces(before_view.bytes(), after_view.bytes(), unit));
}

py::bytes page_difference(const py::object& before, const py::object& after, std::size_t page) {
    const ByteView before_view(before);
    const ByteView after_view(after);
    check_states(before_view.bytes().size(), after_view.bytes().size(), page);
    const auto difference = snes::page_difference(before_view.bytes(), after_view.bytes(), page);
    return {reinterpret_cast<const char*>(difference.data()), difference.size()};
}

// A strided view is refused (c_style, and noconvert below): its bytes are not one stretch of memory.
Numbers apply_difference(py::array_t<std::uint8_t, py::array::c_style> state, const py::object& difference,
                         std::size_t page) {
    const auto bytes = span_of(state);  // raises if the state is read-only
    check_states(bytes.size(), bytes.size(), page);
    const ByteView view(difference);
    if (!snes::fits(view.bytes(), bytes.size(), page)) throw py::value_error("the difference does not fit the state");
    return to_array(snes::apply_difference(bytes, view.bytes(), page));
}

}  // namespace

void bind_snes(py::module_& module) {
    using py::arg;
    module.def("snes_decode_tiles", &decode_tiles, arg("data"), arg("bpp"),
               "Decode planar tiles to uint8[n, 8, 8]; bpp is 2, 4 or 8. Raises ValueError if a tile is incomplete.");
    module.def("snes_encode_tiles", &encode_tiles, arg("pixels"), arg("bpp"),
               "Encode one byte per pixel as planar tiles, uint8[n, 8 * bpp], from the low bpp bits of each pixel.");
    module.def("snes_parse_oam", &parse_oam, arg("oam"),
               "int16[128, 8]: x, y, tile, palette, priority, hflip, vflip, large.");
    module.def(
        "snes_sprites", &sprites, arg("kind"), arg("vram"), arg("oam"), arg("obsel"), arg("before") = py::none(),
        "Return (all 128 sprites as instances of halscope_hooks.Sprite, int64[n] indices of the new ones). `before`: "
        "sprites decoded with the same OBSEL, their OAM, and int64[k] numbers of the VRAM tiles changed since.");
    module.def("snes_changed", &changed_pieces, arg("before"), arg("after"), arg("unit"),
               "Return int64[n]: the numbers of the pieces of `unit` bytes that differ.");
    module.def("snes_page_difference", &page_difference, arg("before"), arg("after"), arg("page"),
               "One bit per page, highest bit first, then the pages that differ, XORed; empty if none does.");
    module.def(
        "snes_apply_difference", &apply_difference, arg("state").noconvert(), arg("difference"), arg("page"),
        "Update the state in place; return int64[n]: the numbers of the changed pages. ValueError if it does not fit.");
}

}  // namespace halscope::python
