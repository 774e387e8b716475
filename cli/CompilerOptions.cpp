#include "cli/CompilerOptions.h"

#include "cli/OptionValues.h"

namespace halftone::cli {

void declareCompilerOptions(CLI::App &app, CompileOptions &options) {
  addText(app, "--dump-to", options.dumpTo,
          "Write IR after each pass, PTX and the ptxas report into a folder")
      ->envname("HALFTONE_DUMP_TO")
      ->type_name("FOLDER");
  app.add_flag("--time-passes", options.timePasses, "Report the time of each pass on stderr");
  addText(app, "--ptxas", options.ptxas,
          "The ptxas to use; `none` leaves PTX for the driver (default: look for one)")
      ->type_name("FILE");
}

std::string_view imageKindName(Image::Kind kind) {
  switch (kind) {
  case Image::Kind::Cubin:
    return "cubin";
  case Image::Kind::Ptx:
    return "ptx";
  case Image::Kind::Object:
    return "object";
  }
  return "unknown";
}

} // namespace halftone::cli
