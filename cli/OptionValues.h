#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace halftone::cli {

// Options whose values are read strictly: a whole number is decimal and fits, a list has no empty
// element; what is not so is refused in one line that names the option.

/// Text that is not empty: an empty one is most likely an unset variable of a script.
CLI::Option *addText(CLI::App &app, const std::string &name, std::string &value,
                     const std::string &help);
CLI::Option *addWhole(CLI::App &app, const std::string &name, std::optional<int64_t> &value,
                      const std::string &help);
CLI::Option *addWhole(CLI::App &app, const std::string &name, int64_t &value,
                      const std::string &help);
CLI::Option *addNumber(CLI::App &app, const std::string &name, std::optional<double> &value,
                       const std::string &help);
CLI::Option *addWholeList(CLI::App &app, const std::string &name, std::vector<int64_t> &values,
                          const std::string &help);

} // namespace halftone::cli
