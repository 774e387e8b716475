// A whole .safetensors file, opened and read as `halftone run --input` does.

#include "cli/HostTensor.h"
#include "tests/fuzz/Require.h"
#include "tests/fuzz/Target.h"

#include <cstring>

#include <sys/mman.h>
#include <unistd.h>

namespace halftone::fuzz {
namespace {

/// A file in memory, with a path.
class MemoryFile {
public:
  MemoryFile() : file(::memfd_create("input.safetensors", MFD_CLOEXEC)) {
    require(file >= 0, "there is a file in memory", std::strerror(errno));
  }
  ~MemoryFile() { ::close(file); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  void hold(std::string_view bytes) const {
    require(::ftruncate(file, off_t(bytes.size())) == 0 &&
                ::pwrite(file, bytes.data(), bytes.size(), 0) == ssize_t(bytes.size()),
            "the file in memory takes the input", std::strerror(errno));
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file); }

private:
  int file;
};

/// The same bytes with the header's length made right: to the last closing brace.
std::string mended(std::string_view input) {
  std::string bytes(input);
  size_t brace = bytes.rfind('}');
  if (brace == bytes.npos || brace < 8)
    return {};
  uint64_t header = brace + 1 - 8;
  std::memcpy(bytes.data(), &header, 8);
  return bytes;
}

/// Reads one tensor both ways that its axes can be meant.
void readTensor(const cli::SafetensorsFile &file, const cli::SafetensorsEntry &entry,
                std::string_view input) {
  for (cli::AxisOrder order : {cli::AxisOrder::Bshd, cli::AxisOrder::Bhsd}) {
    Result<cli::HostTensor> tensor = cli::HostTensor::read(file, entry.name, order);
    if (!tensor) {
      // The message has the name that was asked for; the command asks for these.
      if (entry.name == "q" || entry.name == "k" || entry.name == "v")
        requirePrintable(tensor.error(), input);
      continue;
    }
    require(tensor->bytes.size() == entry.end - entry.begin, "a tensor has its bytes", input);
    require(tensor->index(tensor->batch - 1, tensor->tokens - 1, tensor->heads - 1) +
                    size_t(tensor->headDim) <=
                tensor->elementCount(),
            "the last row is inside", input);
  }
}

bool read(const MemoryFile &memory, std::string_view input) {
  memory.hold(input);
  Result<cli::SafetensorsFile> file = cli::SafetensorsFile::open(memory.path());
  if (!file) {
    requirePrintable(file.error(), input);
    return false;
  }
  for (const cli::SafetensorsEntry &entry : file->entries())
    readTensor(*file, entry, input);
  if (Result<cli::SafetensorsEntry> missing = file->find("no such tensor"); !missing)
    requirePrintable(missing.error(), input);
  return true;
}

} // namespace

bool feed(std::string_view input) {
  static const MemoryFile memory;
  bool accepted = read(memory, input);
  if (std::string better = mended(input); !better.empty())
    accepted |= read(memory, better);
  return accepted;
}

} // namespace halftone::fuzz
