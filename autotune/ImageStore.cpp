// The bytes of an entry:
//
//   halftone-cached-image 1
//   key <64 digits>
//   sha256 <64 digits: of the image's bytes>
//   <the image, as writeImage() has it>

#include "autotune/ImageStore.h"

#include "autotune/Digest.h"
#include "autotune/PrivateFolder.h"
#include "autotune/Warnings.h"

#include <algorithm>
#include <tuple>

namespace halftone {
namespace {

constexpr const char *folderName = "images";
constexpr std::string_view suffix = ".image";
/// A cubin of ours has some 100 KiB.
constexpr size_t mostEntryBytes = 64 << 20;
/// An image used again within the hour is not marked as used again.
constexpr int64_t useSeconds = 3600;
constexpr int64_t leftoverSeconds = 3600;

std::string fileName(const std::string &keyHash) { return keyHash + std::string(suffix); }

std::string headOf(const std::string &keyHash, std::string_view image) {
  return "halftone-cached-image 1\nkey " + keyHash + "\nsha256 " + sha256(image) + "\n";
}

/// Nothing where there is none; the error is a whole warning.
Result<std::optional<Image>> readEntry(const PrivateFolder &folder, const std::string &keyHash) {
  Result<std::optional<std::string>> bytes = folder.read(fileName(keyHash), mostEntryBytes);
  if (!bytes)
    return bytes.error();
  if (!*bytes)
    return std::optional<Image>();
  auto unusable = [&](const std::string &reason) {
    return fileError("`" + folder.path() + "/" + fileName(keyHash) + "` is not used: " + reason);
  };
  std::string_view entry = **bytes;
  std::string_view image = entry.substr(std::min(entry.size(), headOf(keyHash, {}).size()));
  if (entry.substr(0, entry.size() - image.size()) != headOf(keyHash, image))
    return unusable("it is not as it was written");
  Result<Image> read = readImage(image);
  if (!read)
    return unusable(read.error().message);
  return std::optional(std::move(*read));
}

} // namespace

struct ImageStore::State {
  std::string root;
  uint64_t limitBytes;
  mutable Warnings warnings;

  Result<std::optional<PrivateFolder>> folder(PrivateFolder::Open how) const {
    if (root.empty())
      return std::optional<PrivateFolder>();
    Result<std::optional<PrivateFolder>> opened = PrivateFolder::open(root, how);
    if (!opened || !*opened)
      return opened;
    return (*opened)->folder(folderName, how);
  }

  /// The folder if it is there and may be used; a warning where it may not.
  std::optional<PrivateFolder> usableFolder(PrivateFolder::Open how) const {
    Result<std::optional<PrivateFolder>> opened = folder(how);
    if (opened)
      return std::move(*opened);
    warnings.add(opened.error().message);
    return std::nullopt;
  }

  /// Images alone, by name.
  static Result<std::vector<PrivateFolder::File>> images(const PrivateFolder &folder) {
    Result<std::vector<PrivateFolder::File>> files = folder.list();
    if (files)
      std::erase_if(*files, [](const PrivateFolder::File &file) {
        return !file.name.ends_with(suffix) ||
               !isSha256(file.name.substr(0, file.name.size() - suffix.size()));
      });
    return files;
  }

