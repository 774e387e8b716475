#include "cli/AtomicFile.h"

#include <fmt/format.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/raw_ostream.h>

#include <fcntl.h>
#include <unistd.h>

namespace halftone::cli {

namespace fs = llvm::sys::fs;

struct AtomicFile::State {
  std::string path;  ///< as the user wrote it
  std::string place; ///< where it goes: a symbolic link is followed, not replaced
  std::optional<fs::TempFile> temporary; ///< none when `place` is not a regular file
  std::unique_ptr<llvm::raw_fd_ostream> stream;

  ~State() {
    if (stream) {
      stream->flush();
      stream->clear_error(); // dropped: what could not be written is of no interest any more
      stream.reset();
    }
    if (temporary)
      llvm::consumeError(temporary->discard());
  }
};

Error unwritable(const std::string &path, const std::string &reason) {
  return fileError(fmt::format("cannot write `{}`: {}", path, reason),
                   "name a file in a folder that exists and is writable");
}

AtomicFile::AtomicFile(std::unique_ptr<State> state) : state(std::move(state)) {}
AtomicFile::AtomicFile(AtomicFile &&) noexcept = default;
AtomicFile &AtomicFile::operator=(AtomicFile &&) noexcept = default;
AtomicFile::~AtomicFile() = default;

Result<AtomicFile> AtomicFile::create(const std::string &path) {
  auto state = std::make_unique<State>();
  state->path = state->place = path;
  if (path.empty())
    return fileError("the name of the file to write is empty", "give it a name");

  fs::file_status status;
  bool exists = !fs::status(path, status) && fs::exists(status);
  if (exists && fs::is_directory(status))
    return unwritable(path, "it is a folder");
  if (exists && !fs::is_regular_file(status)) {
    std::error_code failure;
    state->stream = std::make_unique<llvm::raw_fd_ostream>(path, failure, fs::CD_OpenExisting);
    if (failure) {
      state->stream->clear_error();
      return unwritable(path, failure.message());
    }
    return AtomicFile(std::move(state));
  }
  if (exists) {
    if (::access(path.c_str(), W_OK) != 0)
      return unwritable(path, "it is read-only");
    llvm::SmallString<256> real;
    if (!fs::real_path(path, real))
      state->place = real.str().str();
  }
  auto temporary = fs::TempFile::create(state->place + ".%%%%%%%%.partial");
  if (!temporary)
    return unwritable(path, llvm::errorToErrorCode(temporary.takeError()).message());
  state->temporary = std::move(*temporary);
  state->stream = std::make_unique<llvm::raw_fd_ostream>(state->temporary->FD, false);
  return AtomicFile(std::move(state));
}

Status AtomicFile::probe(const std::string &path) {
  fs::file_status status;
  if (!fs::status(path, status) && fs::exists(status) && !fs::is_regular_file(status) &&
      !fs::is_directory(status))
    return {}; // opening a pipe would already be seen at its other end
  if (auto file = create(path); !file)
    return file.error();
  return {};
}

void AtomicFile::write(std::string_view bytes) { state->stream->write(bytes.data(), bytes.size()); }

Status AtomicFile::commit() {
  State &file = *state;
  file.stream->flush();
  if (std::error_code failure = file.stream->error()) {
    std::string reason = failure.message();
    std::string path = file.path;
    state.reset();
    return unwritable(path, reason);
  }
  file.stream.reset();
  if (file.temporary) {
    llvm::Error failure = file.temporary->keep(file.place);
    file.temporary.reset();
    if (failure)
      return unwritable(file.path, llvm::errorToErrorCode(std::move(failure)).message());
  }
  return {};
}

Status writeFile(const std::string &path, std::string_view bytes) {
  auto file = AtomicFile::create(path);
  if (!file)
    return file.error();
  file->write(bytes);
  return file->commit();
}

} // namespace halftone::cli
