#include "autotune/PrivateFolder.h"

#include "autotune/FolderWalk.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <random>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace halftone {
namespace {

/// What a file is called until it is whole.
constexpr std::string_view leftoverPrefix = ".writing-";

/// A name that no other writer has, in this process, on this machine or on another that shares the
/// folder: process numbers repeat between machines, so it is drawn at random too.
std::string temporaryName() {
  static std::atomic<uint64_t> count = 0;
  static const uint64_t drawn = (uint64_t(std::random_device()()) << 32) ^ std::random_device()();
  // The process number too: a forked process has drawn the same.
  return std::string(leftoverPrefix) + std::to_string(drawn) + "-" + std::to_string(::getpid()) +
         "-" + std::to_string(++count);
}

Error unreadable(const std::string &path, const std::string &reason) {
  return fileError("`" + path + "` is not used: " + reason);
}

Error unwritable(const std::string &folder, const std::string &reason) {
  return fileError("cannot write to the cache folder `" + folder + "`: " + reason);
}

/// A descriptor that closes itself.
class Descriptor {
public:
  explicit Descriptor(int number) : number(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  int get() const { return number; }
  /// False where the file system says only now that it could not write.
  bool close() {
    int old = std::exchange(number, -1);
    return old < 0 || ::close(old) == 0;
  }

private:
  int number;
};

bool writeAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    bytes.remove_prefix(size_t(count));
  }
  return true;
}

int64_t modifiedAt(const struct stat &status) {
  return int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

} // namespace

PrivateFolder::PrivateFolder(int descriptor, std::string path)
    : descriptor(descriptor), where(std::move(path)) {}
PrivateFolder::PrivateFolder(PrivateFolder &&other) noexcept
    : descriptor(std::exchange(other.descriptor, -1)), where(std::move(other.where)) {}
PrivateFolder &PrivateFolder::operator=(PrivateFolder &&other) noexcept {
  std::swap(descriptor, other.descriptor);
  std::swap(where, other.where);
  return *this;
}
PrivateFolder::~PrivateFolder() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Result<std::optional<PrivateFolder>> PrivateFolder::open(const std::string &path, Open how) {
  Result<int> opened = openCheckedFolder(path, how == Open::Create);
  if (!opened)
    return opened.error();
  if (*opened < 0)
    return std::optional<PrivateFolder>();
  return std::optional(PrivateFolder(*opened, path));
}

Result<std::optional<PrivateFolder>> PrivateFolder::folder(const std::string &name,
                                                           Open how) const {
  std::string path = where + "/" + name;
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int opened = ::openat(descriptor, name.c_str(), flags);
  if (opened < 0 && errno == ENOENT) {
    if (how == Open::Existing)
      return std::optional<PrivateFolder>();
    if (::mkdirat(descriptor, name.c_str(), 0700) != 0 && errno != EEXIST)
      return unwritable(path, std::strerror(errno));
    opened = ::openat(descriptor, name.c_str(), flags);
  }
  if (opened < 0)
    return unreadable(path, errno == ELOOP || errno == ENOTDIR ? "it is not a folder"
                                                               : std::strerror(errno));
  PrivateFolder result(opened, path);
  struct stat status;
  if (::fstat(opened, &status) != 0)
    return unreadable(path, std::strerror(errno));
  if (std::string reason = distrust(status); !reason.empty())
    return unreadable(path, reason);
  return std::optional(std::move(result));
}

Result<std::optional<std::string>> PrivateFolder::read(const std::string &name,
                                                       size_t mostBytes) const {
  std::string path = where + "/" + name;
  // Without O_NONBLOCK a pipe that someone put there would be waited for.
  Descriptor file(
      ::openat(descriptor, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT)
    return std::optional<std::string>();
  if (file.get() < 0)
    return unreadable(path, errno == ELOOP ? "it is a link" : std::strerror(errno));
  struct stat status;
  if (::fstat(file.get(), &status) != 0)
    return unreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return unreadable(path, "it is not a regular file");
  if (std::string reason = distrust(status); !reason.empty())
    return unreadable(path, reason);
  if (uint64_t(status.st_size) > mostBytes)
    return unreadable(path, "it is larger than " + std::to_string(mostBytes) + " bytes");
  std::string bytes(size_t(status.st_size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return unreadable(path, std::strerror(errno));
    if (count == 0)
      break;
    done += size_t(count);
  }
  bytes.resize(done);
  return std::optional(std::move(bytes));
}

Status PrivateFolder::write(const std::string &name, std::string_view bytes) const {
  std::string temporary = temporaryName();
  Descriptor file(::openat(descriptor, temporary.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0)
    return unwritable(where, std::strerror(errno));
  // Synced before it is renamed: else a machine that stops may have the name without the bytes.
  bool good = writeAll(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close() &&
              ::renameat(descriptor, temporary.c_str(), descriptor, name.c_str()) == 0;
  if (!good) {
    Error failure = unwritable(where, std::strerror(errno));
    ::unlinkat(descriptor, temporary.c_str(), 0);
    return failure;
  }
  // The entry is there and whole already: a file system that cannot sync a folder is no failure.
  ::fsync(descriptor);
  return {};
}

Result<bool> PrivateFolder::remove(const std::string &name) const {
  if (::unlinkat(descriptor, name.c_str(), 0) == 0)
    return true;
  if (errno == ENOENT)
    return false;
  return unwritable(where, std::strerror(errno));
}

void PrivateFolder::touch(const std::string &name, int64_t seconds) const {
  struct stat status;
  if (::fstatat(descriptor, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      status.st_mtim.tv_sec + seconds <= std::time(nullptr))
    ::utimensat(descriptor, name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

Result<std::vector<PrivateFolder::File>> PrivateFolder::files(bool leftovers) const {
  // A descriptor of its own: reading a folder moves its place.
  int opened = ::openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = opened < 0 ? nullptr : ::fdopendir(opened);
  if (!stream) {
    Error failure = unreadable(where, std::strerror(errno));
    if (opened >= 0)
      ::close(opened);
    return failure;
  }
  std::vector<File> result;
  while (const dirent *entry = ::readdir(stream)) {
    std::string name = entry->d_name;
    struct stat status;
    if (name.starts_with(leftoverPrefix) != leftovers ||
        ::fstatat(descriptor, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
      continue;
    result.push_back({std::move(name), uint64_t(status.st_size), modifiedAt(status)});
  }
  ::closedir(stream);
  std::sort(result.begin(), result.end(),
            [](const File &a, const File &b) { return a.name < b.name; });
  return result;
}

Result<std::vector<PrivateFolder::File>> PrivateFolder::list() const { return files(false); }

Result<size_t> PrivateFolder::removeLeftovers(int64_t seconds) const {
  Result<std::vector<File>> found = files(true);
  if (!found)
    return found.error();
  std::time_t now = std::time(nullptr);
  size_t removed = 0;
  for (const File &file : *found)
    if (file.modified / 1'000'000'000 + seconds <= now &&
        ::unlinkat(descriptor, file.name.c_str(), 0) == 0)
      ++removed;
  return removed;
}

} // namespace halftone
