#include "autotune/Journal.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace halftone {

namespace {

using Json = nlohmann::ordered_json;

/// Ended by the trial itself, perhaps; a search that is killed by hand this often at the same trial
/// loses one candidate.
constexpr int mostUnfinished = 3;

Error cannot(const char *what, const std::string &path, int error) {
  return fileError("cannot " + std::string(what) + " the journal " + path + ": " +
                       std::strerror(error),
                   "name another file with --journal");
}

Json documentOf(const Trial &trial, const Outcome &outcome) {
  return {{"trial", trial.key()},
          {"schedule", trial.schedule.text()},
          {"round", trial.round},
          {"device", outcome.device},
          {"verdict", verdictName(outcome.verdict)},
          {"reason", outcome.reason},
          {"medianMs", outcome.medianMs},
          {"spread", outcome.spread},
          {"milliseconds", outcome.milliseconds},
          {"clockMhz", outcome.clockMhz},
          {"watts", outcome.watts},
          {"registers", outcome.registers},
          {"spillBytes", outcome.spillBytes},
          {"compileMs", outcome.compileMs},
          {"elapsed", outcome.elapsed}};
}

/// Throws where a field is missing or unfit.
Outcome outcomeOf(const Json &line) {
  Outcome outcome{.reason = line.at("reason"),
                  .milliseconds = line.at("milliseconds").get<std::vector<double>>(),
                  .clockMhz = line.at("clockMhz"),
                  .watts = line.value("watts", 0.0),
                  .device = line.at("device"),
                  .registers = line.at("registers"),
                  .spillBytes = line.at("spillBytes"),
                  .compileMs = line.at("compileMs"),
                  .elapsed = line.at("elapsed")};
  if (!parseVerdict(line.at("verdict").get<std::string>(), outcome.verdict))
    throw Json::other_error::create(501, "unknown verdict", &line);
  for (double time : outcome.milliseconds)
    if (!(time > 0))
      throw Json::other_error::create(501, "not a time", &line);
  if (isTimed(outcome.verdict) && outcome.milliseconds.empty())
    throw Json::other_error::create(501, "no times", &line);
  summarise(outcome);
  return outcome;
}

} // namespace

struct Journal::State {
  std::string path;
  int file = -1;
  std::string purpose, settings;
  mutable std::mutex mutex;
  std::map<std::string, Outcome> outcomes;  ///< by Trial::key()
  std::map<std::string, std::string> hangs; ///< schedule: reason
  std::map<std::string, std::string> begun; ///< Trial::key() without an outcome: schedule
  std::map<std::string, int> unfinished;    ///< schedule: trials that never ended
  std::set<int64_t> batches;
  std::map<int, std::string> devices; ///< by ordinal: MachineFacts::identity
  size_t recorded = 0, unread = 0;

  ~State() {
    if (file >= 0)
      ::close(file);
  }

  Status append(const Json &line);
  Status lock();
  Result<std::string> contents() const;
  void read(const Json &line);
  /// Reads whole lines; gives how many bytes they are.
  size_t readAll(const std::string &text);
  Status begin(const std::string &purpose, const std::string &settings, Mode mode);
};

Status Journal::State::append(const Json &line) {
  if (file < 0)
    return {};
  std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (size_t done = 0; done < text.size();) {
    ssize_t count = ::write(file, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return cannot("write", path, errno);
    done += size_t(count);
  }
  // A device or a pipe cannot be synchronised, and need not be.
  if (::fdatasync(file) != 0 && errno != EINVAL && errno != EROFS)
    return cannot("write", path, errno);
  return {};
}

Status Journal::State::lock() {
  file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0)
    return cannot("open", path, errno);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return fileError("another search has the journal " + path + " open",
                     "wait for it, or name another file with --journal");
  return {};
}

Result<std::string> Journal::State::contents() const {
  std::string text;
  char bytes[65536];
  ::lseek(file, 0, SEEK_SET);
  while (true) {
    ssize_t count = ::read(file, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return cannot("read", path, errno);
    if (count == 0)
      return text;
    text.append(bytes, size_t(count));
  }
}

void Journal::State::read(const Json &line) {
  if (line.contains("journal")) {
    purpose = line.at("for");
    settings = line.at("settings");
  } else if (line.contains("begin")) {
    // Begun again: the process that began it before did not see its end.
    auto [entry, isNew] = begun.try_emplace(line.at("begin"), line.at("schedule"));
    if (!isNew)
      ++unfinished[entry->second];
  } else if (line.contains("trial")) {
    Outcome outcome = outcomeOf(line);
    begun.erase(line.at("trial").get<std::string>());
    if (isHang(outcome.verdict))
      hangs[line.at("schedule")] = outcome.reason;
    recorded += outcomes.insert_or_assign(line.at("trial"), outcome).second;
  } else if (line.contains("withdrawn")) {
    begun.erase(line.at("withdrawn").get<std::string>());
  } else if (line.contains("known fault")) {
    hangs[line.at("known fault")] = line.at("reason");
  } else if (line.contains("measures on")) {
    devices[line.at("measures on")] = line.at("identity");
  } else if (line.contains("batch")) {
    batches.insert(line.at("batch").get<int64_t>());
  } else if (!line.contains("note")) {
    ++unread;
  }
}

size_t Journal::State::readAll(const std::string &text) {
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    Json line = Json::parse(text.begin() + std::ptrdiff_t(begin),
                            text.begin() + std::ptrdiff_t(end), nullptr, false);
    try {
      if (line.is_object())
        read(line);
      else
        ++unread;
    } catch (const Json::exception &) {
      ++unread;
    }
  }
  // What is still open was under way when the last process ended.
  for (const auto &[key, schedule] : begun)
    ++unfinished[schedule];
  begun.clear();
  return begin;
}

