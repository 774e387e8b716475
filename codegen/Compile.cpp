#include "codegen/Compile.h"

#include "codegen/Compilation.h"
#include "codegen/CpuJit.h"
#include "codegen/EmitPtx.h"
#include "codegen/Ptxas.h"

#include "llvm/ADT/StringRef.h"

namespace halftone {

namespace {

struct LevelName {
  std::string_view name;
  Level level;
};
constexpr LevelName levelNames[] = {
    {"attention", Level::Attention},
    {"ht", Level::Ht},
    {"mma", Level::Mma},
    {"hop", Level::Hop},
    {"llvm", Level::Llvm},
    {"ptx", Level::Ptx},
    {"cubin", Level::Cubin},
    {"sass", Level::Sass},
    {"object", Level::Object},
};

std::string_view nameOf(Level level) {
  for (const LevelName &known : levelNames)
    if (known.level == level)
      return known.name;
  return "";
}

bool isOnTheWay(Level level, const Target &target) {
  switch (level) {
  case Level::Attention:
  case Level::Ht:
  case Level::Llvm:
    return true;
  case Level::Mma:
    return target.kind == Target::Kind::Mma;
  case Level::Hop:
    return target.kind == Target::Kind::Hop;
  case Level::Ptx:
  case Level::Cubin:
  case Level::Sass:
    return target.isGpu();
  case Level::Object:
    return !target.isGpu();
  }
  return false;
}

/// Whether the target goes through a level at all.
Status checkLevel(Level level, const Target &target) {
  if (isOnTheWay(level, target))
    return {};
  std::string fix = "use cubin";
  if (level == Level::Mma && target.isGpu())
    fix = "use hop, or the target sm_90";
  else if (level == Level::Hop)
    fix = target.isGpu() ? "use mma, or the target sm_90a" : "use object, or the target sm_90a";
  else if (!target.isGpu())
    fix = "use object, or a target such as sm_80";
  return unsupported(
      "the target " + target.name + " has no level '" + std::string(nameOf(level)) + "'", fix);
}

Result<std::string> toPtx(Compilation &compilation, const Target &target) {
  Result<std::string> ptx = emitPtx(compilation.module(), target);
  if (ptx)
    if (Status status = compilation.dump().write("kernel.ptx", *ptx); !status)
      return status.error();
  return ptx;
}

Result<Cubin> toCubin(Compilation &compilation, const std::string &ptx, const Target &target,
                      const std::string &ptxas) {
  Result<Cubin> cubin = assemble(ptx, target, ptxas);
  if (!cubin)
    return cubin;
  Dump &dump = compilation.dump();
  if (Status status = dump.write("ptxas.txt", cubin->report.messages); !status)
    return status.error();
  std::string_view bytes(cubin->bytes.data(), cubin->bytes.size());
  if (Status status = dump.write("kernel.cubin", bytes); !status)
    return status.error();
  return cubin;
}

/// What the image says of itself, before its code is known.
Image describe(const Problem &problem, const Schedule &schedule, const Target &target,
               const std::string &entry, Compilation &compilation) {
  Image image;
  image.target = target.name;
  image.entry = entry;
  image.maskShape = compilation.program().shape();
  image.element = problem.shape().element;
  image.headDim = problem.shape().headDim;
  image.lse = problem.shape().lse;
  image.softcap = problem.softcap().has_value();
  image.schedule = schedule;
  return image;
}

Result<Compiled> compileForCpu(Compilation &compilation, Image image) {
  Result<CpuCode> code = jitCpu(compilation.module(), image.entry);
  if (!code)
    return code.error();
  image.kind = Image::Kind::Object;
  image.scratchBytes = compilation.kernelNumber("ht.scratch_bytes");
  image.bytes = std::move(code->object);
  Compiled compiled;
  compiled.image = std::make_shared<const Image>(std::move(image));
  compiled.cpuEntry = code->entry;
  compiled.keepAlive = std::move(code->keepAlive);
  return compiled;
}

Result<Compiled> compileForGpu(Compilation &compilation, Image image, const Target &target,
                               const CompileOptions &options) {
  image.sharedBytes = compilation.kernelNumber("ht.shared_bytes");
  image.threads = compilation.kernelNumber("ht.threads");
  image.planFormat = target.kind != Target::Kind::Hop ? Image::tilesFormat
                     : !compilation.isMasked()        ? Image::wholeTilesFormat
                     : image.schedule.groupLists      ? Image::keptPairsFormat
                                                      : Image::chunksFormat;
  Result<std::string> ptx = toPtx(compilation, target);
  if (!ptx)
    return ptx.error();
  image.kind = Image::Kind::Ptx;
  image.bytes.assign(ptx->begin(), ptx->end());
  if (options.ptxas != "none") {
    Result<std::string> ptxas = findPtxas(options.ptxas);
    // Without a ptxas the driver compiles the PTX; one that was asked for must be there.
    if (!ptxas && (!options.ptxas.empty() || ptxas.error().code != ErrorCode::Unsupported))
      return ptxas.error();
    if (ptxas) {
      Result<Cubin> cubin = toCubin(compilation, *ptx, target, *ptxas);
      if (!cubin)
        return cubin.error();
      image.kind = Image::Kind::Cubin;
      image.bytes = std::move(cubin->bytes);
      image.registers = cubin->report.registers;
      image.spillBytes = cubin->report.spillBytes;
    }
  }
  Compiled compiled;
  compiled.image = std::make_shared<const Image>(std::move(image));
  return compiled;
}

} // namespace

Result<Level> parseLevel(std::string_view name) {
  for (const LevelName &known : levelNames)
    if (known.name == name)
      return known.level;
  std::string names;
  for (const LevelName &known : levelNames)
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  return misuse("unknown level '" + std::string(name) + "'", "use one of " + names);
}

Result<Compiled> compile(const Problem &problem, const Schedule &schedule, const Target &target,
                         const CompileOptions &options) {
  Compilation compilation(problem, schedule, target, options);
  if (Status status = compilation.reach(Level::Llvm); !status)
    return status.error();
  Image image = describe(problem, schedule, target, options.entry, compilation);
  return target.kind == Target::Kind::Cpu
             ? compileForCpu(compilation, std::move(image))
             : compileForGpu(compilation, std::move(image), target, options);
}

Result<std::string> emit(const Problem &problem, const Schedule &schedule, const Target &target,
                         Level level, const CompileOptions &options) {
  if (Status status = checkLevel(level, target); !status)
    return status.error();
  Compilation compilation(problem, schedule, target, options);
  if (Status status = compilation.reach(level); !status)
    return status.error();
  if (level == Level::Object) {
    Result<CpuCode> code = jitCpu(compilation.module(), options.entry);
    if (!code)
      return code.error();
    return std::string(code->object.begin(), code->object.end());
  }
  if (level != Level::Ptx && level != Level::Cubin && level != Level::Sass)
    return compilation.moduleText();
  Result<std::string> ptx = toPtx(compilation, target);
  if (!ptx || level == Level::Ptx)
    return ptx;
  Result<std::string> ptxas = findPtxas(options.ptxas);
  if (!ptxas)
    return ptxas;
  Result<Cubin> cubin = toCubin(compilation, *ptx, target, *ptxas);
  if (!cubin)
    return cubin.error();
  if (level == Level::Cubin)
    return std::string(cubin->bytes.begin(), cubin->bytes.end());
  return disassemble(cubin->bytes);
}

} // namespace halftone
