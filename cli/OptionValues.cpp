#include "cli/OptionValues.h"

#include <fmt/format.h>

#include <charconv>

namespace halftone::cli {
namespace {

template <typename T> T parsed(const std::string &name, std::string_view text, const char *what) {
  T value{};
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc::result_out_of_range)
    throw CLI::ValidationError(name, fmt::format("`{}` is out of range", text));
  if (failure != std::errc() || end != text.data() + text.size())
    throw CLI::ValidationError(name, fmt::format("`{}` is not {}", text, what));
  return value;
}

constexpr const char *whole = "a whole number";

} // namespace

CLI::Option *addText(CLI::App &app, const std::string &name, std::string &value,
                     const std::string &help) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string &text) {
            if (text.empty())
              throw CLI::ValidationError(name, "the value is empty");
            value = text;
          },
          help)
      ->type_name("TEXT");
}

CLI::Option *addWhole(CLI::App &app, const std::string &name, std::optional<int64_t> &value,
                      const std::string &help) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string &text) { value = parsed<int64_t>(name, text, whole); },
          help)
      ->type_name("N");
}

CLI::Option *addWhole(CLI::App &app, const std::string &name, int64_t &value,
                      const std::string &help) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string &text) { value = parsed<int64_t>(name, text, whole); },
          help)
      ->type_name("N")
      ->default_str(std::to_string(value));
}

CLI::Option *addNumber(CLI::App &app, const std::string &name, std::optional<double> &value,
                       const std::string &help) {
  return app
      .add_option_function<std::string>(
          name,
          [&value, name](const std::string &text) {
            value = parsed<double>(name, text, "a number");
          },
          help)
      ->type_name("X");
}

CLI::Option *addWholeList(CLI::App &app, const std::string &name, std::vector<int64_t> &values,
                          const std::string &help) {
  return app
      .add_option_function<std::string>(
          name,
          [&values, name](const std::string &text) {
            values.clear();
            for (size_t begin = 0; begin <= text.size();) {
              size_t end = std::min(text.find(',', begin), text.size());
              std::string_view word = std::string_view(text).substr(begin, end - begin);
              if (word.empty())
                throw CLI::ValidationError(name, fmt::format("`{}` has an empty place", text));
              values.push_back(parsed<int64_t>(name, word, whole));
              begin = end + 1;
            }
          },
          help)
      ->type_name("N,N,...");
}

} // namespace halftone::cli