Status Journal::State::begin(const std::string &wantedPurpose, const std::string &wantedSettings,
                             Mode mode) {
  Result<std::string> text = contents();
  if (!text)
    return text.error();
  size_t whole = readAll(*text);
  // A file that holds only the torn first line of a journal is as good as empty.
  std::string_view first = "{\"journal\":";
  bool isTorn = whole == 0 && text->substr(0, first.size()) == first.substr(0, text->size());
  if (purpose.empty() && !isTorn)
    return fileError(path + " is there and is not a journal of a search",
                     "name another file with --journal");
  bool isSame = purpose == wantedPurpose;
  if (mode == Mode::Resume && whole > 0 && !(isSame && settings == wantedSettings))
    return misuse(
        "the journal " + path +
            (isSame ? " is of a search with " + settings : " is of another search: " + purpose),
        isSame ? "give the same settings, or leave --resume out"
               : "leave --resume out, or name another file with --journal");
  bool goesOn = mode == Mode::Resume && whole > 0;
  if (::ftruncate(file, goesOn ? off_t(whole) : 0) != 0 && errno != EINVAL)
    return cannot("write", path, errno);
  if (goesOn)
    return {};
  outcomes.clear();
  batches.clear();
  devices.clear();
  recorded = unread = 0;
  if (!isSame)
    hangs.clear();
  unfinished.clear();
  purpose = wantedPurpose;
  settings = wantedSettings;
  if (Status status = append({{"journal", 1}, {"for", purpose}, {"settings", settings}}); !status)
    return status;
  for (const auto &[schedule, reason] : hangs)
    if (Status status = append({{"known fault", schedule}, {"reason", reason}}); !status)
      return status;
  return {};
}

Journal::Journal(std::unique_ptr<State> state) : state(std::move(state)) {}
Journal::Journal(Journal &&) noexcept = default;
Journal &Journal::operator=(Journal &&) noexcept = default;
Journal::~Journal() = default;

Journal Journal::inMemory() { return Journal(std::make_unique<State>()); }

Result<Journal> Journal::open(const std::string &path, const std::string &purpose,
                              const std::string &settings, Mode mode) {
  auto state = std::make_unique<State>();
  state->path = path;
  if (Status status = state->lock(); !status)
    return status.error();
  if (Status status = state->begin(purpose, settings, mode); !status)
    return status.error();
  return Journal(std::move(state));
}

const std::string &Journal::path() const { return state->path; }
size_t Journal::recordedOutcomes() const { return state->recorded; }
size_t Journal::unreadLines() const { return state->unread; }

std::optional<Outcome> Journal::find(const Trial &trial) const {
  std::lock_guard lock(state->mutex);
  auto found = state->outcomes.find(trial.key());
  return found == state->outcomes.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Journal::knownFault(const Schedule &schedule) const {
  std::lock_guard lock(state->mutex);
  std::string text = schedule.text();
  if (auto found = state->hangs.find(text); found != state->hangs.end())
    return found->second;
  auto found = state->unfinished.find(text);
  if (found != state->unfinished.end() && found->second >= mostUnfinished)
    return "the search ended " + std::to_string(found->second) + " times while it ran";
  return std::nullopt;
}

bool Journal::isBatchDone(int64_t number) const {
  std::lock_guard lock(state->mutex);
  return state->batches.contains(number);
}

void Journal::forgive() {
  std::lock_guard lock(state->mutex);
  state->hangs.clear();
  state->unfinished.clear();
}

Status Journal::device(int ordinal, const MachineFacts &facts) {
  std::lock_guard lock(state->mutex);
  auto [known, isNew] = state->devices.try_emplace(ordinal, facts.identity);
  if (known->second != facts.identity)
    return misuse(fmt::format("the journal {} was measured on {}, and device {} is {} now",
                              state->path, known->second, ordinal, facts.identity),
                  "leave --resume out, or name another file with --journal");
  return state->append({{"measures on", ordinal},
                        {"name", facts.name},
                        {"identity", facts.identity},
                        {"uuid", facts.uuid},
                        {"clockMhz", facts.clockHz / 1e6},
                        {"wattLimit", facts.wattLimit}});
}

Status Journal::begin(const Trial &trial) {
  std::lock_guard lock(state->mutex);
  return state->append({{"begin", trial.key()}, {"schedule", trial.schedule.text()}});
}

Status Journal::withdraw(const Trial &trial) {
  std::lock_guard lock(state->mutex);
  return state->append({{"withdrawn", trial.key()}});
}

Status Journal::record(const Trial &trial, const Outcome &outcome) {
  std::lock_guard lock(state->mutex);
  state->outcomes.insert_or_assign(trial.key(), outcome);
  if (isHang(outcome.verdict))
    state->hangs.try_emplace(trial.schedule.text(), outcome.reason);
  return state->append(documentOf(trial, outcome));
}

Status Journal::batchDone(int64_t number) {
  std::lock_guard lock(state->mutex);
  state->batches.insert(number);
  return state->append({{"batch", number}});
}

Status Journal::note(std::string_view kind, std::string_view text) {
  std::lock_guard lock(state->mutex);
  return state->append({{"note", kind}, {"text", text}});
}

} // namespace halftone
