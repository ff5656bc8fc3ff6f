// Python bindings of the composed picture and its layers.
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "python/arrays.hpp"
#include "snes/background.hpp"
#include "snes/compare.hpp"
#include "snes/compose.hpp"
#include "snes/drawn_picture.hpp"
#include "snes/layer_planes.hpp"
#include "snes/layers.hpp"

namespace halscope::python {
namespace {

namespace py = pybind11;
using Colours = py::array_t<std::uint16_t, py::array::c_style | py::array::forcecast>;
using RegisterValues = std::vector<std::optional<unsigned>>;

snes::Registers registers_of(const RegisterValues& values) {
    if (values.size() != snes::kRegisters) {
        throw py::value_error(std::to_string(values.size()) + " registers, expected the " +
                              std::to_string(snes::kRegisters) + " of snes_register_names()");
    }
    snes::Registers registers;
    for (std::size_t n = 0; n < values.size(); ++n) {
        if (values[n].has_value()) registers.set(n, *values[n]);
    }
    return registers;
}

// Rows of halscope_hooks.RASTER_DTYPE as bytes.
std::vector<snes::RasterWrite> raster_of(const std::optional<py::object>& raster) {
    if (!raster.has_value()) return {};
    const ByteView view(*raster);
    const auto bytes = view.bytes();
    std::vector<snes::RasterWrite> writes(bytes.size() / 4);
    if (bytes.size() % 4 != 0) throw py::value_error("raster has incomplete rows of 4 bytes");
    for (std::size_t n = 0; n < writes.size(); ++n) {
        const auto row = bytes.subspan(n * 4, 4);
        writes[n] = {static_cast<std::uint16_t>(row[0] | row[1] << 8), row[2], row[3]};
    }
    if (!std::ranges::is_sorted(writes, {}, &snes::RasterWrite::line)) {
        throw py::value_error("the lines of raster do not ascend");
    }
    return writes;
}

// The arguments that both functions share, kept alive while C++ reads them.
class State {
  public:
    State(const py::object& vram, const Colours& cgram, const py::object& oam, const RegisterValues& registers,
          const std::optional<py::object>& raster, std::optional<unsigned> field)
        : vram_(vram), oam_(oam), cgram_(cgram), writes_(raster_of(raster)) {
        if (cgram.size() != static_cast<py::ssize_t>(snes::kColours)) {
            throw py::value_error("cgram has " + std::to_string(cgram.size()) + " colours, expected 256");
        }
        if (field.has_value() && *field > 1) throw py::value_error("field is 0 or 1");
        state_.emplace(snes::ScreenState{.vram = exactly<snes::kVramBytes>(vram_, "vram"),
                                         .cgram = snes::Cgram(cgram_.data(), snes::kColours),
                                         .oam = exactly<snes::kOamBytes>(oam_, "oam"),
                                         .registers = registers_of(registers),
                                         .writes = writes_,
                                         .field = field});
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() = default;

    [[nodiscard]] const snes::ScreenState& get() const { return *state_; }

  private:
    ByteView vram_;
    ByteView oam_;
    Colours cgram_;
    std::vector<snes::RasterWrite> writes_;
    std::optional<snes::ScreenState> state_;
};

py::tuple names_of(const snes::RegisterSet& set) {
    py::list names;
    for (std::size_t n = 0; n < set.size(); ++n) {
        if (set[n]) names.append(snes::kRegisterNames[n]);
    }
    return py::tuple(names);
}

py::tuple compose(const py::object& vram, const Colours& cgram, const py::object& oam, const RegisterValues& registers,
                  const std::optional<py::object>& raster, std::optional<unsigned> field, unsigned style) {
    if (style >= snes::kStyles) throw py::value_error("style is 0 to 2");
    const State state(vram, cgram, oam, registers, raster, field);
    const snes::ScreenShape shape = snes::screen_shape(state.get());
    const auto height = static_cast<py::ssize_t>(shape.height());
    const auto width = static_cast<py::ssize_t>(shape.width());
    const auto lines = static_cast<py::ssize_t>(shape.lines);
    py::array_t<std::uint16_t> colours({height, width});
    Bytes rgb({height, width, py::ssize_t{3}});
    py::array_t<std::int16_t> owner({height, width});
    Bytes brightness(height);
    Bytes range_over(lines);
    Bytes time_over(lines);
    const snes::ScreenPixels out{span_of(colours),    span_of(rgb),        span_of(owner),
                                 span_of(brightness), span_of(range_over), span_of(time_over)};
    snes::ScreenGaps gaps;
    {
        const GilReleased unlocked;
        gaps = snes::compose_screen(state.get(), shape, out, static_cast<snes::Style>(style));
    }
    return py::make_tuple(colours, rgb, owner, brightness, range_over, time_over, names_of(gaps.missing),
                          names_of(gaps.assumed), gaps.late_colours, gaps.field_assumed, gaps.late_obsel);
}

snes::Picture picture_of(const ByteView& view, const py::array& array) {
    if (array.ndim() != 3 || array.shape(2) != 3) throw py::value_error("a picture is uint8[height, width, 3]");
    return {view.bytes(), static_cast<std::size_t>(array.shape(0)), static_cast<std::size_t>(array.shape(1))};
}

py::tuple compare(const py::array& composed, const py::array& shown, bool half_pixel_left,
                  std::optional<unsigned> field) {
    const ByteView composed_view(composed);
    const ByteView shown_view(shown);
    const snes::Picture one = picture_of(composed_view, composed);
    const snes::Picture other = picture_of(shown_view, shown);
    Bytes differs({static_cast<py::ssize_t>(std::max(one.height, other.height)),
                   static_cast<py::ssize_t>(std::max(one.width, other.width))});
    const auto out = span_of(differs);
    std::size_t count = 0;
    {
        const GilReleased unlocked;
        count = snes::compare_pictures(one, other, {.half_pixel_left = half_pixel_left, .field = field}, out);
    }
    return py::make_tuple(count, differs);
}

// raw: uint8[height, pitch].
Bytes drawn_picture(const py::array& raw, std::size_t width, unsigned layout) {
    if (raw.ndim() != 2) throw py::value_error("raw is uint8[height, pitch]");
    if (layout >= snes::kPixelFormats) throw py::value_error("layout is 0 to 2");
    const ByteView view(raw);
    const snes::DrawnPicture picture{view.bytes(), static_cast<std::size_t>(raw.shape(0)), width,
                                     static_cast<std::size_t>(raw.shape(1)), static_cast<snes::PixelFormat>(layout)};
    if (width > picture.pitch / snes::pixel_bytes(picture.format)) {
        throw py::value_error(std::to_string(width) + " pixels do not fit in rows of " + std::to_string(picture.pitch) +
                              " bytes");
    }
    bool doubled = false;
    {
        const GilReleased unlocked;
        doubled = snes::is_doubled(picture);
    }
    Bytes rgb({raw.shape(0), static_cast<py::ssize_t>(doubled ? width / 2 : width), py::ssize_t{3}});
    const auto out = span_of(rgb);
    {
        const GilReleased unlocked;
        snes::to_rgb(picture, doubled, out);
    }
    return rgb;
}

py::tuple layer(const py::object& vram, const Colours& cgram, const py::object& oam, unsigned index,
                const RegisterValues& registers, const std::optional<py::object>& raster) {
    const State state(vram, cgram, oam, registers, raster, std::nullopt);
    if (index > 3) throw py::value_error("there is no layer " + std::to_string(index + 1));
    const snes::LayerShape shape = snes::layer_shape(state.get(), index);
    const std::vector<py::ssize_t> size{static_cast<py::ssize_t>(shape.lines * shape.fields),
                                        static_cast<py::ssize_t>(shape.width)};
    Bytes colours(size);
    py::array_t<bool> opaque(size);
    Bytes priority(size);
    py::array_t<bool> tiles(static_cast<py::ssize_t>(snes::kVramTiles));
    static_assert(sizeof(bool) == 1);
    const auto flags_of = [](py::array_t<bool>& array) {
        return std::span(reinterpret_cast<std::uint8_t*>(array.mutable_data()), static_cast<std::size_t>(array.size()));
    };
    const snes::LayerPlanes planes{span_of(colours), flags_of(opaque), span_of(priority)};
    const auto flags = flags_of(tiles).first<snes::kVramTiles>();
    std::ranges::fill(flags, std::uint8_t{0});
    snes::RegisterSet missing;
    {
        const GilReleased unlocked;
        missing = snes::draw_layer_planes(state.get(), index, shape, planes, flags);
    }
    for (const py::array& array : {py::array(colours), py::array(opaque), py::array(priority)}) freeze(array);
    return py::make_tuple(shape.depth, colours, opaque, priority, tiles, names_of(missing));
}

py::array_t<std::uint16_t> cgram_at(const Colours& cgram, std::optional<unsigned> cgadd, const py::object& raster,
                                    unsigned row) {
    if (cgram.size() != static_cast<py::ssize_t>(snes::kColours)) throw py::value_error("cgram has 256 colours");
    const auto writes = raster_of(raster);
    snes::Registers registers;
    if (cgadd.has_value()) registers.set(snes::index_of(snes::Reg::cgadd), *cgadd);
    snes::Raster rows(registers, snes::Cgram(cgram.data(), snes::kColours), writes);
    rows.advance(row);
    py::array_t<std::uint16_t> colours(static_cast<py::ssize_t>(snes::kColours));
    std::ranges::copy(rows.cgram(), colours.mutable_data());
    return colours;
}

py::bytes row_changes(const Colours& cgram, const RegisterValues& values, const py::object& raster, unsigned lines) {
    if (cgram.size() != static_cast<py::ssize_t>(snes::kColours)) throw py::value_error("cgram has 256 colours");
    const auto writes = raster_of(raster);
    snes::Registers registers = registers_of(values);
    std::array<std::uint16_t, snes::kColours> colours;
    std::copy_n(cgram.data(), snes::kColours, colours.begin());
    snes::Raster rows(registers, colours, writes);
    std::string found;
    const auto add = [&found](unsigned row, std::size_t what, unsigned value) {
        for (const std::size_t word : {std::size_t{row}, what, std::size_t{value}}) {
            found += static_cast<char>(word & 0xFF);
            found += static_cast<char>(word >> 8);
        }
    };
    for (unsigned row = 0; row < lines; ++row) {
        if (!rows.advance(row) && row != 0) continue;
        if (!std::ranges::equal(rows.cgram(), colours)) {
            for (std::size_t n = 0; n < colours.size(); ++n) {
                const std::uint16_t colour = rows.cgram()[n] & 0x7FFF;
                if (colour != (colours[n] & 0x7FFF)) add(row, n, colour);
                colours[n] = rows.cgram()[n];
            }
        }
        for (unsigned n = 0; n < snes::kRegisters; ++n) {
            if (n == snes::index_of(snes::Reg::cgadd) || !rows.registers().knows(snes::Reg::inidisp, n)) continue;
            const unsigned value = rows.registers().at(snes::Reg::inidisp, n);
            const bool known = registers.knows(snes::Reg::inidisp, n);
            if (!known || value != registers.at(snes::Reg::inidisp, n)) add(row, snes::kColours + n, value);
        }
        registers = rows.registers();
    }
    return {found};
}

py::tuple register_names() {
    py::list names;
    for (const char* name : snes::kRegisterNames) names.append(name);
    return py::tuple(names);
}

py::tuple layer_depths() {
    py::tuple modes(8);
    for (unsigned mode = 0; mode < 8; ++mode) {
        py::tuple depths(snes::kLayers);
        for (unsigned layer = 0; layer < snes::kLayers; ++layer) {
            depths[layer] = py::int_(snes::background_depth(mode, layer));
        }
        modes[mode] = depths;
    }
    return modes;
}

}  // namespace

void bind_screen(py::module_& module) {
    using py::arg;
    module.def(
        "snes_layer_depths", &layer_depths,
        "Bits per pixel of BG1 to BG4 by BG mode, 0 for no such layer; in mode 7 of BG1, and of BG2 with EXTBG.");
    module.def("snes_register_names", &register_names, "The fields of PpuRegisters, in the order of `registers`.");
    module.def("snes_compose", &compose, arg("vram"), arg("cgram"), arg("oam"), arg("registers"),
               arg("raster") = py::none(), arg("field") = py::none(), arg("style") = 0,
               "Compose the picture in a style, 0 console, 1 snes9x 1.54, 2 later snes9x: (colours uint16[h, w], rgb "
               "uint8[h, w, 3], owner int16[h, w], brightness uint8[h],"
               " range_over uint8[lines], time_over uint8[lines], names of the registers that are missing, of those "
               "assumed to be 0, whether colours were first written below the top row, whether the field is assumed, "
               "whether OBSEL changed "
               "under sprites).");
    module.def("snes_cgram_at", &cgram_at, arg("cgram"), arg("cgadd"), arg("raster"), arg("row"),
               "The palette of a row of the picture, uint16[256] with bit 15 clear.");
    module.def(
        "snes_row_changes", &row_changes, arg("cgram"), arg("registers"), arg("raster"), arg("lines"),
        "What changes from row to row, as uint16 words: row, what, value. `what` is a colour, or 256 and the number "
        "of a register. Row 0 has what differs there from `cgram` and `registers`. CGADD is left out.");
    module.def("snes_compare", &compare, arg("composed"), arg("shown"), arg("half_pixel_left"), arg("field"),
               "Compare two pictures uint8[h, w, 3] in 5 bits: (differing pixels, uint8[h, w] 1 where they differ).");
    module.def("snes_drawn_picture", &drawn_picture, arg("raw"), arg("width"), arg("layout"),
               "Convert a core's picture, uint8[h, pitch] with `width` pixels a row in layout 0 RGB1555, 1 XRGB8888 or "
               "2 RGB565, to uint8[h, w, 3]. Of 512 columns that are 256 doubled ones, 256 are returned.");
    module.def(
        "snes_layer", &layer, arg("vram"), arg("cgram"), arg("oam"), arg("index"), arg("registers"),
        arg("raster") = py::none(),
        "Draw layer 0 to 3: (depth, colours uint8[h, w], opaque bool[h, w], priority uint8[h, w], bool[2048] the "
        "VRAM tiles, 32 bytes each, that were read, names of the registers that are missing).");
}

}  // namespace halscope::python
