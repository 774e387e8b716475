#include "dsl/Parse.h"

#include "dsl/ExpressionReader.h"
#include "dsl/Nearest.h"

#include <algorithm>

namespace halftone {

namespace {

Layout readVideo(Scanner &scanner) {
  VideoShape shape;
  std::pair<std::string_view, int64_t *> fields[] = {{"frames", &shape.frames},
                                                     {"height", &shape.height},
                                                     {"width", &shape.width},
                                                     {"text", &shape.text}};
  bool given[4] = {};
  do {
    Where at = scanner.where();
    std::string_view name = scanner.peekWord();
    size_t i = 0;
    while (i < 4 && fields[i].first != name)
      ++i;
    if (name.empty()) {
      scanner.failExpected("a size such as frames=21");
    } else if (i == 4) {
      scanner.fail("unknown size `" + std::string(name.substr(0, 40)) + "` of a video",
                   nearestFix(name, {"frames", "height", "width", "text"}), at);
    } else if (given[i]) {
      scanner.fail("`" + std::string(name) + "` is given twice", "give it once", at);
    } else {
      scanner.word();
      scanner.expect("=");
      *fields[i].second = scanner.integer();
      given[i] = true;
    }
  } while (scanner.accept(","));
  for (size_t i = 0; i < 3; ++i)
    if (!given[i] && !scanner.failed())
      scanner.failExpected("`, " + std::string(fields[i].first) + "=...`");
  scanner.expect(")");
  return Layout::video(shape);
}

Layout readLayout(Scanner &scanner) {
  Where at = scanner.where();
  std::string_view name = scanner.peekWord();
  if (name != "video" && name != "sequence" && name != "packed") {
    if (name.empty())
      scanner.failExpected("a layout such as sequence(1024)");
    else
      scanner.fail("unknown layout `" + std::string(name.substr(0, 40)) + "`",
                   nearestFix(name, {"video", "sequence", "packed"}), at);
    return Layout::sequence(1);
  }
  scanner.word();
  scanner.expect("(");
  if (name == "video")
    return readVideo(scanner);
  std::vector<int64_t> sizes;
  do {
    sizes.push_back(scanner.integer());
  } while (name == "packed" && scanner.accept(","));
  scanner.expect(")");
  return name == "packed" ? Layout::packed(std::move(sizes)) : Layout::sequence(sizes[0]);
}

Element readElement(Scanner &scanner) {
  for (Element element : {Element::F32, Element::F16, Element::BF16})
    if (scanner.peekWord() == elementName(element)) {
      scanner.word();
      return element;
    }
  scanner.failExpected("an element type: f32, f16 or bf16");
  return Element::F32;
}

/// The fields of a problem as they are read; a field is given at most once, a bias any number.
struct ProblemReader {
  Scanner &scanner;
  std::optional<Layout> query{}, key{};
  AttentionShape shape{};
  std::optional<double> scale{}, softcap{};
  std::vector<Bias> biases{};
  std::vector<std::string_view> seen{};

  void bias() {
    scanner.expect("(");
    NodePointer distance = ExpressionReader(scanner).sum();
    scanner.expect(";");
    std::vector<float> coefficients;
    while (!scanner.failed() && !scanner.sees(")"))
      coefficients.push_back(scanner.narrowFloating());
    scanner.expect(")");
    if (distance && !scanner.failed())
      biases.push_back({Expr(distance), std::move(coefficients)});
  }

  void flag(bool &value) {
    int64_t number = scanner.sees("0") || scanner.sees("1") ? scanner.integer() : 2;
    if (number != 0 && number != 1)
      scanner.failExpected("0 or 1");
    value = number == 1;
  }

  void value(std::string_view name) {
    if (name == "query")
      query = readLayout(scanner);
    else if (name == "key")
      key = readLayout(scanner);
    else if (name == "batch")
      shape.batch = scanner.integer();
    else if (name == "heads")
      shape.heads = scanner.integer();
    else if (name == "kv_heads")
      shape.kvHeads = scanner.integer();
    else if (name == "head_dim")
      shape.headDim = scanner.integer();
    else if (name == "element")
      shape.element = readElement(scanner);
    else if (name == "lse")
      flag(shape.lse);
    else if (name == "scale")
      scale = scanner.floating();
    else if (name == "softcap")
      softcap = scanner.floating();
    else
      bias();
  }

  void field() {
    static constexpr std::initializer_list<std::string_view> names = {
        "query",   "key", "batch", "heads",   "kv_heads", "head_dim",
        "element", "lse", "scale", "softcap", "bias"};
    Where at = scanner.where();
    std::string_view name = scanner.peekWord();
    if (name.empty())
      return scanner.failExpected("a field such as heads=40, or `where`");
    if (std::find(names.begin(), names.end(), name) == names.end())
      return scanner.fail("unknown field `" + std::string(name.substr(0, 40)) + "` of a problem",
                          nearestFix(name, names), at);
    if (name != "bias" && std::find(seen.begin(), seen.end(), name) != seen.end())
      return scanner.fail("`" + std::string(name) + "` is given twice", "give it once", at);
    seen.push_back(name);
    scanner.word();
    if (scanner.expect("="))
      value(name);
  }
};

} // namespace

Result<Pattern> parsePattern(std::string_view text) {
  Scanner scanner(text);
  ExpressionReader reader(scanner);
  NodePointer node = reader.pattern();
  reader.expectEnd();
  if (scanner.failed())
    return scanner.error();
  return Pattern(std::move(node));
}

Result<Expr> parseExpr(std::string_view text) {
  Scanner scanner(text);
  ExpressionReader reader(scanner);
  NodePointer node = reader.sum();
  reader.expectEnd();
  if (scanner.failed())
    return scanner.error();
  return Expr(std::move(node));
}

Result<Layout> parseLayout(std::string_view text) {
  Scanner scanner(text);
  Layout layout = readLayout(scanner);
  if (!scanner.atEnd())
    scanner.failExpected("the end");
  if (scanner.failed())
    return scanner.error();
  return layout;
}

Result<Problem> parseProblem(std::string_view text) {
  Scanner scanner(text);
  if (scanner.peekWord() != "attention")
    scanner.failExpected("`attention`");
  scanner.word();
  ProblemReader reader{scanner};
  NodePointer kept = Pattern::dense().node();
  while (!scanner.failed() && !scanner.atEnd() && scanner.peekWord() != "where")
    reader.field();
  if (!scanner.failed() && !scanner.atEnd()) {
    scanner.word();
    ExpressionReader expression(scanner);
    kept = expression.pattern();
    expression.expectEnd();
  }
  if (!reader.query)
    scanner.fail("a problem without a query layout", "add query=sequence(1024), for example",
                 scanner.where());
  if (scanner.failed())
    return scanner.error();
  Problem problem(*reader.query, reader.key ? *reader.key : *reader.query, reader.shape);
  problem = problem.where(Pattern(std::move(kept)));
  if (reader.scale)
    problem = problem.withScale(*reader.scale);
  if (reader.softcap)
    problem = problem.withSoftcap(*reader.softcap);
  for (Bias &bias : reader.biases)
    problem = problem.withBias(std::move(bias.distance), std::move(bias.coefficients));
  return problem;
}

} // namespace halftone