  Result<size_t> prune(const PrivateFolder &folder, uint64_t limit) const {
    if (Result<size_t> leftovers = folder.removeLeftovers(leftoverSeconds); !leftovers)
      return leftovers;
    Result<std::vector<PrivateFolder::File>> files = images(folder);
    if (!files)
      return files.error();
    std::sort(files->begin(), files->end(), [](const auto &a, const auto &b) {
      return std::tie(a.modified, a.name) < std::tie(b.modified, b.name);
    });
    uint64_t total = 0;
    for (const PrivateFolder::File &file : *files)
      total += file.bytes;
    size_t removed = 0;
    for (const PrivateFolder::File &file : *files) {
      if (total <= limit)
        break;
      Result<bool> gone = folder.remove(file.name);
      if (!gone)
        return gone.error();
      total -= file.bytes;
      removed += *gone;
    }
    return removed;
  }
};

ImageStore::ImageStore(const CacheLocation &location, uint64_t limitBytes)
    : state(std::make_unique<State>(location.userFolder, limitBytes)) {
  if (!location.whyNoFolder.empty())
    state->warnings.add(location.whyNoFolder);
}
ImageStore::ImageStore(ImageStore &&) noexcept = default;
ImageStore &ImageStore::operator=(ImageStore &&) noexcept = default;
ImageStore::~ImageStore() = default;

std::optional<Image> ImageStore::get(const std::string &keyHash) const {
  if (!isSha256(keyHash))
    return std::nullopt;
  std::optional<PrivateFolder> folder = state->usableFolder(PrivateFolder::Open::Existing);
  if (!folder)
    return std::nullopt;
  Result<std::optional<Image>> image = readEntry(*folder, keyHash);
  if (!image) {
    state->warnings.add(image.error().message);
    return std::nullopt;
  }
  if (*image)
    folder->touch(fileName(keyHash), useSeconds);
  return std::move(*image);
}

bool ImageStore::put(const std::string &keyHash, const Image &image) {
  if (!isSha256(keyHash))
    return false;
  std::optional<PrivateFolder> folder = state->usableFolder(PrivateFolder::Open::Create);
  if (!folder)
    return false;
  std::vector<char> bytes = writeImage(image);
  std::string entry = headOf(keyHash, {bytes.data(), bytes.size()});
  if (entry.size() + bytes.size() > std::min<uint64_t>(mostEntryBytes, state->limitBytes)) {
    state->warnings.add("an image of " + std::to_string(bytes.size()) +
                        " bytes is too large to be kept");
    return false;
  }
  entry.append(bytes.data(), bytes.size());
  if (Status written = folder->write(fileName(keyHash), entry); !written) {
    state->warnings.add(written.error().message + "; what is compiled is not kept");
    return false;
  }
  if (Result<size_t> pruned = state->prune(*folder, state->limitBytes); !pruned)
    state->warnings.add(pruned.error().message);
  return true;
}

std::vector<ImageStore::Stored> ImageStore::all() const {
  std::vector<Stored> result;
  std::optional<PrivateFolder> folder = state->usableFolder(PrivateFolder::Open::Existing);
  if (!folder)
    return result;
  Result<std::vector<PrivateFolder::File>> files = State::images(*folder);
  if (!files) {
    state->warnings.add(files.error().message);
    return result;
  }
  for (const PrivateFolder::File &file : *files)
    result.push_back(
        {file.name.substr(0, file.name.size() - suffix.size()), file.bytes, file.modified});
  return result;
}

Result<bool> ImageStore::remove(const std::string &keyHash) const {
  Result<std::optional<PrivateFolder>> folder = state->folder(PrivateFolder::Open::Existing);
  if (!folder)
    return folder.error();
  return *folder ? (*folder)->remove(fileName(keyHash)) : Result<bool>(false);
}

Result<size_t> ImageStore::removeDamaged() const {
  Result<std::optional<PrivateFolder>> folder = state->folder(PrivateFolder::Open::Existing);
  if (!folder)
    return folder.error();
  size_t removed = 0;
  for (const Stored &stored : all()) {
    if (readEntry(**folder, stored.keyHash))
      continue;
    Result<bool> gone = (*folder)->remove(fileName(stored.keyHash));
    if (!gone)
      return gone.error();
    removed += *gone;
  }
  return removed;
}

Result<size_t> ImageStore::prune(uint64_t limitBytes) const {
  Result<std::optional<PrivateFolder>> folder = state->folder(PrivateFolder::Open::Existing);
  if (!folder)
    return folder.error();
  return *folder ? state->prune(**folder, limitBytes) : Result<size_t>(size_t(0));
}

std::vector<std::string> ImageStore::takeWarnings() { return state->warnings.take(); }

} // namespace halftone
