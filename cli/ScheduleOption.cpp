#include "cli/ScheduleOption.h"

#include <map>
#include <sstream>

namespace halftone::cli {
namespace {

/// Puts the "name=value" words of `text` into `fields`.
void putFields(const std::string &text, std::map<std::string, std::string> &fields) {
  std::istringstream words(text);
  for (std::string word; words >> word;)
    fields[word.substr(0, word.find('='))] = word;
}

} // namespace

Result<Schedule> chooseSchedule(std::string_view text, const Problem &problem,
                                const Target &target) {
  return chooseSchedule(text, defaultSchedule(problem, target), problem, target);
}

Result<Schedule> chooseSchedule(std::string_view text, Schedule schedule, const Problem &problem,
                                const Target &target) {
  if (!text.empty()) {
    // Read alone first, so that a mistake is reported in the user's words.
    if (auto given = Schedule::parse(text); !given)
      return given.error();
    std::map<std::string, std::string> fields;
    putFields(schedule.text(), fields);
    putFields(std::string(text), fields);
    std::string merged;
    for (const auto &[name, word] : fields)
      merged += (merged.empty() ? "" : " ") + word;
    auto full = Schedule::parse(merged);
    if (!full)
      return full.error();
    schedule = *full;
  }
  if (Status status = checkSchedule(problem, schedule, target); !status)
    return status.error();
  return schedule;
}

} // namespace halftone::cli
