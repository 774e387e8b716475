#include "codegen/Dump.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace halftone {

namespace {

Status writeFile(llvm::StringRef path, llvm::StringRef bytes) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error) {
    stream << bytes;
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return fileError("cannot write " + path.str() + ": " + error.message(),
                     "choose another folder for dumps");
  return {};
}

std::string printed(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream);
  return text;
}

/// Writes the module after each pass that changed it.
class DumpInstrumentation : public PassInstrumentation {
public:
  explicit DumpInstrumentation(Dump &dump) : dump(dump) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (isWatched(pass, op))
      before.emplace(op);
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (!isWatched(pass, op) || !before)
      return;
    bool changed = *before != OperationFingerPrint(op);
    before.reset();
    if (changed)
      (void)dump.write(pass->getArgument().str() + ".mlir", printed(op)); // Dump::status() keeps it
  }

private:
  static bool isWatched(Pass *pass, Operation *op) {
    return !pass->getArgument().empty() && isa<ModuleOp>(op);
  }

  Dump &dump;
  std::optional<OperationFingerPrint> before;
};

} // namespace

Result<Dump> Dump::open(const CompileOptions &options, std::string_view name) {
  Dump dump;
  std::string root = options.dumpTo;
  if (root.empty())
    root = llvm::sys::Process::GetEnv("HALFTONE_DUMP_TO").value_or("");
  if (root.empty())
    return dump;
  if (std::error_code error = llvm::sys::fs::create_directories(root))
    return fileError("cannot make the folder " + root + " for dumps: " + error.message(),
                     "choose another by HALFTONE_DUMP_TO");
  for (int number = 0;; ++number) {
    llvm::SmallString<128> folder(root);
    llvm::sys::path::append(folder, std::string(name) + "-" + std::to_string(number));
    std::error_code error = llvm::sys::fs::create_directory(folder, /*IgnoreExisting=*/false);
    if (error == std::errc::file_exists)
      continue;
    if (error)
      return fileError("cannot make the folder " + std::string(folder) +
                           " for dumps: " + error.message(),
                       "choose another by HALFTONE_DUMP_TO");
    dump.folder = std::string(folder);
    return dump;
  }
}

Status Dump::write(std::string_view name, std::string_view bytes) {
  if (!isOn())
    return {};
  llvm::SmallString<128> path(folder);
  std::string file;
  llvm::raw_string_ostream(file) << llvm::format("%03d-", written++) << name;
  llvm::sys::path::append(path, file);
  Status status = writeFile(path, bytes);
  if (!status && failure)
    failure = status;
  return status;
}

void Dump::watch(PassManager &passes) {
  if (isOn())
    passes.addInstrumentation(std::make_unique<DumpInstrumentation>(*this));
}

std::string writeReproducer(Dump &dump, ModuleOp before, PassManager &passes,
                            std::string_view stage) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  before->print(stream);
  std::string pipeline;
  llvm::raw_string_ostream pipelineStream(pipeline);
  passes.printAsTextualPipeline(pipelineStream);
  stream << "\n{-#\n  external_resources: {\n    mlir_reproducer: {\n      pipeline: \"" << pipeline
         << "\",\n      disable_threading: true,\n      verify_each: true\n    }\n  }\n#-}\n";

  std::string name = "reproducer-" + std::string(stage) + ".mlir";
  llvm::SmallString<128> path;
  if (dump.isOn()) {
    path = dump.path();
    llvm::sys::path::append(path, name);
  } else if (llvm::sys::fs::createTemporaryFile("halftone-reproducer-" + std::string(stage), "mlir",
                                                path)) {
    return {};
  }
  return writeFile(path, text) ? std::string(path) : std::string();
}

} // namespace halftone
