#pragma once

#include <rapidcheck.h>

#include <iostream>
#include <string>

namespace halftone::test {

/// Runs a rapidcheck property on `cases` random cases. A failure prints the shrunk case and the
/// seed; RC_PARAMS="seed=..." repeats it.
template <typename Property> bool holds(const std::string &name, int cases, Property &&property) {
  rc::detail::TestMetadata metadata{name, name};
  rc::detail::TestParams parameters = rc::detail::configuration().testParams;
  parameters.maxSuccess = cases;
  rc::detail::TestResult result =
      rc::detail::checkTestable(std::forward<Property>(property), metadata, parameters);
  bool success = result.template is<rc::detail::SuccessResult>();
  if (!success) {
    std::cerr << name << ": ";
    rc::detail::printResultMessage(result, std::cerr);
    std::cerr << std::endl;
  }
  return success;
}

} // namespace halftone::test
