// Python bindings of cpp/locate: flat functions over arrays, composed by halscope.rom.
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>

#include "codecs/native_codec.hpp"
#include "core/parallel.hpp"
#include "hal/hal.hpp"
#include "locate/economy.hpp"
#include "locate/fingerprint.hpp"
#include "locate/grams.hpp"
#include "locate/index.hpp"
#include "locate/numbering.hpp"
#include "locate/pointers.hpp"
#include "locate/ranking.hpp"
#include "locate/recurrence.hpp"
#include "locate/shapes.hpp"
#include "locate/support.hpp"
#include "locate/tagged.hpp"
#include "locate/transform.hpp"
#include "python/bindings.hpp"

namespace py = pybind11;

namespace halscope::python {
namespace {

// An array of exactly this type is used without a copy (a mapped cache file too); any other is converted.
template <typename T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;
using Offsets = Array<std::uint32_t>;

template <typename T>
std::span<const T> span_of(const Array<T>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

std::span<const std::uint8_t> indexable(const ByteView& rom) {
    if (rom.bytes().size() > UINT32_MAX) throw py::value_error("a ROM of 4 GiB or more cannot be indexed");
    return rom.bytes();
}

locate::Text text_of(const ByteView& outputs, const Offsets& bounds, const ByteView& rom) {
    const locate::Text text{outputs.bytes(), span_of(bounds), rom.bytes()};
    if (!locate::valid(text)) throw py::value_error("bounds must ascend from 0 to the length of outputs");
    return text;
}

// The token and threads of a call from Python; threads 0: the usual number.
Work work_of(const CancelToken* cancel, unsigned threads) {
    return {threads == 0 ? usual_threads() : threads, cancel};
}

using Codecs = std::vector<const codecs::NativeCodec*>;

// For each offset, the index in `all` of the codec to read it with.
std::span<const std::uint8_t> numbers_of(const Array<std::uint8_t>& numbers, const Codecs& all,
                                         const Offsets& offsets) {
    const auto each = span_of(numbers);
    if (numbers.size() != offsets.size() ||
        std::any_of(each.begin(), each.end(), [&all](auto one) { return one >= all.size(); })) {
        throw py::value_error("each offset needs a codec number in range");
    }
    return each;
}

py::array_t<float> command_evidence(const py::object& rom, const Offsets& offsets, const codecs::NativeCodec& codec,
                                    const CancelToken* cancel, unsigned threads) {
    const ByteView view(rom);
    const auto bytes = indexable(view);
    std::vector<float> evidence;
    {
        const GilReleased unlocked;
        evidence = codec.command_evidence(bytes, span_of(offsets), work_of(cancel, threads));
    }
    return to_array(std::move(evidence));
}

// float32[n, 2 + styles]: evidence of the commands, of the texture, and of the joints for each style; -infinity where
// no strict stream begins.
py::array_t<float> stream_evidence(const py::object& rom, const Offsets& offsets, const Codecs& all,
                                   const Array<std::uint8_t>& numbers, const CancelToken* cancel, unsigned threads) {
    const ByteView view(rom);
    const auto bytes = indexable(view);
    const auto starts = span_of(offsets);
    const auto number = numbers_of(numbers, all, offsets);
    constexpr std::size_t kStartsOfPart = 32;
    constexpr std::size_t kColumns = 2 + locate::kStyles;
    std::vector<float> evidence(kColumns * starts.size());
    {
        const GilReleased unlocked;
        const std::size_t parts = (starts.size() + kStartsOfPart - 1) / kStartsOfPart;
        for_each_part(parts, work_of(cancel, threads), [&](std::size_t part) {
            // Not zeroed: that would take longer than decoding most of the streams.
            const auto memory = std::make_unique_for_overwrite<std::uint8_t[]>(hal::kMaxOutput);
            const std::span<std::uint8_t> output(memory.get(), hal::kMaxOutput);
            const std::size_t end = std::min(starts.size(), (part + 1) * kStartsOfPart);
            for (std::size_t k = part * kStartsOfPart; k < end; ++k) {
                stop_if_cancelled(cancel);
                const codecs::NativeCodec& codec = *all[number[k]];
                const hal::DecodeResult block = codec.decode(bytes, starts[k], hal::Mode::strict, output);
                constexpr float kNone = -std::numeric_limits<float>::infinity();
                locate::Evidence one{kNone, kNone, {}};
                if (block.status == hal::Status::ok) {
                    one = codec.stream_evidence(bytes, starts[k], output.first(block.size));
                }
                float* row = evidence.data() + kColumns * k;
                row[0] = one.commands;
                row[1] = one.texture;
                std::copy(one.joints.begin(), one.joints.end(), row + 2);
            }
        });
    }
    return to_array(std::move(evidence)).reshape(std::array<py::ssize_t, 2>{-1, kColumns});
}

// The decoded streams, concatenated, and their bounds; a stream that does not decode is empty.
py::tuple decode_all(const py::object& rom, const Offsets& offsets, const Codecs& all,
                     const Array<std::uint8_t>& numbers, const CancelToken* cancel) {
    const ByteView view(rom);
    const auto bytes = indexable(view);
    const auto starts = span_of(offsets);
    const auto number = numbers_of(numbers, all, offsets);
    std::vector<std::uint8_t> outputs;
    std::vector<std::uint32_t> bounds{0};
    {
        const GilReleased unlocked;
        std::vector<std::uint8_t> output(hal::kMaxOutput);
        for (std::size_t k = 0; k < starts.size(); ++k) {
            stop_if_cancelled(cancel);
            const hal::DecodeResult block = all[number[k]]->decode(bytes, starts[k], hal::Mode::strict, output);
            if (block.status == hal::Status::ok) {
                outputs.insert(outputs.end(), output.begin(), output.begin() + static_cast<std::ptrdiff_t>(block.size));
            }
            if (outputs.size() > UINT32_MAX) break;
            bounds.push_back(static_cast<std::uint32_t>(outputs.size()));
        }
    }
    if (outputs.size() > UINT32_MAX) throw py::value_error("more than 4 GiB of output to index");
    return py::make_tuple(to_array(std::move(outputs)), to_array(std::move(bounds)));
}

// uint32[n, 2]: grams, and those that recur.
py::array_t<std::uint32_t> recurrence(const py::object& rom, const Offsets& offsets, const Offsets& sizes,
                                      const CancelToken* cancel, unsigned threads) {
    const ByteView view(rom);
    const auto bytes = indexable(view);
    if (offsets.size() != sizes.size()) throw py::value_error("each offset needs a size");
    std::vector<locate::Stretch> stretches;
    for (std::size_t k = 0; k < span_of(offsets).size(); ++k) {
        stretches.push_back({span_of(offsets)[k], span_of(sizes)[k]});
    }
    std::vector<std::uint32_t> result;
    {
        const GilReleased unlocked;
        for (const locate::Recurrence& one : locate::recurrence(bytes, stretches, work_of(cancel, threads))) {
            result.push_back(one.grams);
            result.push_back(one.recurring);
        }
    }
    return to_array(std::move(result)).reshape({-1, 2});
}

py::array_t<locate::Reference> references(const py::object& rom, const Array<std::int64_t>& pages,
                                          const Offsets& targets, const CancelToken* cancel, unsigned threads) {
    const ByteView view(rom);
    const auto bytes = indexable(view);
    if (pages.size() != locate::kPages) throw py::value_error("pages must have 512 entries");
    std::vector<locate::Reference> found;
    {
        const GilReleased unlocked;
        found =
            locate::find_references(bytes, std::span<const std::int64_t, locate::kPages>(pages.data(), locate::kPages),
                                    span_of(targets), work_of(cancel, threads));
    }
    return to_array(std::move(found));
}

// Whether each of so many starts has a grade.
bool are_grades(std::span<const std::uint8_t> grades, std::size_t count) {
    return grades.size() == count &&
           std::all_of(grades.begin(), grades.end(), [](std::uint8_t one) { return one <= locate::kSharp; });
}

// Whether each reference lies in the ROM, and leads to one of so many targets.
bool are_inside(std::span<const locate::Reference> found, std::span<const std::uint8_t> rom, std::size_t targets) {
    return std::all_of(found.begin(), found.end(), [&](const locate::Reference& one) {
        return one.target < targets && std::size_t{one.position} + 3 <= rom.size();
    });
}

py::array_t<locate::TableEntry> tables(const py::object& rom, const Array<locate::Reference>& found,
                                       const Offsets& families, const std::optional<py::object>& grades,
                                       const Offsets& strides, float hit, float miss, float threshold,
                                       const CancelToken* cancel, unsigned threads) {
    const ByteView view(rom);
    const auto bytes = indexable(view);
    const std::optional<ByteView> grade_view = grades ? std::optional<ByteView>(*grades) : std::nullopt;
    const auto all = span_of(found);
    const auto count = static_cast<std::size_t>(families.size());
    if (!are_inside(all, bytes, count) ||
        !std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.position < b.position; })) {
        throw py::value_error("references must ascend within the ROM, each to a target that has a family");
    }
    if (grade_view && !are_grades(grade_view->bytes(), count)) throw py::value_error("each target needs a grade");
    std::vector<locate::TableEntry> entries;
    {
        const GilReleased unlocked;
        const Work work = work_of(cancel, threads);
        std::vector<locate::PointerGroup> tagged;
        if (grade_view) {
            const locate::LikelyStarts starts{{}, span_of(families), grade_view->bytes()};
            tagged = locate::find_tagged(bytes, all, starts, threshold, work);
        }
        entries = locate::find_tables(all, span_of(families), span_of(strides), hit, miss, threshold, tagged, work);
    }
    return to_array(std::move(entries));
}

py::tuple shapes(const py::object& rom, const Array<std::int64_t>& pages, const Offsets& offsets,
                 const Offsets& families, const py::object& grades, const Array<locate::Reference>& longs,
                 const Array<float>& evidence, const CancelToken* cancel, unsigned threads) {
    const ByteView view(rom);
    const ByteView grade_view(grades);
    const auto bytes = indexable(view);
    const auto targets = span_of(offsets);
    const auto found = span_of(longs);
    const std::size_t count = targets.size();
    if (pages.size() != locate::kPages) throw py::value_error("pages must have 512 entries");
    if (span_of(families).size() != count || !are_grades(grade_view.bytes(), count) ||
        !std::is_sorted(targets.begin(), targets.end()) || (count > 0 && targets.back() >= bytes.size())) {
        throw py::value_error("starts must ascend within the ROM, each with a family and a grade");
    }
    if (span_of(evidence).size() != found.size() || !are_inside(found, bytes, count)) {
        throw py::value_error("a reference is outside the ROM, or has no target or no evidence");
    }
    locate::FoundShapes result;
    {
        const GilReleased unlocked;
        result = locate::find_shapes(bytes, std::span<const std::int64_t, locate::kPages>(pages.data(), locate::kPages),
                                     {targets, span_of(families), grade_view.bytes()}, found, span_of(evidence),
                                     work_of(cancel, threads));
    }
    return py::make_tuple(to_array(std::move(result.references)), to_array(std::move(result.groups)));
}

py::array_t<std::uint32_t> grams_in(const py::object& memory, const Offsets& grams) {
    const ByteView view(memory);
    const auto bytes = indexable(view);
    std::vector<std::uint32_t> places;
    {
        const GilReleased unlocked;
        places = locate::find_grams(bytes, span_of(grams));
    }
    return to_array(std::move(places));
}

py::array_t<std::uint32_t> numbered(const Offsets& values) {
    std::vector<std::uint32_t> numbers;
    {
        const GilReleased unlocked;
        numbers = locate::numbered(span_of(values));
    }
    return to_array(std::move(numbers));
}

py::tuple build(const py::object& outputs, const Offsets& bounds, const py::object& rom, const CancelToken* cancel,
                unsigned threads) {
    const ByteView output_view(outputs);
    const ByteView rom_view(rom);
    const locate::Text text = text_of(output_view, bounds, rom_view);
    locate::IndexArrays index;
    {
        const GilReleased unlocked;
        index = locate::build_index(text, work_of(cancel, threads));
    }
    return py::make_tuple(to_array(std::move(index.buckets)), to_array(std::move(index.positions)));
}

py::array_t<locate::Match> lookup(const py::object& outputs, const Offsets& bounds, const py::object& rom,
                                  const Offsets& buckets, const Offsets& positions, const py::object& tiles,
                                  std::size_t limit) {
    const ByteView output_view(outputs);
    const ByteView rom_view(rom);
    const ByteView tile_view(tiles);
    const locate::Text text = text_of(output_view, bounds, rom_view);
    std::vector<locate::Match> matches;
    {
        const GilReleased unlocked;
        matches = locate::lookup(text, span_of(buckets), span_of(positions), tile_view.bytes(), limit);
    }
    return to_array(std::move(matches));
}

py::array_t<bool> informative(const py::object& tiles) {
    const ByteView view(tiles);
    py::array_t<bool> result(static_cast<py::ssize_t>(view.bytes().size() / locate::kTileBytes));
    bool* const flags = result.mutable_data();
    for (std::size_t k = 0; k < view.bytes().size() / locate::kTileBytes; ++k) {
        flags[k] = locate::informative(view.bytes().data() + k * locate::kTileBytes);
    }
    return result;
}

// The table of transforms: the identity, then the rows. `parts` is uint8[n, 32, 3] with 32 for zero, `known` uint8[n,
// 32], `columns` uint32[n, 4]: stored, window, step and units.
std::vector<locate::Transform> transforms_of(const py::object& parts, const py::object& known, const Offsets& columns) {
    const ByteView part_view(parts);
    const ByteView known_view(known);
    const auto rows = static_cast<std::size_t>(columns.size() / 4);
    constexpr std::size_t kParts = locate::kTileBytes * locate::Transform::kMostParts;
    if (static_cast<std::size_t>(columns.size()) != 4 * rows || rows >= locate::kMostTransforms ||
        part_view.bytes().size() != kParts * rows || known_view.bytes().size() != locate::kTileBytes * rows) {
        throw py::value_error("the arrays of the transforms do not match");
    }
    std::vector<locate::Transform> table{locate::identity()};
    for (std::size_t row = 0; row < rows; ++row) {
        const std::uint32_t* const column = columns.data() + 4 * row;
        locate::Transform one{.stored = column[0],
                              .window = column[1],
                              .step = column[2],
                              .units = column[3],
                              .parts = {},
                              .known = {},
                              .zero = {},
                              .byte_alone = {},
                              .checked = {},
                              .checks = 0};
        for (std::size_t k = 0; k < locate::kTileBytes; ++k) {
            const std::uint8_t* const at = part_view.bytes().data() + kParts * row + k * locate::Transform::kMostParts;
            std::copy_n(at, locate::Transform::kMostParts, one.parts[k].begin());
            one.known[k] = known_view.bytes()[locate::kTileBytes * row + k] != 0 ? 0xFF : 0;
        }
        locate::complete(one);
        if (!locate::valid(one)) throw py::value_error("a transform loses stored bytes, or is out of range");
        table.push_back(one);
    }
    return table;
}

// uint32[n, 4]: patch, run, width and gap, of plain places.
py::array_t<std::uint32_t> support(const py::object& outputs, const Offsets& bounds, const py::object& rom,
                                   const Array<locate::Place>& places, const py::object& tiles) {
    const ByteView output_view(outputs);
    const ByteView rom_view(rom);
    const ByteView tile_view(tiles);
    const locate::Text text = text_of(output_view, bounds, rom_view);
    const auto all = span_of(places);
    const auto before = [](const locate::Place& a, const locate::Place& b) {
        return a.tile != b.tile ? a.tile < b.tile : a.source != b.source ? a.source < b.source : a.at < b.at;
    };
    if (!std::is_sorted(all.begin(), all.end(), before) ||
        std::any_of(all.begin(), all.end(), [](const auto& one) { return one.transform != 0; }) ||
        (!all.empty() && all.back().tile >= tile_view.bytes().size() / locate::kTileBytes)) {
        throw py::value_error("places must be plain and ascend by tile, source and offset, within the tiles");
    }
    std::vector<std::uint32_t> result;
    {
        const GilReleased unlocked;
        result.reserve(4 * all.size());
        for (const locate::Support& one :
             locate::neighbour_support(text, std::span(&locate::identity(), 1), all, tile_view.bytes())) {
            result.push_back(one.patch);
            result.push_back(one.run);
            result.push_back(one.width);
            result.push_back(one.gap);
        }
    }
    return to_array(std::move(result)).reshape({-1, 4});
}

// An index to be queried: the arrays, kept alive by this object, and the view of them.
class Atlas {
  public:
    Atlas(const py::object& outputs, Offsets bounds, const py::object& rom, Offsets buckets, Offsets positions,
          Offsets family, Offsets size, Offsets offset, Array<float> evidence, const py::object& kind,
          const py::object& plausible, const py::object& packed, const py::object& expected, const py::object& parts,
          const py::object& known, const Offsets& transforms, std::size_t most_places, std::size_t most_twins)
        : bytes_{std::make_unique<ByteView>(outputs), std::make_unique<ByteView>(rom),
                 std::make_unique<ByteView>(kind),    std::make_unique<ByteView>(plausible),
                 std::make_unique<ByteView>(packed),  std::make_unique<ByteView>(expected)},
          offsets_{std::move(bounds), std::move(buckets), std::move(positions),
                   std::move(family), std::move(size),    std::move(offset)},
          evidence_(std::move(evidence)),
          transforms_(transforms_of(parts, known, transforms)),
          view_{{bytes_[0]->bytes(), span_of(offsets_[0]), bytes_[1]->bytes()},
                span_of(offsets_[1]),
                span_of(offsets_[2]),
                {span_of(offsets_[3]), span_of(offsets_[4]), span_of(offsets_[5]), span_of(evidence_),
                 bytes_[2]->bytes(), bytes_[3]->bytes(), bytes_[4]->bytes(), bytes_[5]->bytes()},
                transforms_,
                most_places,
                most_twins} {
        if (!locate::valid(view_)) throw py::value_error("the arrays of the index do not match");
    }
    [[nodiscard]] const locate::Atlas& view() const noexcept { return view_; }

