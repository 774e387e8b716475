#include "cli/ScheduleOption.h"

#include "cli/Console.h"
#include "cli/Machine.h"
#include "kernels/Assembler.h"

#include <map>
#include <sstream>

namespace halftone::cli {
namespace {

/// Puts the "name=value" words of `text` into `fields`, but those whose names are there.
void putFields(const std::string &text, std::map<std::string, std::string> &fields) {
  std::istringstream words(text);
  for (std::string word; words >> word;)
    fields.try_emplace(word.substr(0, word.find('=')), word);
}

} // namespace

Result<Schedule> chooseSchedule(std::string_view text, const Problem &problem,
                                const Target &target) {
  Schedule schedule = defaultSchedule(problem, target);
  if (!text.empty()) {
    // Read alone first, so that a mistake is reported in the user's words.
    auto given = Schedule::parse(text);
    if (!given)
      return given.error();
    std::map<std::string, std::string> fields;
    putFields(std::string(text), fields);
    // What is printed leaves out what is unset, which is not what the default has.
    bool isWhole = fields.contains("tileQ") && fields.contains("tileK") &&
                   fields.contains("stages") && fields.contains("order");
    if (!isWhole) {
      putFields(schedule.text(), fields); // the others
      std::string merged;
      for (const auto &[name, word] : fields)
        merged += (merged.empty() ? "" : " ") + word;
      given = Schedule::parse(merged);
      if (!given)
        return given.error();
    }
    schedule = *given;
  }
  if (Status status = checkSchedule(problem, schedule, target); !status)
    return status.error();
  return schedule;
}

Result<TunedSchedule> chooseScheduleHere(Console &console, std::string_view text,
                                         const Problem &problem, const Place &place,
                                         const CompileOptions &compiler) {
  if (!text.empty()) {
    Result<Schedule> schedule = chooseSchedule(text, problem, place.target);
    if (!schedule)
      return schedule.error();
    return TunedSchedule{*schedule, false, "given schedule"};
  }
  Result<Assembler> assembler = Assembler::of(place.target, &place.device, compiler.ptxas);
  if (!assembler)
    return assembler.error();
  ConfigurationStore store;
  TunedSchedule tuned = TunedSchedule::of(problem, place.target, place.device,
                                          assembler->versionOn(place.device), store);
  for (const std::string &warning : store.takeWarnings())
    console.warn(warning);
  return tuned;
}

} // namespace halftone::cli
