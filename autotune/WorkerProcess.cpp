#include "autotune/WorkerProcess.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace halftone {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr size_t longestAnswer = size_t{16} << 20;

Error cannotStart(const std::string &program, int error) {
  return {ErrorCode::NoDevice,
          "cannot start the worker " + program + ": " + std::strerror(error),
          {},
          "check that the program is there and that the system allows more processes"};
}

/// Spawn attributes and file actions, freed with the scope.
struct Spawning {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  Spawning() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  Spawning(const Spawning &) = delete;
  Spawning &operator=(const Spawning &) = delete;
};

} // namespace

Result<WorkerProcess> WorkerProcess::start(const std::vector<std::string> &command,
                                           const std::string &log) {
  WorkerProcess worker;
  worker.log = log;
  // Every descriptor closes on exec, so that no other child keeps this worker's socket open.
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return cannotStart(command.front(), errno);
  worker.socket = ends[0];

  Spawning spawning;
  ::posix_spawn_file_actions_adddup2(&spawning.actions, ends[1], STDIN_FILENO);
  ::posix_spawn_file_actions_addopen(&spawning.actions, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  ::posix_spawn_file_actions_adddup2(&spawning.actions, STDOUT_FILENO, STDERR_FILENO);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&spawning.attributes, &none);
  ::posix_spawnattr_setsigdefault(&spawning.attributes, &all);
  ::posix_spawnattr_setpgroup(&spawning.attributes, 0);
  ::posix_spawnattr_setflags(&spawning.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                       POSIX_SPAWN_SETSIGDEF);
  std::vector<char *> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string &argument : command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  int failed = ::posix_spawn(&worker.process, command.front().c_str(), &spawning.actions,
                             &spawning.attributes, arguments.data(), environ);
  ::close(ends[1]);
  if (failed) {
    worker.process = -1;
    return cannotStart(command.front(), failed);
  }
  return worker;
}

WorkerProcess::WorkerProcess(WorkerProcess &&other) noexcept
    : process(std::exchange(other.process, -1)), socket(std::exchange(other.socket, -1)),
      log(std::move(other.log)), pending(std::move(other.pending)) {}

WorkerProcess &WorkerProcess::operator=(WorkerProcess &&other) noexcept {
  std::swap(process, other.process);
  std::swap(socket, other.socket);
  std::swap(log, other.log);
  std::swap(pending, other.pending);
  return *this;
}

WorkerProcess::~WorkerProcess() { kill(); }

void WorkerProcess::kill() {
  if (socket >= 0)
    ::close(std::exchange(socket, -1));
  if (process <= 0)
    return;
  pid_t gone = std::exchange(process, -1);
  ::kill(-gone, SIGKILL);
  for (auto end = Clock::now() + 5s; Clock::now() < end; std::this_thread::sleep_for(2ms))
    if (::waitpid(gone, nullptr, WNOHANG) != 0)
      return;
}

bool WorkerProcess::send(std::string_view line) {
  std::string text(line);
  text += '\n';
  for (size_t sent = 0; sent < text.size();) {
    ssize_t count = ::send(socket, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    sent += size_t(count);
  }
  return true;
}

/// Called when its end of the socket is closed: it has ended, or is about to.
std::string WorkerProcess::howItEnded() {
  int status = 0;
  for (auto end = Clock::now() + 2s; Clock::now() < end; std::this_thread::sleep_for(2ms)) {
    if (::waitpid(process, &status, WNOHANG) != process)
      continue;
    // Reaped; what it started may live on.
    ::kill(-std::exchange(process, -1), SIGKILL);
    if (WIFSIGNALED(status))
      return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
             ::strsignal(WTERMSIG(status)) + ")";
    return "ended with code " + std::to_string(WEXITSTATUS(status));
  }
  return "closed its connection";
}

WorkerProcess::Answer WorkerProcess::ask(std::string_view line, double seconds,
                                         const StopSignal &stop) {
  if (!isRunning() || !send(line))
    return {End::Died, isRunning() ? howItEnded() : "is not running"};
  auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(seconds));
  for (size_t searched = 0;;) {
    if (size_t newline = pending.find('\n', searched); newline != std::string::npos) {
      Answer answer{End::Answered, pending.substr(0, newline)};
      pending.erase(0, newline + 1);
      return answer;
    }
    searched = pending.size();
    if (pending.size() > longestAnswer)
      return {End::Flooded, {}};
    if (stop.isRaised())
      return {End::Stopped, {}};
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0)
      return {End::TimedOut, {}};
    pollfd waiting[] = {{socket, POLLIN, 0}, {stop.descriptor(), POLLIN, 0}};
    ::poll(waiting, 2, int(std::min<int64_t>(left.count() + 1, 200)));
    if (!waiting[0].revents)
      continue;
    char bytes[65536];
    ssize_t count = ::recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (count <= 0)
      return {End::Died, howItEnded()};
    pending.append(bytes, size_t(count));
  }
}

std::string WorkerProcess::lastWords() const {
  std::ifstream file(log, std::ios::binary);
  file.seekg(0, std::ios::end);
  auto size = std::streamoff(file.tellg());
  constexpr std::streamoff tail = 2000;
  file.seekg(std::max<std::streamoff>(0, size - tail));
  std::string last;
  for (std::string line; std::getline(file, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      last = line;
  for (char &byte : last)
    if (static_cast<unsigned char>(byte) < 0x20 || static_cast<unsigned char>(byte) >= 0x7f)
      byte = '?';
  return last.substr(0, 300);
}

} // namespace halftone
