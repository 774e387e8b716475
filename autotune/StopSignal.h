#pragma once

#include <atomic>

namespace halftone {

/// Asks a search to end. raise() may be called from a signal handler and from any thread; waiting
/// threads wake through the descriptor.
class StopSignal {
public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal &) = delete;
  StopSignal &operator=(const StopSignal &) = delete;

  void raise();
  bool isRaised() const { return raised; }
  /// Readable once it is raised; -1 where the system had none to give.
  int descriptor() const { return event; }

private:
  std::atomic<bool> raised = false;
  int event = -1;
};

} // namespace halftone
