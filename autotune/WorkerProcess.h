#pragma once

#include "autotune/StopSignal.h"
#include "dsl/Error.h"

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace halftone {

/// A child process that answers lines with lines, in a process group of its own: whatever it starts
/// is killed with it. It is killed when this object goes, and kills its group itself when this
/// process goes (autotune/Worker.h), however that ends.
///
/// Its descriptor 0 is one end of a socket, to read from and to write to; its standard output and
/// error go to a file, so that what a library prints is not taken for an answer.
class WorkerProcess {
public:
  /// `command`: the program's path, then its arguments. `log` receives what it prints.
  static Result<WorkerProcess> start(const std::vector<std::string> &command,
                                     const std::string &log);
  WorkerProcess(WorkerProcess &&other) noexcept;
  WorkerProcess &operator=(WorkerProcess &&other) noexcept;
  ~WorkerProcess();

  enum class End : uint8_t {
    Answered,
    TimedOut,
    Died,    ///< `text` says how: "ended with code 3", "was killed by signal 9 (Killed)"
    Flooded, ///< more bytes than any answer has, without a newline
    Stopped, ///< the stop signal was raised
  };
  struct Answer {
    End end = End::Died;
    std::string text; ///< the line without its newline
  };
  /// Sends a line and waits for one. After anything but Answered only kill() is of use.
  Answer ask(std::string_view line, double seconds, const StopSignal &stop);

  /// Kills the process group and waits for the process; at most a few seconds, since a process can
  /// be stuck in a driver.
  void kill();
  bool isRunning() const { return process > 0; }
  pid_t id() const { return process; }
  /// The last line that it printed, for a reason; empty where there is none.
  std::string lastWords() const;

private:
  WorkerProcess() = default;
  std::string howItEnded();
  bool send(std::string_view line);

  pid_t process = -1;
  int socket = -1;
  std::string log;
  std::string pending; ///< bytes of the next answer
};

} // namespace halftone
