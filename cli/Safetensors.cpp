#include "cli/Safetensors.h"

#include "cli/AtomicFile.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace halftone::cli {
namespace {

Error unreadable(const std::string &path, const std::string &reason) {
  return fileError(fmt::format("cannot read `{}`: {}", path, reason), "name a readable file");
}

Error bad(const std::string &path, const std::string &what, std::string fix) {
  return misuse(fmt::format("`{}`: {}", path, what), std::move(fix));
}

/// Reads exactly `size` bytes at `offset`.
bool readAll(int file, char *target, uint64_t size, uint64_t offset) {
  while (size > 0) {
    ssize_t count = ::pread(file, target, std::min<uint64_t>(size, 1 << 30), off_t(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0) {
      if (count == 0)
        errno = EIO; // the file became shorter while it was read
      return false;
    }
    target += count;
    size -= uint64_t(count);
    offset += uint64_t(count);
  }
  return true;
}

} // namespace

SafetensorsFile::SafetensorsFile(SafetensorsFile &&other) noexcept
    : path(std::move(other.path)), file(std::exchange(other.file, -1)), dataStart(other.dataStart),
      tensors(std::move(other.tensors)) {}

SafetensorsFile::~SafetensorsFile() {
  if (file >= 0)
    ::close(file);
}

Result<SafetensorsFile> SafetensorsFile::open(const std::string &path) {
  // Not to wait for a writer when it is a pipe: those are refused below.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return unreadable(path, std::strerror(errno));
  SafetensorsFile file(path, descriptor);

  struct stat status{};
  if (::fstat(descriptor, &status) != 0)
    return unreadable(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return unreadable(path,
                      S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file");
  uint64_t size = uint64_t(status.st_size);
  if (size < 8)
    return bad(path, fmt::format("only {} bytes, less than the 8 of a header's length", size),
               "name a .safetensors file");

  uint64_t headerBytes = 0;
  if (!readAll(descriptor, reinterpret_cast<char *>(&headerBytes), 8, 0))
    return unreadable(path, std::strerror(errno));
  if (headerBytes > size - 8)
    return bad(path,
               fmt::format("the header should have {} bytes, but the file has {} after its length",
                           headerBytes, size - 8),
               "the file is cut short, or not a .safetensors file");
  if (headerBytes > maximumHeaderBytes)
    return bad(path,
               fmt::format("the header has {} bytes, more than the {} that are read", headerBytes,
                           maximumHeaderBytes),
               "write q, k and v to a file of their own");
  std::string json(headerBytes, '\0');
  if (!readAll(descriptor, json.data(), headerBytes, 8))
    return unreadable(path, std::strerror(errno));

  auto entries = parseSafetensorsHeader(json, size - 8 - headerBytes);
  if (!entries)
    return bad(path, entries.error().message, entries.error().fix);
  file.dataStart = 8 + headerBytes;
  file.tensors = std::move(*entries);
  return file;
}

Result<SafetensorsEntry> SafetensorsFile::find(std::string_view name) const {
  std::vector<std::string> names;
  for (const SafetensorsEntry &entry : tensors) {
    if (entry.name == name)
      return entry;
    if (names.size() < 10)
      names.push_back(fmt::format("`{}`", printable(entry.name)));
  }
  std::string list = names.empty() ? "no tensor" : fmt::format("{}", fmt::join(names, ", "));
  if (names.size() < tensors.size())
    list += fmt::format(" and {} more", tensors.size() - names.size());
  return bad(path, fmt::format("no tensor `{}`: the file has {}", name, list),
             "name the tensors q, k and v");
}

Result<Element> SafetensorsFile::element(const SafetensorsEntry &entry) const {
  if (entry.type == "F32")
    return Element::F32;
  if (entry.type == "F16")
    return Element::F16;
  if (entry.type == "BF16")
    return Element::BF16;
  return bad(path, fmt::format("tensor `{}` is {}", entry.name, entry.type),
             "F32, F16 and BF16 are read");
}

Status SafetensorsFile::read(const SafetensorsEntry &entry, char *target) const {
  if (!readAll(file, target, entry.end - entry.begin, dataStart + entry.begin))
    return unreadable(path, std::strerror(errno));
  return {};
}

Status writeSafetensors(const std::string &path, std::span<const SafetensorsTensor> tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  uint64_t end = 0;
  for (const SafetensorsTensor &tensor : tensors) {
    const char *type = tensor.element == Element::F32   ? "F32"
                       : tensor.element == Element::F16 ? "F16"
                                                        : "BF16";
    uint64_t begin = end;
    end += tensor.bytes.size();
    header[tensor.name] = {
        {"dtype", type}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // so that the data is aligned
  uint64_t headerBytes = text.size();

  auto file = AtomicFile::create(path);
  if (!file)
    return file.error();
  file->write({reinterpret_cast<const char *>(&headerBytes), 8});
  file->write(text);
  for (const SafetensorsTensor &tensor : tensors)
    file->write(tensor.bytes);
  return file->commit();
}

} // namespace halftone::cli
