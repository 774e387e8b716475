#include "dsl/Schedule.h"

#include "dsl/Nearest.h"
#include "dsl/Scanner.h"

#include <vector>

namespace halftone {

namespace {

struct Field {
  std::string_view name;
  int Schedule::*member;
  int least, most;
};
constexpr Field fields[] = {
    {"tileQ", &Schedule::tileQ, 1, 1024},           {"tileK", &Schedule::tileK, 1, 1024},
    {"stages", &Schedule::stages, 1, 16},           {"warps", &Schedule::warps, 1, 32},
    {"vectorWidth", &Schedule::vectorWidth, 0, 64}, {"gather", &Schedule::gather, 0, 256},
    {"overlap", &Schedule::overlap, 0, 1},          {"pingPong", &Schedule::pingPong, 0, 1},
    {"skipRescale", &Schedule::skipRescale, 0, 1},  {"groupLists", &Schedule::groupLists, 0, 1},
    {"cluster", &Schedule::cluster, 1, 2}};

constexpr std::pair<std::string_view, WorkOrder> orders[] = {
    {"natural", WorkOrder::Natural},
    {"longFirst", WorkOrder::LongFirst},
    {"longestFirst", WorkOrder::LongestFirst},
    {"acrossFrames", WorkOrder::AcrossFrames}};

void readOrder(Scanner &scanner, WorkOrder &order) {
  Where at = scanner.where();
  std::string_view name = scanner.word();
  for (auto [known, value] : orders)
    if (name == known) {
      order = value;
      return;
    }
  scanner.fail("unknown order `" + std::string(name.substr(0, 40)) + "`",
               nearestFix(name, {"natural", "longFirst", "longestFirst", "acrossFrames"}), at);
}

void readNumber(Scanner &scanner, const Field &field, int &value) {
  Where at = scanner.where();
  int64_t number = scanner.integer();
  if (!scanner.failed() && (number < field.least || number > field.most))
    scanner.fail(std::string(field.name) + "=" + std::to_string(number) + " is out of range",
                 "use " + std::to_string(field.least) + ".." + std::to_string(field.most), at);
  if (!scanner.failed())
    value = int(number);
}

void readField(Scanner &scanner, Schedule &schedule, std::vector<std::string_view> &seen) {
  Where at = scanner.where();
  std::string_view name = scanner.peekWord();
  if (name.empty())
    return scanner.failExpected("a field such as tileQ=128");
  for (std::string_view earlier : seen)
    if (name == earlier)
      return scanner.fail("`" + std::string(name) + "` is given twice", "give it once", at);
  const Field *found = nullptr;
  for (const Field &field : fields)
    if (field.name == name)
      found = &field;
  if (!found && name != "order")
    return scanner.fail(
        "unknown field `" + std::string(name.substr(0, 40)) + "` of a schedule",
        nearestFix(name, {"tileQ", "tileK", "stages", "warps", "vectorWidth", "gather", "overlap",
                          "pingPong", "skipRescale", "groupLists", "cluster", "order"}),
        at);
  seen.push_back(name);
  scanner.word();
  if (!scanner.expect("="))
    return;
  if (found)
    readNumber(scanner, *found, schedule.*found->member);
  else
    readOrder(scanner, schedule.order);
}

} // namespace

std::string Schedule::text() const {
  std::string result;
  const Schedule unset;
  for (const Field &field : fields)
    if (this->*field.member != unset.*field.member || &field < fields + 3)
      result += std::string(field.name) + "=" + std::to_string(this->*field.member) + " ";
  result += "order=";
  for (auto [name, value] : orders)
    if (value == order)
      result += name;
  return result;
}

Result<Schedule> Schedule::parse(std::string_view text) {
  Scanner scanner(text);
  Schedule schedule;
  std::vector<std::string_view> seen;
  while (!scanner.failed() && !scanner.atEnd())
    readField(scanner, schedule, seen);
  if (scanner.failed())
    return scanner.error();
  return schedule;
}

} // namespace halftone
