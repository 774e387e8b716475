#include "cli/CommandLine.h"

#include "autotune/KernelBackend.h"
#include "autotune/Worker.h"
#include "cli/Commands.h"
#include "cli/Nearest.h"

#include <llvm/Support/Signals.h>

#include <algorithm>

#include <unistd.h>

namespace halftone::cli {
namespace {

struct Command {
  CLI::App *app;
  Action action;
};

constexpr const char *exitCodes =
    "Exit codes: 0 done; 1 a result failed; 2 misuse; 3 unsupported problem or target;\n"
    "4 no GPU or driver; 5 compilation failed; 6 no valid candidate; 7 cache or file;\n"
    "130 interrupted.";

/// The spellings of an app's options, or of its subcommands.
std::vector<std::string> optionNames(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::Option *option : app.get_options())
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
  return names;
}

std::string suggestion(const std::string &name, const std::vector<std::string> &known,
                       const std::string &otherwise) {
  std::string near = nearest(name, known);
  return near.empty() ? otherwise : fmt::format("did you mean `{}`?", near);
}

/// What CLI11 refused, in one line.
Error parseError(const CLI::ParseError &failure, const std::string &help) {
  std::string text = failure.what();
  std::string subject = text.substr(0, text.find(':'));
  if (failure.get_name() == "ArgumentMismatch")
    return misuse(text.find("eceived") != std::string::npos
                      ? fmt::format("{} is given more than once, or with too many values", subject)
                      : fmt::format("{} needs a value", subject),
                  help);
  if (failure.get_name() == "ExcludesError") {
    size_t middle = text.find(" excludes ");
    if (middle != std::string::npos)
      return misuse(fmt::format("{} and {} cannot be used together", text.substr(0, middle),
                                text.substr(middle + 10)),
                    "leave one of them out");
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return misuse(text, help);
}

/// The argument that no option took, if any: an option if there is one, for the value of a
/// misspelled option is left over with it.
std::string unexpectedArgument(const CLI::App &app) {
  std::vector<std::string> rest = app.remaining();
  auto option = std::find_if(rest.begin(), rest.end(),
                             [](const std::string &text) { return text.starts_with("-"); });
  return option != rest.end() ? *option : rest.empty() ? std::string() : rest.front();
}

/// The command that was given, or the one of its own commands that was.
const CLI::App *given(const CLI::App *command) {
  std::vector<CLI::App *> inner = command->get_subcommands();
  return inner.empty() ? command : inner.back();
}

/// "halftone cache ls"
std::string nameOf(const CLI::App *command) {
  const CLI::App *app = given(command);
  return "halftone " + command->get_name() + (app == command ? "" : " " + app->get_name());
}

std::vector<std::string> commandNames(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::App *sub : app.get_subcommands({}))
    names.push_back(sub->get_name());
  return names;
}

/// What to say of an argument that `app`, whose name on the command line is `name`, did not take.
Error unexpected(const CLI::App &app, const std::string &name, const std::string &argument) {
  if (argument.starts_with("-"))
    return misuse(fmt::format("unknown option `{}`", argument),
                  suggestion(argument.substr(0, argument.find('=')), optionNames(app),
                             fmt::format("try `{} --help`", name)));
  if (std::vector<std::string> names = commandNames(app); !names.empty())
    return misuse(fmt::format("unknown command `{}`", argument),
                  suggestion(argument, names, fmt::format("there are {}", fmt::join(names, ", "))));
  return misuse(fmt::format("unexpected argument `{}`", argument),
                "options begin with `--`; a value with spaces needs quotes");
}

void exitInterrupted() { ::_exit(130); }

} // namespace

int runCommandLine(int argc, char **argv) {
  // The child's side of `halftone tune`; not for people.
  if (argc == 2 && std::string(argv[1]) == "tune-worker")
    serveAsWorker(*makeKernelBackend());

  // Temporary files are removed by LLVM's handler before this is called.
  llvm::sys::SetInterruptFunction(exitInterrupted);

  CLI::App app(
      "Halftone compiles attention patterns: a line says which query tokens see which key\n"
      "tokens, and out comes a kernel that skips everything else.",
      "halftone");
  app.set_version_flag("--version", "halftone " HALFTONE_VERSION);
  app.footer(std::string("`halftone <command> --help` shows a command's options and examples.\n") +
             exitCodes);
  std::vector<Command> commands;
  std::vector<std::string> names;
  bool json = false;
  auto add = [&](const char *name, const char *summary, Action (*declare)(CLI::App &)) {
    CLI::App *sub = app.add_subcommand(name, summary);
    sub->allow_extras();
    commands.push_back({sub, declare(*sub)});
    sub->add_flag("--json", json, "Print one JSON document on standard output");
    names.emplace_back(name);
  };
  add("mask", "Draw what a pattern keeps, and count it", addMaskCommand);
  add("compile", "Compile a problem for one or more targets", addCompileCommand);
  add("tune", "Find the fastest schedule for a problem on this machine", addTuneCommand);
  add("run", "Run a problem on random or given data, check and time it", addRunCommand);
  add("bench", "Compare patterns: speed, and what is kept of the attention", addBenchCommand);
  add("demo", "Describe, compile, run, check and time a radial pattern here", addDemoCommand);
  add("cache", "List, check, move and clear what was tuned and compiled", addCacheCommand);
  add("doctor", "Say what this machine has for Halftone", addDoctorCommand);

  Console console("halftone");
  // A failure to parse must answer in JSON too, if that was asked for.
  console.json = std::any_of(argv + 1, argv + argc, [](const char *argument) {
    return std::string(argument) == "--json";
  });
  if (argc < 2 || (argc == 2 && console.json))
    return console.fail(
        misuse(fmt::format("no command: there are {}", fmt::join(names, ", ")), "try --help"));
  std::string first = argv[1];
  if (!first.starts_with("-") && std::find(names.begin(), names.end(), first) == names.end())
    return console.fail(
        misuse(fmt::format("unknown command `{}`", first),
               suggestion(first, names, fmt::format("there are {}", fmt::join(names, ", ")))));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    std::string text = app.help();
    for (const Command &command : commands)
      if (command.app->get_name() == first)
        text = command.app->help("halftone");
    console.raw(text);
    return console.finish(0);
  } catch (const CLI::CallForVersion &) {
    console.raw("halftone " HALFTONE_VERSION "\n");
    return console.finish(0);
  } catch (const CLI::ParseError &failure) {
    std::string name = "halftone";
    for (const Command &command : commands)
      if (command.app->get_name() == first)
        name = nameOf(command.app);
    console.rename(name);
    return console.fail(parseError(failure, fmt::format("try `{} --help`", name)));
  }
  for (const Command &command : commands) {
    if (!command.app->parsed())
      continue;
    const CLI::App &app = *given(command.app);
    std::string name = nameOf(command.app);
    console.rename(name);
    console.json = json;
    std::string extra = unexpectedArgument(app);
    if (extra.empty())
      extra = unexpectedArgument(*command.app);
    if (!extra.empty())
      return console.fail(unexpected(app, name, extra));
    auto exitCode = command.action(console);
    return exitCode ? console.finish(*exitCode) : console.fail(exitCode.error());
  }
  return console.fail(misuse(fmt::format("no command: there are {}", fmt::join(names, ", ")),
                             "try `halftone --help`"));
}

} // namespace halftone::cli
