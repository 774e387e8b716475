#include "codegen/Ptxas.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace halftone {
namespace {

// The build's own tools, where ./dev puts them: the build tree's cuda folder.
#ifndef HALFTONE_CUDA_TOOLS
#define HALFTONE_CUDA_TOOLS ""
#endif

std::string inFolder(StringRef folder, StringRef name) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}

/// The first of the known places that has the tool, or an empty string.
std::string findTool(StringRef name) {
  std::vector<std::string> candidates;
  if (std::optional<std::string> home = sys::Process::GetEnv("CUDA_HOME"))
    candidates.push_back(inFolder(inFolder(*home, "bin"), name));
  if (ErrorOr<std::string> found = sys::findProgramByName(name))
    candidates.push_back(*found);
  candidates.push_back(inFolder("/usr/local/cuda/bin", name));
  if (StringRef(HALFTONE_CUDA_TOOLS).size())
    candidates.push_back(inFolder(HALFTONE_CUDA_TOOLS, name));
  for (const std::string &candidate : candidates)
    if (sys::fs::can_execute(candidate))
      return candidate;
  return {};
}

Result<std::string> namedPtxas(StringRef path, StringRef origin) {
  if (sys::fs::can_execute(path))
    return path.str();
  return unsupported((origin + " names " + path + ", which is not a program").str(),
                     "give the path of ptxas");
}

/// A file under the system's temporary folder that goes with this object.
class TemporaryFile {
public:
  explicit TemporaryFile(StringRef suffix) {
    failure = sys::fs::createTemporaryFile("halftone", suffix, path);
  }
  ~TemporaryFile() {
    if (!failure)
      sys::fs::remove(path); // NOLINT(bugprone-unused-return-value): nothing to do about it here
  }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  std::error_code write(StringRef bytes) {
    std::error_code error;
    raw_fd_ostream stream(path, error);
    if (!error) {
      stream << bytes;
      stream.close();
      error = stream.error();
      stream.clear_error();
    }
    return error;
  }
  std::string read() const {
    auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    return buffer ? (*buffer)->getBuffer().str() : std::string();
  }

  SmallString<128> path;
  std::error_code failure;
};

/// Runs a program; what it prints goes to `output` and `errors`.
Result<int> runTool(const std::string &program, ArrayRef<StringRef> arguments,
                    const TemporaryFile &output, const TemporaryFile &errors) {
  SmallVector<StringRef> command{program};
  append_range(command, arguments);
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(output.path),
                                          StringRef(errors.path)};
  std::string message;
  int status = sys::ExecuteAndWait(program, command, std::nullopt, redirects, 0, 0, &message);
  if (status < 0)
    return Error{ErrorCode::CompileFailed, program + " could not be run: " + message, {}, {}};
  return status;
}

/// The largest number in front of (or behind) a phrase, over all of the text.
uint32_t largest(StringRef text, StringRef pattern) {
  Regex regex(pattern);
  uint32_t result = 0;
  SmallVector<StringRef> parts;
  while (regex.match(text, &parts)) {
    uint32_t value = 0;
    if (!parts[1].getAsInteger(10, value))
      result = std::max(result, value);
    text = text.drop_front(parts[0].end() - text.begin());
  }
  return result;
}

PtxasReport readReport(std::string messages) {
  PtxasReport report;
  report.registers = largest(messages, "Used ([0-9]+) registers");
  report.spillBytes = largest(messages, "([0-9]+) bytes spill stores") +
                      largest(messages, "([0-9]+) bytes spill loads");
  report.stackBytes = largest(messages, "([0-9]+) bytes stack frame");
  report.messages = std::move(messages);
  return report;
}

Error noTemporaryFile(std::error_code error) {
  return fileError("a temporary file could not be written: " + error.message(),
                   "free some space, or point TMPDIR elsewhere");
}

} // namespace

Result<std::string> findPtxas(std::string_view wanted) {
  if (!wanted.empty())
    return namedPtxas(wanted, "the option");
  if (std::optional<std::string> path = sys::Process::GetEnv("HALFTONE_PTXAS"))
    return namedPtxas(*path, "HALFTONE_PTXAS");
  std::string found = findTool("ptxas");
  if (!found.empty())
    return found;
  return unsupported("no ptxas in HALFTONE_PTXAS, CUDA_HOME, PATH, /usr/local/cuda or the build",
                     "set HALFTONE_PTXAS, or leave the PTX to the driver");
}

Result<Cubin> assemble(std::string_view ptx, const Target &target, const std::string &ptxas) {
  TemporaryFile source("ptx"), image("cubin"), output("out"), errors("err");
  for (const TemporaryFile *file : {&source, &image, &output, &errors})
    if (file->failure)
      return noTemporaryFile(file->failure);
  if (std::error_code error = source.write(ptx))
    return noTemporaryFile(error);
  std::string architecture = "-arch=" + target.name;
  Result<int> status =
      runTool(ptxas, {architecture, "-O3", "-v", source.path, "-o", image.path}, output, errors);
  if (!status)
    return status.error();
  std::string messages = output.read() + errors.read();
  if (*status != 0)
    return Error{ErrorCode::CompileFailed, "ptxas refused the kernel: " + messages, {}, {}};
  std::string bytes = image.read();
  if (bytes.empty())
    return Error{ErrorCode::CompileFailed, "ptxas wrote no image: " + messages, {}, {}};
  return Cubin{std::vector<char>(bytes.begin(), bytes.end()), readReport(std::move(messages))};
}

Result<std::string> disassemble(const std::vector<char> &cubin) {
  std::string nvdisasm = findTool("nvdisasm");
  if (nvdisasm.empty())
    return unsupported("no nvdisasm in CUDA_HOME, PATH, /usr/local/cuda or the build",
                       "install the CUDA toolkit's nvdisasm");
  TemporaryFile image("cubin"), output("out"), errors("err");
  for (const TemporaryFile *file : {&image, &output, &errors})
    if (file->failure)
      return noTemporaryFile(file->failure);
  if (std::error_code error = image.write(StringRef(cubin.data(), cubin.size())))
    return noTemporaryFile(error);
  Result<int> status = runTool(nvdisasm, {image.path}, output, errors);
  if (!status)
    return status.error();
  if (*status != 0)
    return Error{ErrorCode::CompileFailed, "nvdisasm failed: " + errors.read(), {}, {}};
  return output.read();
}

} // namespace halftone
