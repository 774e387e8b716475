// Reproducers of failures.
#include "codegen/Dump.h"

#include "codegen/Dialect/Ht/HtDialect.h"
#include "codegen/Pipelines.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace halftone;

TEST_CASE("a reproducer holds the module and the passes of its stage") {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<ht::HtDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      "ht.attention @dense {head_dim = 64 : i32, element = f16} mask {} score {}", &context);
  REQUIRE(module);
  mlir::PassManager passes(&context, mlir::ModuleOp::getOperationName());
  populateTilePipeline(passes, {.tileQ = 64, .tileK = 32, .stages = 1, .warps = 2});

  Result<Dump> dump = Dump::open({}, "test");
  REQUIRE(dump);
  std::string path = writeReproducer(*dump, *module, passes, "tile");
  REQUIRE(!path.empty());
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::filesystem::remove(path);
  CHECK(text.str().find("ht.attention @dense") != std::string::npos);
  CHECK(text.str().find("pipeline: \"builtin.module(ht-tile-attention{stages=1 tile-k=32 "
                        "tile-q=64 warps=2},canonicalize") != std::string::npos);
}
