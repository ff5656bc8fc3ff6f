// Letters of 3 by 5 pixels, for labels on the emulator's picture.
#pragma once
#include <array>
#include <cstdint>

namespace halscope::tap {

inline constexpr int kLetterColumns = 3, kLetterRows = 5;

// From the space on to the underscore; small letters are drawn as capitals. An octal digit is a row, from the top; its
// highest bit is the left pixel.
inline constexpr std::array<std::uint16_t, 64> kLetters{
    000000, 022202, 055000, 057575, 036236, 051245, 025253, 022000,  //  !"#$%&'
    012221, 042224, 005250, 002720, 000024, 000700, 000002, 011244,  // ()*+,-./
    075557, 026227, 071747, 071317, 055711, 074717, 074757, 071122,  // 01234567
    075757, 075717, 002020, 002024, 012421, 007070, 042124, 071202,  // 89:;<=>?
    025543, 025755, 065656, 034443, 065556, 074647, 074644, 034553,  // @ABCDEFG
    055755, 072227, 011152, 055655, 044447, 057755, 065555, 025552,  // HIJKLMNO
    065644, 025563, 065655, 034216, 072222, 055557, 055552, 055775,  // PQRSTUVW
    055255, 055222, 071247, 064446, 044211, 031113, 025000, 000007,  // XYZ[\]^_
};

// The rows of a character, 15 bits; of a question mark if there is no such letter.
[[nodiscard]] constexpr std::uint16_t letter_of(char character) noexcept {
    unsigned code = static_cast<unsigned char>(character);
    if (code >= 'a' && code <= 'z') code -= 'a' - 'A';
    return kLetters[(code >= ' ' && code <= '_' ? code : unsigned{'?'}) - ' '];
}

}  // namespace halscope::tap
