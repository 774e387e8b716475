#include "autotune/FolderWalk.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <deque>

#include <fcntl.h>
#include <unistd.h>

namespace halftone {
namespace {

constexpr int mostLinks = 40;

std::deque<std::string> stepsOf(const std::string &path) {
  std::deque<std::string> steps;
  for (size_t at = 0; at < path.size();) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string step = path.substr(at, end - at);
    if (!step.empty() && step != ".")
      steps.push_back(std::move(step));
    at = end + 1;
  }
  return steps;
}

bool ownerIsTrusted(const struct stat &status) {
  return status.st_uid == ::geteuid() || status.st_uid == 0;
}

/// Whether someone else may write to what `status` is of. A group whose number is the user's is the
/// user's own, as Debian and Fedora make it.
bool othersMayWrite(const struct stat &status) {
  bool ownGroup = status.st_gid == ::getegid() && status.st_gid == ::geteuid();
  return (status.st_mode & S_IWOTH) || ((status.st_mode & S_IWGRP) && !ownGroup);
}

class Walk {
public:
  explicit Walk(const std::string &path) : whole(path), steps(stepsOf(path)) {}
  ~Walk() { close(); }

  Result<int> run(bool create) {
    if (whole.empty() || whole.front() != '/')
      return fileError("the cache folder `" + whole + "` is not an absolute path");
    if (Status status = enterRoot(); !status)
      return status.error();
    while (!steps.empty()) {
      std::string step = steps.front();
      steps.pop_front();
      Result<bool> there = enter(step, create);
      if (!there)
        return there.error();
      if (!*there)
        return -1;
    }
    int result = ::openat(current, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return result >= 0 ? Result<int>(result) : unusable(walked, std::strerror(errno));
  }

private:
  Error unusable(const std::string &place, const std::string &reason) const {
    return fileError("the cache folder `" + whole +
                     "` is not used: " + (place == whole ? "" : "`" + place + "`: ") + reason);
  }

  void close() {
    if (current >= 0)
      ::close(current);
    current = -1;
  }

  Status enterRoot() {
    close();
    walked = "";
    current = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return current >= 0 ? Status() : unusable("/", std::strerror(errno));
  }

  /// Goes one step down (or up, or along a link); false where it does not exist.
  Result<bool> enter(const std::string &step, bool create) {
    std::string place = walked + "/" + step;
    int next = ::openat(current, step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0 && errno == ENOENT) {
      if (!create)
        return false;
      // Another process may be making it at this moment.
      if (::mkdirat(current, step.c_str(), 0700) != 0 && errno != EEXIST)
        return unusable(place, std::strerror(errno));
      next = ::openat(current, step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    }
    struct stat facts;
    if (next < 0 || ::fstat(next, &facts) != 0)
      return unusable(place, std::strerror(errno));
    Status status = check(facts, place);
    if (status && S_ISLNK(facts.st_mode)) {
      status = follow(next, place);
      ::close(next);
    } else if (status) {
      close();
      current = next;
      walked = place;
    } else {
      ::close(next);
    }
    return status ? Result<bool>(true) : status.error();
  }

  Status check(const struct stat &status, const std::string &place) const {
    if (S_ISLNK(status.st_mode)) // its mode means nothing
      return ownerIsTrusted(status) ? Status() : unusable(place, distrust(status));
    if (!S_ISDIR(status.st_mode))
      return unusable(place, "it is not a folder");
    // In a sticky folder others may add names and cannot take ours away; but the cache itself must
    // hold nothing of theirs.
    bool passing = !steps.empty() && (status.st_mode & S_ISVTX);
    if (!ownerIsTrusted(status) || (othersMayWrite(status) && !passing))
      return unusable(place, distrust(status));
    return {};
  }

  /// Puts the steps of a link in front of those still to go.
  Status follow(int link, const std::string &place) {
    char target[PATH_MAX + 1];
    ssize_t length = ::readlinkat(link, "", target, PATH_MAX);
    if (length <= 0 || ++links > mostLinks)
      return unusable(place, "a link that leads nowhere");
    std::deque<std::string> more = stepsOf(std::string(target, size_t(length)));
    steps.insert(steps.begin(), more.begin(), more.end());
    return target[0] == '/' ? enterRoot() : Status();
  }

  std::string whole, walked;
  std::deque<std::string> steps;
  int current = -1, links = 0;
};

} // namespace

std::string distrust(const struct stat &status) {
  if (!ownerIsTrusted(status))
    return "it belongs to user " + std::to_string(status.st_uid);
  if (othersMayWrite(status)) {
    char mode[8];
    std::snprintf(mode, sizeof(mode), "%04o", unsigned(status.st_mode & 07777));
    return std::string("others may write to it (mode ") + mode + ")";
  }
  return {};
}

Result<int> openCheckedFolder(const std::string &path, bool create) {
  return Walk(path).run(create);
}

} // namespace halftone
