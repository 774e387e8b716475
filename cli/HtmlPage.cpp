#include "cli/HtmlPage.h"

#include "cli/Markup.h"
#include "cli/Picture.h"

#include <fmt/format.h>
#include <llvm/Support/Base64.h>

#include <cmath>

namespace halftone::cli {
namespace {

constexpr std::string_view policy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

constexpr std::string_view sharedStyle = R"(
:root { color-scheme: light dark; --text: #1a1a1a; --back: #ffffff; --faint: #5f5f5f; --line: #dcdcdc;
  --panel: #f5f5f2; --accent: #1f6fb4; --good: #1d7a3a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e6; --back: #171717; --faint: #a8a8a6; --line: #3b3b3b; --panel: #222222;
    --accent: #6db3f2; --good: #6fcf8b; --bad: #ff8a80; }
}
body { font: 15px/1.45 sans-serif; margin: 2em auto; padding: 0 1em; color: var(--text); background: var(--back); }
h1 { font-size: 1.6em; margin: 0 0 .3em; }
h2 { font-size: 1.2em; margin: 1.8em 0 .4em; }
table { border-collapse: collapse; }
th, td { padding: .35em .6em; text-align: right; border-bottom: 1px solid var(--line); }
code { font: 12px/1.4 monospace; overflow-wrap: anywhere; }
svg { display: block; margin: .6em 0; max-width: 100%; height: auto; font: 12px sans-serif; }
svg text { fill: var(--text); paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
svg text.note { fill: var(--faint); }
svg .axis { fill: none; stroke: var(--text); }
svg .grid { fill: none; stroke: var(--line); }
img.mask { image-rendering: pixelated; background: #ffffff; border: 1px solid var(--line); display: block; }
)";

} // namespace

std::string pageHead(std::string_view title, std::string_view style) {
  std::string escaped = escapedMarkup(title);
  return fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
                     "<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n"
                     "<style>{}{}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
                     policy, escaped, sharedStyle, style, escaped);
}

Result<std::string> maskImage(const BlockMask &mask, std::string_view name) {
  std::string png;
  if (Status status =
          writePng(mask, pngPixels(mask), [&](std::string_view bytes) { png += bytes; });
      !status)
    return status.error();
  return fmt::format("<img class=\"mask\" alt=\"mask of {}\" src=\"data:image/png;base64,{}\">",
                     escapedMarkup(name), llvm::encodeBase64(png));
}

std::string numberText(double value) {
  return std::abs(value) < 10000 ? fmt::format("{:.4g}", value) : fmt::format("{:.0f}", value);
}

} // namespace halftone::cli
