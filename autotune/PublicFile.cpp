#include "autotune/PublicFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <sys/stat.h>

namespace halftone {

Result<std::string> readPublicFile(const std::string &path) {
  constexpr size_t mostBytes = 16 << 20;
  auto unreadable = [&path](const std::string &reason) {
    return fileError("cannot read `" + path + "`: " + reason);
  };
  struct stat status;
  if (::stat(path.c_str(), &status) != 0)
    return unreadable(std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return unreadable("it is not a regular file");
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rbe"),
                                                        std::fclose);
  if (!file)
    return unreadable(std::strerror(errno));
  std::string bytes;
  char block[65536];
  while (size_t count = std::fread(block, 1, sizeof(block), file.get())) {
    bytes.append(block, count);
    if (bytes.size() > mostBytes)
      return unreadable("it is larger than 16 MiB");
  }
  if (std::ferror(file.get()))
    return unreadable(std::strerror(errno));
  return bytes;
}

} // namespace halftone
