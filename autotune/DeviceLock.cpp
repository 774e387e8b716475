#include "autotune/DeviceLock.h"

#include <cctype>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace halftone {

namespace {

/// One file for all users of the machine, which only the system's own lock on it means something.
std::string lockPath(const std::string &identity) {
  std::string path = "/tmp/halftone-device-";
  for (char letter : identity)
    path += std::isalnum(static_cast<unsigned char>(letter)) ? letter : '-';
  return path + ".lock";
}

int openLock(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
  // Another user's file in a folder that all may write to may be opened, but not with O_CREAT.
  return file >= 0 ? file : ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

} // namespace

Result<DeviceLock> DeviceLock::take(const std::string &identity, double seconds,
                                    const StopSignal &stop, const std::function<void()> &waiting) {
  using Clock = std::chrono::steady_clock;
  DeviceLock lock;
  lock.file = openLock(lockPath(identity));
  if (lock.file < 0)
    return lock;
  auto end = Clock::now() +
             std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  bool isTold = false;
  while (::flock(lock.file, LOCK_EX | LOCK_NB) != 0) {
    if (stop.isRaised() || Clock::now() >= end)
      return Error{ErrorCode::NoDevice,
                   "another tuner measures on " + identity,
                   {},
                   "wait until it is done, or use another device"};
    if (!std::exchange(isTold, true))
      waiting();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return lock;
}

DeviceLock::DeviceLock(DeviceLock &&other) noexcept : file(std::exchange(other.file, -1)) {}
DeviceLock &DeviceLock::operator=(DeviceLock &&other) noexcept {
  std::swap(file, other.file);
  return *this;
}
DeviceLock::~DeviceLock() {
  if (file >= 0)
    ::close(file);
}

} // namespace halftone