  private:
    std::array<std::unique_ptr<ByteView>, 6> bytes_;
    std::array<Offsets, 6> offsets_;
    Array<float> evidence_;
    std::vector<locate::Transform> transforms_;
    locate::Atlas view_;
};

// The GIL is released during an update, so a lock serializes the callers.
class Follower {
  public:
    Follower(const Atlas& atlas, bool neighbours) : follower_(atlas.view(), neighbours) {}

    // Returns uint32[n + 1] starts, (segment, offset) answers, bool[n] informative; None if nothing has changed.
    py::object update(const py::object& tiles, const std::optional<Offsets>& changed) {
        const ByteView view(tiles);
        const std::size_t count = view.bytes().size() / locate::kTileBytes;
        std::vector<std::uint32_t> asked;
        if (changed.has_value()) {
            const auto named = span_of(*changed);
            asked.assign(named.begin(), named.end());
            std::sort(asked.begin(), asked.end());
            asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
            if (!asked.empty() && asked.back() >= count) throw py::value_error("a changed tile is out of range");
        } else {
            asked.resize(count);
            std::iota(asked.begin(), asked.end(), 0U);
        }
        std::optional<locate::Answers> answers;
        {
            const GilReleased unlocked;
            const std::scoped_lock lock(mutex_);
            if (follower_.update(view.bytes().first(count * locate::kTileBytes), asked)) answers = follower_.answers();
        }
        if (!answers.has_value()) return py::none();
        py::array_t<bool> informative(static_cast<py::ssize_t>(count));
        std::copy(answers->informative.begin(), answers->informative.end(), informative.mutable_data());
        return py::make_tuple(to_array(std::move(answers->first)), to_array(std::move(answers->answers)), informative);
    }

