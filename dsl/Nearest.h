#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace halftone {

/// The nearest fix for an unknown word: "did you mean frame" when one of `known` is close, else
/// "use one of index, frame, place".
std::string nearestFix(std::string_view word, std::span<const std::string_view> known);
std::string nearestFix(std::string_view word, std::initializer_list<std::string_view> known);

} // namespace halftone
