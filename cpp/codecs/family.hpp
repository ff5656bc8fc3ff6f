// The table row of a codec in HAL's family of formats, built from its hal::Format and its packers' statistics.
#pragma once
#include "codecs/decoder.hpp"
#include "codecs/native_codec.hpp"
#include "hal/pack.hpp"
#include "hal/scan_step.hpp"

namespace halscope::codecs {

template <hal::Format format, const locate::KindRates& kind_after>
class Family {
  public:
    // `decode` replaces the decoder that the family shares.
    static constexpr NativeCodec row(std::string_view name, std::string_view title,
                                     decltype(NativeCodec::decode) decode = &decode_family<format>) noexcept {
        return {.name = name,
                .title = title,
                .decode = decode,
                .encode = &hal::pack<format>,
                .scan = &hal::scan_format<format>,
                .command_evidence = &command_evidence,
                .stream_evidence = &stream_evidence,
                .format = &kFormat};
    }

  private:
    static constexpr hal::Format kFormat = format;

    static const locate::Model& model() noexcept {
        static const locate::Model known(format, kind_after);
        return known;
    }
    static std::vector<float> command_evidence(Bytes rom, std::span<const std::uint32_t> offsets, const Work& work) {
        return locate::command_evidence(rom, offsets, model(), work);
    }
    static locate::Evidence stream_evidence(Bytes rom, std::size_t offset, Bytes output) noexcept {
        return locate::stream_evidence(rom, offset, output, model());
    }
};

}  // namespace halscope::codecs
