// Python bindings of cpp/snes.
#include <pybind11/stl.h>

#include <array>
#include <string>
#include <utility>

#include "python/bindings.hpp"
#include "snes/background.hpp"
#include "snes/mode7.hpp"
#include "snes/objects.hpp"
#include "snes/tiles.hpp"

namespace halscope::python {
namespace {

namespace py = pybind11;
using Bytes = py::array_t<std::uint8_t>;

template <std::size_t size>
std::span<const std::uint8_t, size> exactly(const ByteView& view, const char* name) {
    if (view.bytes().size() != size) {
        throw py::value_error(std::string(name) + " has " + std::to_string(view.bytes().size()) + " bytes, expected " +
                              std::to_string(size));
    }
    return view.bytes().first<size>();
}

template <typename T>
std::span<T> span_of(py::array_t<T>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

void check_depth(unsigned bpp) {
    if (!snes::is_tile_depth(bpp)) throw py::value_error("bpp is " + std::to_string(bpp) + ", expected 2, 4 or 8");
}

void check_lines(py::ssize_t lines) {
    if (lines < 1 || lines > 239) throw py::value_error("a picture has 1 to 239 lines");
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
    const py::gil_scoped_release unlocked;
    snes::decode_tiles(view.bytes(), bpp, out);
    return pixels;
}

Bytes encode_tiles(const py::object& pixels, unsigned bpp) {
    check_depth(bpp);
    const ByteView view(pixels);
    const std::size_t count = whole(view.bytes().size(), snes::kTilePixels, "pixels");
    Bytes planar({static_cast<py::ssize_t>(count), static_cast<py::ssize_t>(snes::tile_bytes(bpp))});
    const auto out = span_of(planar);
    const py::gil_scoped_release unlocked;
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

py::tuple object_sizes(unsigned obsel) {
    const snes::ObjectSelect select = snes::parse_obsel(obsel);
    return py::make_tuple(py::make_tuple(select.small.width, select.small.height),
                          py::make_tuple(select.large.width, select.large.height));
}

py::tuple decode_objects(const py::object& vram, const py::object& oam, unsigned obsel) {
    const ByteView vram_view(vram);
    const ByteView oam_view(oam);
    const auto vram_bytes = exactly<snes::kVramBytes>(vram_view, "vram");
    const auto oam_bytes = exactly<snes::kOamBytes>(oam_view, "oam");
    snes::DecodedObjects decoded;
    {
        const py::gil_scoped_release unlocked;
        decoded = snes::decode_objects(vram_bytes, oam_bytes, obsel);
    }
    return py::make_tuple(to_array(std::move(decoded.pixels)), to_array(std::move(decoded.cells)));
}

py::tuple compose_objects(const py::object& vram, const py::object& oam, unsigned obsel, unsigned first,
                          py::ssize_t lines) {
    check_lines(lines);
    const ByteView vram_view(vram);
    const ByteView oam_view(oam);
    const auto vram_bytes = exactly<snes::kVramBytes>(vram_view, "vram");
    const auto oam_bytes = exactly<snes::kOamBytes>(oam_view, "oam");
    constexpr auto kWidth = static_cast<py::ssize_t>(snes::kScreenWidth);
    py::array_t<std::int16_t> owner({lines, kWidth});
    Bytes colours({lines, kWidth});
    Bytes priority({lines, kWidth});
    Bytes range_over(lines);
    Bytes time_over(lines);
    const snes::ObjectPlane plane{span_of(owner), span_of(colours), span_of(priority), span_of(range_over),
                                  span_of(time_over)};
    {
        const py::gil_scoped_release unlocked;
        snes::compose_objects(vram_bytes, oam_bytes, obsel, first % snes::kObjects, plane);
    }
    return py::make_tuple(owner, colours, priority, range_over, time_over);
}

py::array_t<std::uint16_t> background(const py::object& vram, unsigned layer, py::ssize_t lines, unsigned bgmode,
                                      unsigned mosaic, const std::array<unsigned, 4>& bgsc,
                                      const std::array<unsigned, 2>& bgnba, const std::array<unsigned, 4>& hofs,
                                      const std::array<unsigned, 4>& vofs, unsigned setini) {
    check_lines(lines);
    const unsigned mode = bgmode & 7u;
    if (layer > 3 || mode == 7 || snes::background_depth(mode, layer) == 0) {
        throw py::value_error("mode " + std::to_string(mode) + " has no tiled layer " + std::to_string(layer + 1));
    }
    const ByteView view(vram);
    const auto vram_bytes = exactly<snes::kVramBytes>(view, "vram");
    py::array_t<std::uint16_t> pixels({lines, static_cast<py::ssize_t>(snes::background_width(mode))});
    const snes::BackgroundRegisters registers{bgmode, mosaic, bgsc, bgnba, hofs, vofs, setini};
    const auto out = span_of(pixels);
    const py::gil_scoped_release unlocked;
    snes::draw_background(vram_bytes, layer, registers, out);
    return pixels;
}

py::array_t<std::uint16_t> mode7(const py::object& vram, bool extbg, py::ssize_t lines, unsigned mosaic, unsigned m7sel,
                                 const std::array<unsigned, 4>& matrix, const std::array<unsigned, 2>& centre,
                                 const std::array<unsigned, 2>& scroll) {
    check_lines(lines);
    const ByteView view(vram);
    const auto vram_bytes = exactly<snes::kVramBytes>(view, "vram");
    py::array_t<std::uint16_t> pixels({lines, static_cast<py::ssize_t>(snes::kScreenWidth)});
    const snes::Mode7Registers registers{.mosaic = mosaic,
                                         .m7sel = m7sel,
                                         .m7a = matrix[0],
                                         .m7b = matrix[1],
                                         .m7c = matrix[2],
                                         .m7d = matrix[3],
                                         .m7x = centre[0],
                                         .m7y = centre[1],
                                         .m7hofs = scroll[0],
                                         .m7vofs = scroll[1]};
    const auto out = span_of(pixels);
    const py::gil_scoped_release unlocked;
    snes::draw_mode7(vram_bytes, extbg, registers, out);
    return pixels;
}

}  // namespace

void bind_snes(py::module_& module) {
    using py::arg;
    module.def("snes_decode_tiles", &decode_tiles, arg("data"), arg("bpp"),
               "Planar tiles to uint8[n, 8, 8]; bpp is 2, 4 or 8. Raises ValueError for a part of a tile.");
    module.def("snes_encode_tiles", &encode_tiles, arg("pixels"), arg("bpp"),
               "One byte a pixel to planar tiles, uint8[n, 8 * bpp]; the low bpp bits of a pixel count.");
    module.def("snes_parse_oam", &parse_oam, arg("oam"),
               "int16[128, 8]: x, y, tile, palette, priority, hflip, vflip, large.");
    module.def("snes_object_sizes", &object_sizes, arg("obsel"),
               "((width, height) of small sprites, (width, height) of large ones) for OBSEL ($2101).");
    module.def("snes_decode_objects", &decode_objects, arg("vram"), arg("oam"), arg("obsel"),
               "(pixels uint8[n], cells int32[n / 64]) of all 128 sprites as shown, one behind the other.");
    module.def("snes_compose_objects", &compose_objects, arg("vram"), arg("oam"), arg("obsel"), arg("first"),
               arg("lines"),
               "(owner int16, colours uint8, priority uint8: each [lines, 256]; range_over, time_over uint8[lines]).");
    module.def(
        "snes_background", &background, arg("vram"), arg("layer"), arg("lines"), py::kw_only(), arg("bgmode"),
        arg("mosaic"), arg("bgsc"), arg("bgnba"), arg("hofs"), arg("vofs"), arg("setini"),
        "A layer (0 to 3) of modes 0 to 6, uint16[lines, 256 or 512]: bits 0-7 colour, 8-10 palette, 13 priority, "
        "15 opaque.");
    module.def("snes_mode7", &mode7, arg("vram"), arg("extbg"), arg("lines"), py::kw_only(), arg("mosaic"),
               arg("m7sel"), arg("matrix"), arg("centre"), arg("scroll"),
               "A layer of mode 7, uint16[lines, 256]: bits 0-7 colour, 13 priority, 15 opaque.");
}

}  // namespace halscope::python
