#include "codegen/CpuJit.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <mutex>

namespace halftone {

namespace {

Error failed(std::string_view what, llvm::Error error) {
  return {ErrorCode::CompileFailed,
          std::string(what) + ": " + llvm::toString(std::move(error)),
          {},
          {}};
}

void initializeHost() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
}

Result<std::unique_ptr<llvm::TargetMachine>> hostMachine() {
  initializeHost();
  auto host = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!host)
    return failed("this machine's CPU is not known to LLVM", host.takeError());
  // The object may be linked into a program instead of being loaded here.
  host->setRelocationModel(llvm::Reloc::PIC_);
  host->setCodeGenOptLevel(llvm::CodeGenOptLevel::Default);
  auto machine = host->createTargetMachine();
  if (!machine)
    return failed("LLVM has no code generator for this machine", machine.takeError());
  return std::move(*machine);
}

/// LLVM's usual pipeline without its vectorisers: the code is vectors already.
void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopInterleaving = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

Result<std::vector<char>> emitObject(mlir::ModuleOp module) {
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = mlir::translateModuleToLLVMIR(module, context, "halftone");
  if (!code)
    return Error{ErrorCode::Internal, "the module in the llvm dialect has no LLVM IR", {}, {}};

  auto machine = hostMachine();
  if (!machine)
    return machine.error();
  code->setDataLayout((*machine)->createDataLayout());
  code->setTargetTriple((*machine)->getTargetTriple());
  optimize(*code, **machine);

  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return Error{ErrorCode::CompileFailed, "LLVM cannot write objects for this machine", {}, {}};
  passes.run(*code);
  return std::vector<char>(bytes.begin(), bytes.end());
}

} // namespace

int hostVectorWidth() {
  static const int width = [] {
    llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
    if (features.lookup("avx512f"))
      return 16;
    return features.lookup("avx2") && features.lookup("fma") ? 8 : 4;
  }();
  return width;
}

Result<CpuCode> loadCpu(std::vector<char> object, std::string_view entry) {
  initializeHost();
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return failed("no code can be loaded on this machine", jit.takeError());
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()),
                                                     llvm::StringRef(entry.data(), entry.size()));
  if (llvm::Error error = (*jit)->addObjectFile(std::move(buffer)))
    return failed("the object cannot be loaded", std::move(error));
  auto address = (*jit)->lookup(llvm::StringRef(entry.data(), entry.size()));
  if (!address)
    return failed("the object has no kernel", address.takeError());
  CpuCode code;
  code.entry = address->toPtr<CpuEntry>();
  code.keepAlive = std::shared_ptr<llvm::orc::LLJIT>(std::move(*jit));
  code.object = std::move(object);
  return code;
}

Result<CpuCode> jitCpu(mlir::ModuleOp module, std::string_view entry) {
  auto object = emitObject(module);
  if (!object)
    return object.error();
  return loadCpu(std::move(*object), entry);
}

} // namespace halftone
