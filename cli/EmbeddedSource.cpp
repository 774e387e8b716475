#include "cli/EmbeddedSource.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace halftone::cli {
namespace {

/// Text inside a C comment: it must not end it.
std::string inComment(std::string text) {
  for (size_t at; (at = text.find("*/")) != std::string::npos;)
    text.insert(at + 1, " ");
  return text;
}

/// Text as string literals, one a line.
std::string literals(std::string_view text) {
  constexpr size_t width = 88;
  std::string all;
  do {
    std::string_view line = text.substr(0, width);
    text.remove_prefix(line.size());
    all += "\n    \"";
    for (char c : line) {
      if (c == '"' || c == '\\')
        all += '\\';
      all += c;
    }
    all += '"';
  } while (!text.empty());
  return all;
}

std::string upper(std::string text) {
  for (char &c : text)
    c = char(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string targetsOf(const std::vector<EmbeddedImage> &images) {
  std::string list;
  for (const EmbeddedImage &one : images)
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", one.image.target,
                        one.image.kind == Image::Kind::Ptx ? " (PTX)" : "");
  return list;
}

void appendArray(fmt::memory_buffer &text, const std::vector<char> &bytes) {
  for (size_t i = 0; i < bytes.size(); ++i)
    fmt::format_to(std::back_inserter(text), "{}{}",
                   i == 0        ? "\n"
                   : i % 32 == 0 ? ",\n"
                                 : ",",
                   static_cast<unsigned char>(bytes[i]));
}

} // namespace

bool isCIdentifier(std::string_view name) {
  auto isLetter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; };
  return !name.empty() && isLetter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return isLetter(c) || std::isdigit(static_cast<unsigned char>(c));
         });
}

std::string EmbeddedSource::header() const {
  return fmt::format(
      R"(/* {what}
 * Code for {targets}. Made by halftone compile; link it with Halftone's runtime. */
#ifndef {guard}_H
#define {guard}_H

#include "runtime/halftone_embedded.h"

#ifdef __cplusplus
extern "C" {{
#endif

/* The problem it was compiled for, as halftone_problem_parse() reads it. */
extern const char {name}_problem[];

/* Computes it on GPU number `gpu`, or on the CPU (HALFTONE_CPU), as halftone_kernel_launch() does.
 * The first call on each device loads and plans, and must not be inside a stream capture. */
halftone_status {name}_launch(int gpu, const halftone_tensor *q, const halftone_tensor *k,
                              const halftone_tensor *v, const halftone_tensor *o, float *lse,
                              void *stream, halftone_error **error);

/* The kernel itself, planned for `problem`: other lengths, frame counts or decays of the same
 * pattern; null for the one above. No compilation. Free it with halftone_kernel_free(). */
halftone_status {name}_kernel(int gpu, const halftone_problem *problem, halftone_kernel **kernel,
                              halftone_error **error);

/* Gives back what was loaded. No other call may be under way. */
void {name}_unload(void);

#ifdef __cplusplus
}}
#endif

#endif
)",
      fmt::arg("what", inComment(what)), fmt::arg("targets", targetsOf(images)),
      fmt::arg("guard", upper(name)), fmt::arg("name", name));
}

std::string EmbeddedSource::source() const {
  fmt::memory_buffer text;
  auto out = std::back_inserter(text);
  fmt::format_to(out, "/* {} Made by halftone compile. */\n#include \"{}.h\"\n", inComment(what),
                 name);
  fmt::format_to(out, "\nconst char {}_problem[] ={};\n", name, literals(problem));
  std::string table;
  for (const EmbeddedImage &one : images) {
    fmt::format_to(out, "\nstatic const unsigned char image_{}[] = {{", one.label);
    appendArray(text, writeImage(one.image));
    fmt::format_to(out, "}};\n");
    std::string entry = "NULL", features = "NULL";
    if (one.image.kind == Image::Kind::Object) {
      fmt::format_to(out,
                     "#ifdef __cplusplus\nextern \"C\"\n#else\nextern\n#endif\n"
                     "void {}(const void *arguments, int64_t begin, int64_t end, void *scratch);\n",
                     one.image.entry);
      entry = one.image.entry;
      features = fmt::format("\"{}\"", one.cpuFeatures);
    }
    table +=
        fmt::format("    {{image_{0}, sizeof image_{0}, {1}, {2}}},\n", one.label, entry, features);
  }
  fmt::format_to(out,
                 R"(
static const halftone_embedded_image images[] = {{
{table}}};
static halftone_embedded embedded = {{"{name}", {name}_problem, images,
                                     sizeof images / sizeof images[0], NULL}};

halftone_status {name}_launch(int gpu, const halftone_tensor *q, const halftone_tensor *k,
                              const halftone_tensor *v, const halftone_tensor *o, float *lse,
                              void *stream, halftone_error **error) {{
  return halftone_embedded_launch(&embedded, gpu, q, k, v, o, lse, stream, error);
}}

halftone_status {name}_kernel(int gpu, const halftone_problem *problem, halftone_kernel **kernel,
                              halftone_error **error) {{
  return halftone_embedded_kernel(&embedded, gpu, problem, kernel, error);
}}

void {name}_unload(void) {{ halftone_embedded_unload(&embedded); }}
)",
                 fmt::arg("table", table), fmt::arg("name", name));
  return fmt::to_string(text);
}

} // namespace halftone::cli
