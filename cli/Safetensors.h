#pragma once

#include "cli/SafetensorsHeader.h"
#include "dsl/Problem.h"

#include <span>

namespace halftone::cli {

/// A .safetensors file open for reading. Opening it checks the whole header; data is read when
/// asked for.
class SafetensorsFile {
public:
  /// Headers above this are refused: no real model comes near.
  static constexpr uint64_t maximumHeaderBytes = 16 << 20;

  static Result<SafetensorsFile> open(const std::string &path);
  SafetensorsFile(SafetensorsFile &&other) noexcept;
  SafetensorsFile(const SafetensorsFile &) = delete;
  SafetensorsFile &operator=(const SafetensorsFile &) = delete;
  ~SafetensorsFile();

  const std::vector<SafetensorsEntry> &entries() const { return tensors; }
  /// A tensor by name; a Misuse that lists what there is when it is missing.
  Result<SafetensorsEntry> find(std::string_view name) const;
  /// Its element type; a Misuse for one that attention does not have.
  Result<Element> element(const SafetensorsEntry &entry) const;
  /// Copies its bytes to `target`, which holds end - begin.
  Status read(const SafetensorsEntry &entry, char *target) const;

private:
  SafetensorsFile(std::string path, int file) : path(std::move(path)), file(file) {}
  std::string path;
  int file = -1;
  uint64_t dataStart = 0;
  std::vector<SafetensorsEntry> tensors;
};

/// A tensor to write.
struct SafetensorsTensor {
  std::string name;
  Element element = Element::F32;
  std::vector<int64_t> shape;
  std::string_view bytes;
};

/// Writes a file that appears whole or not at all.
Status writeSafetensors(const std::string &path, std::span<const SafetensorsTensor> tensors);

} // namespace halftone::cli
