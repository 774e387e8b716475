#include "codegen/Compilation.h"

#include "codegen/CpuJit.h"
#include "codegen/Import.h"
#include "codegen/Pipelines.h"
#include "dsl/WholeTiles.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace halftone {

namespace {

/// Remembers the pass that failed.
class FailedPass : public PassInstrumentation {
public:
  explicit FailedPass(std::string &name) : name(name) {}
  void runAfterPassFailed(Pass *pass, Operation *) override {
    if (name.empty())
      name = pass->getArgument().empty() ? pass->getName().str() : pass->getArgument().str();
  }

private:
  std::string &name;
};

} // namespace

Compilation::Compilation(const Problem &problem, const Schedule &schedule, const Target &target,
                         const CompileOptions &options)
    : problem(problem), schedule(schedule), target(target), options(options),
      context(MLIRContext::Threading::DISABLED) {
  timing.setEnabled(options.timePasses);
  timing.setDisplayMode(DefaultTimingManager::DisplayMode::Tree);
  wholeTime = timing.getRootScope();
  // A library does not print: what is said outside of a stage is dropped, not written to the
  // terminal.
  context.getDiagEngine().registerHandler([](Diagnostic &) { return success(); });
}

Status Compilation::import() {
  if (Status status = problem.check(); !status)
    return status;
  if (Status status = checkSchedule(problem, schedule, target); !status)
    return status;
  Result<Program> lowered = lowerProgram(problem);
  if (!lowered)
    return lowered.error();
  maskProgram = std::move(*lowered);
  Result<Dump> opened = Dump::open(options, target.name);
  if (!opened)
    return opened.error();
  dumped = std::move(*opened);
  root = importProblem(context, problem, maskProgram, options.entry);
  if (Status status = dumped.write("problem.txt", problem.text() + "\n" + schedule.text() + "\n");
      !status)
    return status;
  return dumped.write("import.mlir", dumped.isOn() ? moduleText() : "");
}

Status Compilation::tile() {
  return runStage("tile", [&](OpPassManager &passes) {
    populateTilePipeline(passes, {schedule.tileQ, schedule.tileK, schedule.stages,
                                  target.kind == Target::Kind::Mma ? schedule.warps : 1});
  });
}

Status Compilation::toMma() { return runStage("mma", populateMmaPipeline); }

Status Compilation::toHop() {
  return runStage("hop", [&](OpPassManager &passes) {
    populateHopPipeline(passes, {schedule.gather, schedule.overlap != 0, schedule.pingPong != 0,
                                 schedule.skipRescale != 0, schedule.groupLists != 0,
                                 schedule.cluster, isMasked()});
  });
}

bool Compilation::isMasked() const {
  return !keepsWholeTiles(problem.pattern(), schedule.keptRows(), schedule.gather);
}

Status Compilation::toLlvm() {
  if (target.kind == Target::Kind::Mma)
    return runStage("nvvm", populateNvvmPipeline);
  if (target.kind == Target::Kind::Hop)
    return runStage("nvvm", populateHopNvvmPipeline);
  int64_t width = schedule.vectorWidth ? schedule.vectorWidth : hostVectorWidth();
  Status status =
      runStage("vector", [&](OpPassManager &passes) { populateVectorPipeline(passes, {width}); });
  return status ? runStage("llvm", populateCpuLlvmPipeline) : status;
}

Status Compilation::reach(Level level) {
  Status status = import();
  if (status && level != Level::Attention)
    status = tile();
  if (status && target.isGpu() && level != Level::Attention && level != Level::Ht)
    status = target.kind == Target::Kind::Mma ? toMma() : toHop();
  if (status && level != Level::Attention && level != Level::Ht && level != Level::Mma &&
      level != Level::Hop)
    status = toLlvm();
  return status;
}

std::string Compilation::moduleText() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  root->print(stream);
  return text;
}

uint32_t Compilation::kernelNumber(llvm::StringRef name) {
  uint32_t number = 0;
  root->walk([&](Operation *op) {
    if (auto attribute = op->getAttrOfType<IntegerAttr>(name))
      number = uint32_t(attribute.getInt());
  });
  return number;
}

Status Compilation::runStage(std::string_view name,
                             llvm::function_ref<void(OpPassManager &)> populate) {
  OwningOpRef<ModuleOp> before = root->clone();
  PassManager passes(&context, ModuleOp::getOperationName());
  populate(passes);
  std::string failedPass, messages;
  passes.addInstrumentation(std::make_unique<FailedPass>(failedPass));
  dumped.watch(passes);
  TimingScope stageTime = wholeTime.nest(name);
  if (options.timePasses)
    passes.enableTiming(stageTime);
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    messages += (messages.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  if (succeeded(passes.run(*root)))
    return dumped.status();
  std::string reproducer = writeReproducer(dumped, *before, passes, name);
  return Error{ErrorCode::Internal,
               "the pass " + failedPass + " of the stage " + std::string(name) +
                   " failed: " + messages,
               {},
               reproducer.empty() ? "" : "report this with " + reproducer};
}

} // namespace halftone
