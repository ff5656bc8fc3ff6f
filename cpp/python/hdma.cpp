// Python bindings of cpp/snes/hdma.hpp.
#include "snes/hdma.hpp"

#include <array>
#include <bit>
#include <string>

#include "python/bindings.hpp"

namespace halscope::python {
namespace {

namespace py = pybind11;
using Pages = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

constexpr unsigned kMostLines = 312;
constexpr std::size_t kRowBytes = 8;

static_assert(std::endian::native == std::endian::little, "RASTER_DTYPE has a little-endian u2 and two u1");

// Microseconds of work, so it keeps the GIL.
py::tuple walk_hdma(const py::object& channels, unsigned enabled, const py::object& wram, const py::object& bwram,
                    const py::object& iram, const py::object& rom, const Pages& pages, unsigned lines,
                    bool cgadd_is_known) {
    const ByteView channel_view(channels);
    if (channel_view.bytes().size() != snes::kChannels * kRowBytes) {
        throw py::value_error("channels must have 8 rows of 8 bytes");
    }
    const auto count = static_cast<std::size_t>(pages.size());
    if (count != 0 && count != snes::kHalfBanks) throw py::value_error("pages must have 512 offsets, or none");
    if (lines > kMostLines) throw py::value_error("lines must be 0 to " + std::to_string(kMostLines));
    std::array<snes::HdmaChannel, snes::kChannels> all{};
    for (std::size_t n = 0; n < all.size(); ++n) {
        const auto row = channel_view.bytes().subspan(n * kRowBytes, kRowBytes);
        const auto word = [&row](std::size_t low) { return static_cast<std::uint16_t>(row[low] | row[low + 1] << 8); };
        all[n] = {row[0], row[1], word(2), row[4], row[5], word(6)};
    }
    const ByteView wram_view(wram);
    const ByteView bwram_view(bwram);
    const ByteView iram_view(iram);
    const ByteView rom_view(rom);
    const snes::ConsoleBus bus{wram_view.bytes(), bwram_view.bytes(), iram_view.bytes(), rom_view.bytes(),
                               std::span(pages.data(), count)};
    const snes::HdmaWrites found = snes::walk_hdma(all, enabled, bus, lines, cgadd_is_known);
    const py::bytes writes(reinterpret_cast<const char*>(found.writes.data()),
                           found.writes.size() * sizeof(snes::RasterWrite));
    return py::make_tuple(writes, found.complete);
}

}  // namespace

void bind_hdma(py::module_& module) {
    using py::arg;
    module.def("snes_walk_hdma", &walk_hdma, arg("channels"), arg("enabled"), arg("wram"), arg("bwram"), arg("iram"),
               arg("rom"), arg("pages"), arg("lines"), arg("cgadd_is_known"),
               "Follow HDMA through `lines` transfers: (rows of RASTER_DTYPE as bytes, whether they are all). "
               "`channels`: 8 rows of $43n0, $43n1, $43n2/3, $43n4, $43n7, $43n8/9. Memories may be empty; `pages` is "
               "int64[512], the ROM offset of each half bank, or empty.");
}

}  // namespace halscope::python
