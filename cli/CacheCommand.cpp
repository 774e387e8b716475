#include "cli/CacheActions.h"
#include "cli/Commands.h"
#include "cli/OptionValues.h"

namespace halftone::cli {
namespace {

using CacheAction = Result<int> (*)(const CacheRequest &, Console &);

struct CacheCommands {
  CacheRequest request;
  std::vector<std::pair<CLI::App *, CacheAction>> all;

  CLI::App *add(CLI::App &app, const char *name, const char *summary, const char *examples,
                CacheAction action) {
    CLI::App *sub = app.add_subcommand(name, summary);
    sub->footer(std::string("Examples:\n") + examples);
    sub->fallthrough(); // --json is the whole command's
    all.emplace_back(sub, action);
    return sub;
  }
  void addTuned(CLI::App &app) {
    addText(app, "--tuned", request.tuned, "Also look into this file of configurations, before all")
        ->type_name("FILE");
  }
};

constexpr const char *about =
    "Tuned configurations and compiled images that are kept on this machine.\n"
    "Configurations are data (JSON) and are looked up in the user's folder, the system's\n"
    "(/etc/halftone/tuned) and those that came with Halftone. The user's folder is\n"
    "HALFTONE_CACHE_DIR, else XDG_CACHE_HOME/halftone, else ~/.cache/halftone. Images are\n"
    "code, and never leave it.";

} // namespace

Action addCacheCommand(CLI::App &app) {
  auto commands = std::make_shared<CacheCommands>();
  CacheRequest &request = commands->request;
  app.description(about);
  app.footer("Examples:\n"
             "  halftone cache ls\n"
             "  halftone cache export --out tuned.json");

  CLI::App *list = commands->add(
      app, "ls", "List configurations, and count images",
      "  halftone cache ls\n  halftone cache ls --tuned tuned.json --json", listCache);
  commands->addTuned(*list);

  CLI::App *show = commands->add(app, "show", "Everything that is known about a configuration",
                                 "  halftone cache show 3f9a01", showCache);
  show->add_option("HASH", request.hashes, "Beginnings of keys' hashes, as ls prints them")
      ->required();
  commands->addTuned(*show);

  commands->add(app, "path", "Where configurations and images are",
                "  halftone cache path\n  halftone cache path --json", printCachePath);

  CLI::App *exporting = commands->add(
      app, "export", "Write configurations into one file that import reads",
      "  halftone cache export --out tuned.json\n  halftone cache export 3f9a01 > one.json",
      exportCache);
  exporting->add_option("HASH", request.hashes,
                        "Beginnings of keys' hashes (default: all of the user's)");
  addText(*exporting, "--out", request.out, "The file to write (default: standard output)")
      ->type_name("FILE");

  CLI::App *importing = commands->add(
      app, "import", "Check a file of configurations and take them over",
      "  halftone cache import tuned.json\n  halftone cache import tuned.json --replace",
      importCache);
  importing->add_option("FILE", request.file, "What export wrote")->required();
  importing->add_flag("--replace", request.replace,
                      "Also those of keys that are tuned here already");

  CLI::App *verify = commands->add(app, "verify", "Read everything, and say what is damaged",
                                   "  halftone cache verify", verifyCache);
  commands->addTuned(*verify);

  CLI::App *prune = commands->add(
      app, "prune", "Remove what is damaged, and the images that were not used for longest",
      "  halftone cache prune\n  halftone cache prune --limit 100M", pruneCache);
  addText(*prune, "--limit", request.limit, "What the images may take (default: 512M)")
      ->type_name("SIZE");

  CLI::App *clear =
      commands->add(app, "clear", "Remove the user's configurations and images",
                    "  halftone cache clear\n  halftone cache clear --images", clearCache);
  clear->add_flag("--configurations", request.configurations, "Only configurations");
  clear->add_flag("--images", request.images, "Only images");

  return [commands](Console &console) -> Result<int> {
    std::vector<std::string> names;
    for (auto [sub, action] : commands->all) {
      if (sub->parsed())
        return action(commands->request, console);
      names.push_back(sub->get_name());
    }
    return misuse(fmt::format("no command: there are {}", fmt::join(names, ", ")),
                  "try `halftone cache --help`");
  };
}

} // namespace halftone::cli
