// fake_worker FOLDER: a worker process on a made-up device, that misbehaves on command.
//
// FOLDER/faults has lines "KIND|SCHEDULE"; FOLDER/deaths lines "DEVICE|TRIALS": that device dies
// after so many; FOLDER/breaks the same, and every later trial on it is an illegal access;
// FOLDER/kills: the worker is killed at the trial that follows, once. FOLDER/slow, if it is there,
// makes device 1 half as fast. FOLDER/log gets a line for every measurement, before it is made,
// and FOLDER/order one for every compilation too.

#include "autotune/Worker.h"
#include "tests/autotune/FakeLandscape.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace halftone;
using namespace halftone::test;

namespace {

/// The lines of a file, cut at the first bar.
std::map<std::string, std::string> pairsOf(const std::string &path, bool byRight) {
  std::map<std::string, std::string> pairs;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (size_t bar = line.find('|'); bar != std::string::npos) {
      std::string left = line.substr(0, bar), right = line.substr(bar + 1);
      pairs[byRight ? right : left] = byRight ? left : right;
    }
  return pairs;
}

[[noreturn]] void loopForever() {
  for (volatile uint64_t turns = 0;;)
    turns = turns + 1;
}

void writeRaw(const std::string &bytes) {
  ::send(STDIN_FILENO, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

class FakeBackend : public Backend {
public:
  explicit FakeBackend(std::string folder) : folder(std::move(folder)) {}

  Result<MachineFacts> open(const Task &asked) override {
    task = asked;
    faults = pairsOf(folder + "/faults", /*byRight=*/true);
    for (const auto &[schedule, fault] : faults)
      if (fault.starts_with("compile"))
        compilerFaults[Schedule::parse(schedule)->code().text()] = fault;
    deaths = pairsOf(folder + "/deaths", /*byRight=*/false);
    breaks = pairsOf(folder + "/breaks", /*byRight=*/false);
    kills = pairsOf(folder + "/kills", /*byRight=*/false);
    if (task.measures && exists("dead"))
      return Error{ErrorCode::NoDevice, "the device has fallen off the bus", {}, {}};
    MachineFacts facts = fakeMachine();
    facts.identity = folder + "-" + std::to_string(task.device); // no other test's
    facts.uuid = "GPU-" + std::to_string(task.device);
    facts.wattLimit = 700;
    return facts;
  }

  CompileReport compile(const Schedule &schedule, const std::string &image) override {
    append("order", "compile|" + schedule.text());
    std::string code = schedule.code().text(), fault = compilerFaults[code];
    if (fault == "compiler-is-killed-once" && !exists("killed")) {
      create("killed");
      ::raise(SIGKILL);
    }
    if (fault == "compile-fails")
      return {.verdict = Verdict::CompileFailed, .reason = "made up"};
    if (fault == "compile-hangs") {
      // As a ptxas that does not return: a child of this process.
      std::string command = "exec sleep 1000 # " + folder;
      int ended = std::system(command.c_str()); // NOLINT(bugprone-command-processor)
      return {.verdict = Verdict::CompileFailed, .reason = std::to_string(ended)};
    }
    std::ofstream(image) << code;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {.verdict = Verdict::Measured, .reason = {}, .compileMs = 1, .registers = 100};
  }

  MeasureReport measure(const MeasureOrder &order) override {
    log(order);
    std::string compiledFor;
    std::getline(std::ifstream(order.image), compiledFor);
    if (compiledFor != order.schedule.code().text())
      return {.verdict = Verdict::LaunchFailed, .reason = "the image is of " + compiledFor};
    if (MeasureReport report = misbehave(faults[order.schedule.text()]);
        report.verdict != Verdict::Measured)
      return report;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ++trials;
    if (trials > trialsBefore(breaks) || exists("broken")) {
      create("broken");
      return misbehave("illegal-address");
    }
    if (trials > trialsBefore(kills) && !exists("killed")) {
      create("killed");
      ::raise(SIGKILL);
    }
    if (trials > trialsBefore(deaths)) {
      create("dead");
      ::raise(SIGKILL);
    }
    MeasureReport report;
    double time = fakeMilliseconds(order.schedule) * (1 + 0.01 * task.device);
    if (task.device == 1 && ::access((folder + "/slow").c_str(), F_OK) == 0)
      time *= 2;
    int timings = order.giveUpMs > 0 && time > order.giveUpMs ? 3 : order.timings;
    report.verdict = timings < order.timings ? Verdict::Slow : Verdict::Measured;
    for (int i = 0; i < timings; ++i)
      report.milliseconds.push_back(time * (1 + 0.002 * double((i * 7) % 5 - 2)));
    report.clockMhz = 1700 + task.device;
    report.watts = 500 + task.device;
    return report;
  }

private:
  /// Files of this device outlive the worker.
  std::string own(const char *what) const {
    return folder + "/" + what + "-" + std::to_string(task.device);
  }
  bool exists(const char *what) const { return ::access(own(what).c_str(), F_OK) == 0; }
  void create(const char *what) const { std::ofstream(own(what)) << what; }
  int trialsBefore(const std::map<std::string, std::string> &turns) const {
    auto found = turns.find(std::to_string(task.device));
    return found == turns.end() ? 1 << 30 : std::stoi(found->second);
  }
  void log(const MeasureOrder &order) const {
    append("log", std::to_string(task.device) + "|" + std::to_string(order.timings) +
                      (order.thorough ? "t" : "") + "|" + order.schedule.text());
    append("order", "measure|" + order.schedule.text());
  }
  void append(const char *name, std::string line) const {
    line += "\n";
    int file =
        ::open((folder + "/" + name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    [[maybe_unused]] ssize_t written = ::write(file, line.data(), line.size());
    ::close(file);
  }

  MeasureReport misbehave(const std::string &fault) {
    if (fault == "wrong")
      return {.verdict = Verdict::WrongResult, .reason = "off by 1"};
    if (fault == "hangs")
      loopForever();
    if (fault == "segfaults")
      ::raise(SIGSEGV);
    if (fault == "misaligned")
      ::raise(SIGBUS);
    if (fault == "asserts") {
      std::fprintf(stderr, "worker: assertion `i < n` failed\n");
      ::abort();
    }
    if (fault == "out-of-memory")
      return {.verdict = Verdict::OutOfMemory, .reason = "no 8 GiB"};
    if (fault == "illegal-address") // as a GPU does it: the process lives, its context does not
      return {.verdict = Verdict::IllegalAddress,
              .reason = "CUDA_ERROR_ILLEGAL_ADDRESS, 700",
              .milliseconds = {},
              .clockMhz = 0,
              .watts = 0,
              .lost = true};
    if (fault == "is-killed")
      ::raise(SIGKILL);
    if (fault == "exits")
      ::_exit(3);
    if (fault == "garbage")
      writeRaw(std::string("\0\xff{]garbage\n", 12));
    if (fault == "impossible-time")
      writeRaw("{\"answer\":1,\"verdict\":\"measured\",\"milliseconds\":[-1]}\n");
    if (fault == "floods") {
      std::string much(1 << 20, 'x');
      while (true)
        writeRaw(much);
    }
    return {};
  }

  std::string folder;
  Task task;
  std::map<std::string, std::string> faults, deaths, breaks, kills;
  std::map<std::string, std::string> compilerFaults; ///< by the text of Schedule::code()
  int trials = 0;
};

} // namespace

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  FakeBackend backend(arguments[1]);
  serveAsWorker(backend);
}
