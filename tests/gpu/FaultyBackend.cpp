#include "tests/gpu/FaultyBackend.h"

#include "autotune/KernelBackend.h"
#include "runtime/Device.h"
#include "runtime/Image.h"
#include "tests/gpu/FaultyKernels.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace halftone::test {

namespace {

/// All that a GPU has left, down to pieces that no allocation fits in.
class AllMemory {
public:
  explicit AllMemory(const Device &device) : device(device) {
    for (size_t size = size_t{64} << 30; size >= 256; size /= 2)
      while (Result<void *> piece = device.allocate(size))
        pieces.push_back(*piece);
  }
  ~AllMemory() {
    for (void *piece : pieces)
      device.release(piece);
  }
  AllMemory(const AllMemory &) = delete;
  AllMemory &operator=(const AllMemory &) = delete;

private:
  const Device &device;
  std::vector<void *> pieces;
};

class FaultyBackend : public Backend {
public:
  explicit FaultyBackend(std::string folder)
      : folder(std::move(folder)), real(makeKernelBackend()) {}

  Result<MachineFacts> open(const Task &asked) override {
    task = asked;
    std::ifstream file(folder + "/faults");
    for (std::string line; std::getline(file, line);)
      if (size_t bar = line.find('|'); bar != std::string::npos)
        faults[line.substr(bar + 1)] = line.substr(0, bar);
    for (const auto &[schedule, fault] : faults)
      if (fault == "compile-hangs")
        uncompiled.insert(Schedule::parse(schedule)->code().text());
    std::ifstream breaks(folder + "/breaks");
    for (std::string line; std::getline(breaks, line);)
      if (line.starts_with(std::to_string(task.device) + "|"))
        breaksAfter = std::stoi(line.substr(line.find('|') + 1));
    return real->open(task);
  }

  CompileReport compile(const Schedule &schedule, const std::string &path) override {
    log("compile", schedule);
    if (uncompiled.contains(schedule.code().text())) {
      // As a ptxas that does not return: a child of this process.
      std::string command = "exec sleep 1000 # " + folder;
      int ended = std::system(command.c_str()); // NOLINT(bugprone-command-processor)
      return {.verdict = Verdict::CompileFailed, .reason = std::to_string(ended)};
    }
    return real->compile(schedule, path);
  }

  MeasureReport measure(const MeasureOrder &order) override {
    log("measure", order.schedule);
    // A broken GPU stays that, whatever worker comes to it.
    std::string broken = folder + "/broken-" + std::to_string(task.device);
    if (++measured > breaksAfter || ::access(broken.c_str(), F_OK) == 0) {
      std::ofstream(broken) << "broken";
      return real->measure(with(faultyKernel("illegal-address"), order));
    }
    const std::string &fault = faults[order.schedule.text()];
    if (std::string ptx = faultyKernel(fault); !ptx.empty())
      return real->measure(with(ptx, order));
    if (fault == "is-killed")
      ::raise(SIGKILL);
    if (fault == "garbage")
      ::send(STDIN_FILENO, "\0\xff{]garbage\n", 12, MSG_NOSIGNAL);
    if (fault == "out-of-memory")
      if (Result<Device> device = Device::gpu(task.device)) {
        AllMemory taken(*device);
        return real->measure(order);
      }
    return real->measure(order);
  }

private:
  /// The same with this kernel in the place of the compiled code.
  MeasureOrder with(const std::string &ptx, MeasureOrder order) const {
    std::ostringstream bytes;
    bytes << std::ifstream(order.image, std::ios::binary).rdbuf();
    Result<Image> image = readImage(bytes.str());
    if (!image)
      std::abort();
    // The driver looks at the bytes; of PTX that says so it refuses an assertion's local memory.
    image->kind = Image::Kind::Cubin;
    image->entry = "faulty";
    image->bytes.assign(ptx.begin(), ptx.end());
    std::vector<char> changed = writeImage(*image);
    order.image += ".faulty-" + std::to_string(task.device);
    std::ofstream(order.image, std::ios::binary)
        .write(changed.data(), std::streamsize(changed.size()));
    return order;
  }

  void log(const char *what, const Schedule &schedule) const {
    std::string line = std::string(what) + "|" + schedule.text() + "\n";
    int file = ::open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    [[maybe_unused]] ssize_t written = ::write(file, line.data(), line.size());
    ::close(file);
  }

  std::string folder;
  std::unique_ptr<Backend> real;
  Task task;
  std::map<std::string, std::string> faults; ///< by Schedule::text()
  std::set<std::string> uncompiled;          ///< the text of each Schedule::code()
  int measured = 0, breaksAfter = 1 << 30;   ///< measurements
};

} // namespace

std::unique_ptr<Backend> makeFaultyBackend(const std::string &folder) {
  return std::make_unique<FaultyBackend>(folder);
}

} // namespace halftone::test
