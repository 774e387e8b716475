// halftone cache verify, prune, clear.

#include "cli/CacheActions.h"

#include <charconv>

namespace halftone::cli {
namespace {

/// "100", "100K", "512M", "2G": bytes.
Result<uint64_t> readSize(const std::string &text) {
  uint64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, size_t(text.data() + text.size() - end));
  int shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (failure != std::errc() || shift < 0 || value > uint64_t(1) << 32)
    return misuse(fmt::format("--limit: `{}` is not a size", text),
                  "use a number of bytes, or one with K, M or G, such as 512M");
  return value << shift;
}

std::vector<std::string> allWarnings(ConfigurationStore &store, ImageStore &images) {
  std::vector<std::string> warnings = store.takeWarnings();
  for (std::string &warning : images.takeWarnings())
    warnings.push_back(std::move(warning));
  return warnings;
}

} // namespace

Result<int> verifyCache(const CacheRequest &request, Console &console) {
  CacheLocation location = request.location();
  ConfigurationStore store(location);
  ImageStore images(location);
  size_t configurations = store.all().size(), good = 0;
  for (const ImageStore::Stored &stored : images.all())
    good += images.get(stored.keyHash).has_value();
  std::vector<std::string> warnings = allWarnings(store, images);
  console.document["configurations"] = configurations;
  console.document["images"] = good;
  console.line("{} good configurations, {} good images", configurations, good);
  showWarnings(console, warnings);
  return warnings.empty() ? 0 : int(ErrorCode::File);
}

Result<int> pruneCache(const CacheRequest &request, Console &console) {
  uint64_t limit = ImageStore::defaultLimit;
  if (!request.limit.empty()) {
    Result<uint64_t> read = readSize(request.limit);
    if (!read)
      return read.error();
    limit = *read;
  }
  CacheLocation location = request.location();
  ConfigurationStore store(location);
  ImageStore images(location);
  Result<size_t> configurations = store.removeDamaged();
  if (!configurations)
    return configurations.error();
  Result<size_t> damaged = images.removeDamaged();
  if (!damaged)
    return damaged.error();
  Result<size_t> pruned = images.prune(limit);
  if (!pruned)
    return pruned.error();
  console.document["damagedConfigurations"] = *configurations;
  console.document["damagedImages"] = *damaged;
  console.document["oldImages"] = *pruned;
  console.line("removed {} damaged configurations, {} damaged images, {} old images",
               *configurations, *damaged, *pruned);
  showWarnings(console, allWarnings(store, images));
  return 0;
}

Result<int> clearCache(const CacheRequest &request, Console &console) {
  CacheLocation location = request.location();
  ConfigurationStore store(location);
  ImageStore images(location);
  bool both = request.configurations == request.images;
  size_t removedConfigurations = 0, removedImages = 0;
  if (both || request.configurations) {
    Result<size_t> removed = store.clear();
    if (!removed)
      return removed.error();
    removedConfigurations = *removed;
  }
  if (both || request.images) {
    Result<size_t> removed = images.prune(0);
    if (!removed)
      return removed.error();
    removedImages = *removed;
  }
  console.document["configurations"] = removedConfigurations;
  console.document["images"] = removedImages;
  console.line("removed {} configurations, {} images", removedConfigurations, removedImages);
  showWarnings(console, allWarnings(store, images));
  return 0;
}

} // namespace halftone::cli
