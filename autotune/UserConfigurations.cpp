#include "autotune/UserConfigurations.h"

#include "autotune/ConfigurationFile.h"
#include "autotune/Digest.h"

#include <algorithm>
#include <tuple>

namespace halftone {
namespace {

constexpr const char *folderName = "configurations";
constexpr std::string_view suffix = ".json";
/// One configuration with 32 runners-up has some 10 KiB.
constexpr size_t mostEntryBytes = 1 << 20;

std::string fileName(const std::string &keyHash) { return keyHash + std::string(suffix); }

/// The key hash of an entry's file; empty for a file that is none.
std::string keyHashOf(const std::string &name) {
  if (!name.ends_with(suffix))
    return {};
  std::string hash = name.substr(0, name.size() - suffix.size());
  return isSha256(hash) ? hash : "";
}

/// Of a writer that has ended, for no write takes that long.
constexpr int64_t leftoverSeconds = 3600;

} // namespace

UserConfigurations::UserConfigurations(std::string root, Warnings &warnings)
    : root(std::move(root)), warnings(&warnings) {}

Result<std::optional<PrivateFolder>> UserConfigurations::folder(PrivateFolder::Open how) const {
  if (root.empty())
    return std::optional<PrivateFolder>();
  Result<std::optional<PrivateFolder>> opened = PrivateFolder::open(root, how);
  if (!opened || !*opened)
    return opened;
  return (*opened)->folder(folderName, how);
}

std::optional<Configuration> UserConfigurations::read(const PrivateFolder &folder,
                                                      const std::string &keyHash) const {
  Result<std::optional<std::string>> bytes = folder.read(fileName(keyHash), mostEntryBytes);
  if (!bytes) {
    warnings->add(bytes.error().message);
    return std::nullopt;
  }
  if (!*bytes)
    return std::nullopt;
  Result<Configuration> configuration = readEntry(**bytes, keyHash);
  if (!configuration) {
    warnings->add("`" + folder.path() + "/" + fileName(keyHash) +
                  "` is not used: " + configuration.error().message);
    return std::nullopt;
  }
  return std::move(*configuration);
}

std::optional<Configuration> UserConfigurations::get(const std::string &keyHash) const {
  Result<std::optional<PrivateFolder>> opened = folder(PrivateFolder::Open::Existing);
  if (!opened) {
    warnings->add(opened.error().message);
    return std::nullopt;
  }
  return *opened ? read(**opened, keyHash) : std::nullopt;
}

bool UserConfigurations::put(const std::string &keyHash, std::string_view bytes) const {
  Result<std::optional<PrivateFolder>> opened = folder(PrivateFolder::Open::Create);
  if (!opened) {
    warnings->add(opened.error().message);
    return false;
  }
  if (!*opened)
    return false; // there is no folder at all, which was said when it was looked for
  Status written = (*opened)->write(fileName(keyHash), bytes);
  if (!written)
    warnings->add(written.error().message + "; results are kept in memory only");
  return bool(written);
}

Result<bool> UserConfigurations::remove(const std::string &keyHash) const {
  Result<std::optional<PrivateFolder>> opened = folder(PrivateFolder::Open::Existing);
  if (!opened)
    return opened.error();
  return *opened ? (*opened)->remove(fileName(keyHash)) : Result<bool>(false);
}

std::vector<UserConfigurations::Stored> UserConfigurations::all(size_t most) const {
  std::vector<Stored> result;
  Result<std::optional<PrivateFolder>> opened = folder(PrivateFolder::Open::Existing);
  if (opened && !*opened)
    return result;
  Result<std::vector<PrivateFolder::File>> files =
      opened ? (*opened)->list() : Result<std::vector<PrivateFolder::File>>(opened.error());
  if (!files) {
    warnings->add(files.error().message);
    return result;
  }
  std::erase_if(*files,
                [](const PrivateFolder::File &file) { return keyHashOf(file.name).empty(); });
  std::sort(files->begin(), files->end(), [](const auto &a, const auto &b) {
    return std::tie(b.modified, a.name) < std::tie(a.modified, b.name);
  });
  files->resize(std::min(files->size(), most));
  std::sort(files->begin(), files->end(),
            [](const auto &a, const auto &b) { return a.name < b.name; });
  for (const PrivateFolder::File &file : *files) {
    if (std::optional<Configuration> configuration = read(**opened, keyHashOf(file.name)))
      result.push_back({std::move(*configuration), (*opened)->path() + "/" + file.name});
  }
  return result;
}

Result<size_t> UserConfigurations::removeWhere(
    const std::function<bool(const PrivateFolder &, const std::string &)> &condition) const {
  Result<std::optional<PrivateFolder>> opened = folder(PrivateFolder::Open::Existing);
  if (!opened)
    return opened.error();
  if (!*opened)
    return size_t(0);
  if (Result<size_t> leftovers = (*opened)->removeLeftovers(leftoverSeconds); !leftovers)
    return leftovers;
  Result<std::vector<PrivateFolder::File>> files = (*opened)->list();
  if (!files)
    return files.error();
  size_t removed = 0;
  for (const PrivateFolder::File &file : *files) {
    std::string hash = keyHashOf(file.name);
    if (hash.empty() || !condition(**opened, hash))
      continue;
    Result<bool> gone = (*opened)->remove(file.name);
    if (!gone)
      return gone.error();
    removed += *gone;
  }
  return removed;
}

Result<size_t> UserConfigurations::clear() const {
  return removeWhere([](const PrivateFolder &, const std::string &) { return true; });
}

Result<size_t> UserConfigurations::removeDamaged() const {
  return removeWhere([](const PrivateFolder &folder, const std::string &hash) {
    Result<std::optional<std::string>> bytes = folder.read(fileName(hash), mostEntryBytes);
    return !bytes || (*bytes && !readEntry(**bytes, hash));
  });
}

} // namespace halftone
