#include "cli/HtmlPage.h"
#include "cli/Markup.h"
#include "cli/TunePageParts.h"

#include <algorithm>
#include <map>

namespace halftone::cli {

std::string knobText(const Knob &knob, const Schedule &schedule) {
  // The text leaves out what is at its default, and has names where the number has none.
  std::string text = " " + schedule.text() + " ", name = fmt::format(" {}=", knob.name);
  size_t at = text.find(name);
  if (at == std::string::npos)
    return std::to_string(knob.get(schedule));
  at += name.size();
  return text.substr(at, text.find(' ', at) - at);
}

namespace {

struct KnobValue {
  std::string text;
  double milliseconds = 0; ///< the best at this value
  int timed = 0;
};

struct KnobEffect {
  const Knob *knob;
  std::map<int, KnobValue> values;

  double worst() const {
    double most = 0;
    for (const auto &[value, seen] : values)
      most = std::max(most, seen.milliseconds);
    return most;
  }
};

KnobEffect effectOf(const Knob &knob, const std::vector<Standing> &standings) {
  KnobEffect effect{.knob = &knob, .values = {}};
  for (const Standing &standing : standings) {
    if (!isTimed(standing.verdict))
      continue;
    KnobValue &value = effect.values[knob.get(standing.candidate.schedule)];
    value.text = knobText(knob, standing.candidate.schedule);
    if (++value.timed == 1 || standing.milliseconds < value.milliseconds)
      value.milliseconds = standing.milliseconds;
  }
  return effect;
}

std::string cardOf(const KnobEffect &effect, double best, double longest) {
  std::string html = fmt::format(
      "<section class=\"knob\"><h3>{}</h3><p>{}</p>\n<table>\n<tr><th>value</th><th>over the "
      "best</th><th></th><th>timed</th></tr>\n",
      escapedMarkup(effect.knob->name), escapedMarkup(effect.knob->meaning));
  for (const auto &[value, seen] : effect.values) {
    double ratio = seen.milliseconds / best;
    html += fmt::format("<tr><td>{}</td><td class=\"track\"><div style=\"width:{:.1f}%\"></div>"
                        "</td><td>{:.2f}</td><td>{}</td></tr>\n",
                        escapedMarkup(seen.text), 100 * ratio / longest, ratio, seen.timed);
  }
  return html + "</table></section>\n";
}

} // namespace

std::string knobsPart(const TunePageFacts &facts) {
  std::vector<Knob> knobs = knobsOf(facts.target);
  std::vector<KnobEffect> effects;
  std::string single;
  for (const Knob &knob : knobs) {
    KnobEffect effect = effectOf(knob, facts.search().standings);
    if (effect.values.empty())
      return {};
    if (effect.values.size() == 1)
      single += fmt::format("{}{}={}", single.empty() ? "" : ", ", escapedMarkup(knob.name),
                            escapedMarkup(effect.values.begin()->second.text));
    else
      effects.push_back(std::move(effect));
  }
  std::sort(effects.begin(), effects.end(), [](const KnobEffect &a, const KnobEffect &b) {
    return std::pair(-a.worst(), a.knob) < std::pair(-b.worst(), b.knob);
  });
  double best = 0;
  for (const Standing &standing : facts.search().standings)
    if (isTimed(standing.verdict) && (best == 0 || standing.milliseconds < best))
      best = standing.milliseconds;
  std::string html = "<h2>Which knobs mattered</h2>\n";
  if (!effects.empty()) {
    html += "<p>For each value of a knob the best time of the candidates that have it, over the "
            "best of all. The knob that can cost most comes first.</p>\n<div class=\"knobs\">\n";
    double longest = effects.front().worst() / best;
    for (const KnobEffect &effect : effects)
      html += cardOf(effect, best, longest);
    html += "</div>\n";
  }
  if (!single.empty())
    html += fmt::format("<p>Only one value was timed: {}.</p>\n", single);
  return html;
}

} // namespace halftone::cli