  private:
    std::mutex mutex_;
    locate::Follower follower_;
};

std::uint64_t checksum(const py::object& data, std::uint64_t seed) {
    const ByteView view(data);
    const GilReleased unlocked;
    return locate::checksum(view.bytes(), seed);
}

}  // namespace

void bind_locate(py::module_& module) {
    PYBIND11_NUMPY_DTYPE(locate::Reference, position, target);
    PYBIND11_NUMPY_DTYPE(locate::TableEntry, evidence, table, stride);
    PYBIND11_NUMPY_DTYPE(locate::ShapedReference, low, high, bank, address, target, group);
    PYBIND11_NUMPY_DTYPE(locate::ShapeGroup, evidence, stride, shape);
    PYBIND11_NUMPY_DTYPE(locate::Match, tile, segment, offset);
    PYBIND11_NUMPY_DTYPE(locate::Place, tile, source, at, segment, offset, transform);
    PYBIND11_NUMPY_DTYPE(locate::Answer, segment, offset, transform);
    const py::metaclass plain(reinterpret_cast<PyObject*>(&PyType_Type));  // a metaclass that the type stubs can name
    py::class_<Atlas>(module, "LocateAtlas", py::is_final(), plain)
        .def(py::init<const py::object&, Offsets, const py::object&, Offsets, Offsets, Offsets, Offsets, Offsets,
                      Array<float>, const py::object&, const py::object&, const py::object&, const py::object&,
                      const py::object&, const py::object&, const Offsets&, std::size_t, std::size_t>(),
             py::arg("outputs"), py::arg("bounds"), py::arg("rom"), py::arg("buckets"), py::arg("positions"),
             py::arg("family"), py::arg("size"), py::arg("offset"), py::arg("evidence"), py::arg("kind"),
             py::arg("plausible"), py::arg("packed"), py::arg("expected"), py::arg("parts"), py::arg("known"),
             py::arg("transforms"), py::arg("most_places"), py::arg("most_twins"));
    py::class_<Follower>(module, "LocateFollower", py::is_final(), plain)
        .def(py::init<const Atlas&, bool>(), py::arg("atlas"), py::arg("neighbours") = true, py::keep_alive<1, 2>())
        .def("update", &Follower::update, py::arg("tiles"), py::arg("changed") = py::none());
    module.def("locate_command_evidence", &command_evidence, py::arg("rom"), py::arg("offsets"), py::arg("codec"),
               py::arg("cancel") = py::none(), py::arg("threads") = 0);
    module.def("locate_stream_evidence", &stream_evidence, py::arg("rom"), py::arg("offsets"), py::arg("codecs"),
               py::arg("numbers"), py::arg("cancel") = py::none(), py::arg("threads") = 0);
    module.def("locate_decode_all", &decode_all, py::arg("rom"), py::arg("offsets"), py::arg("codecs"),
               py::arg("numbers"), py::arg("cancel") = py::none());
    module.def("locate_references", &references, py::arg("rom"), py::arg("pages"), py::arg("targets"),
               py::arg("cancel") = py::none(), py::arg("threads") = 0);
    module.def("locate_tables", &tables, py::arg("rom"), py::arg("references"), py::arg("families"), py::arg("grades"),
               py::arg("strides"), py::arg("hit"), py::arg("miss"), py::arg("threshold"),
               py::arg("cancel") = py::none(), py::arg("threads") = 0);
    module.def("locate_shapes", &shapes, py::arg("rom"), py::arg("pages"), py::arg("offsets"), py::arg("families"),
               py::arg("grades"), py::arg("longs"), py::arg("evidence"), py::arg("cancel") = py::none(),
               py::arg("threads") = 0);
    module.def("locate_recurrence", &recurrence, py::arg("rom"), py::arg("offsets"), py::arg("sizes"),
               py::arg("cancel") = py::none(), py::arg("threads") = 0);
    module.def("locate_numbered", &numbered, py::arg("values"));
    module.def("locate_build", &build, py::arg("outputs"), py::arg("bounds"), py::arg("rom"),
               py::arg("cancel") = py::none(), py::arg("threads") = 0);
    module.def("locate_lookup", &lookup, py::arg("outputs"), py::arg("bounds"), py::arg("rom"), py::arg("buckets"),
               py::arg("positions"), py::arg("tiles"), py::arg("limit"));
    module.def("locate_grams", &grams_in, py::arg("memory"), py::arg("grams"));
    module.def("locate_informative", &informative, py::arg("tiles"));
    module.def("locate_support", &support, py::arg("outputs"), py::arg("bounds"), py::arg("rom"), py::arg("places"),
               py::arg("tiles"));
    module.def("locate_checksum", &checksum, py::arg("data"), py::arg("seed"));
}

}  // namespace halscope::python
