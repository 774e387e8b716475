#include "cli/Comparison.h"

#include "cli/HostFacts.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include <unistd.h>

namespace halftone::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string localTime() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &parts);
  return text;
}

std::string hostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

/// What Google Benchmark says of a machine, and what we ran there.
Json context(const Comparison &comparison) {
  double load[3] = {};
  int known = std::max(::getloadavg(load, 3), 0);
  return {{"date", localTime()},
          {"host_name", hostName()},
          {"executable", "halftone"},
          {"num_cpus", hostFacts().threads},
          {"mhz_per_cpu", 0}, // not known
          {"cpu_scaling_enabled", false},
          {"caches", Json::array()},
          {"load_avg", std::vector<double>(load, load + known)},
          {"library_build_type", "release"},
          {"json_schema_version", 1},
          {"layout", comparison.layout},
          {"tensors", comparison.tensors},
          {"target", comparison.target},
          {"device", comparison.device}};
}

Json qualityOf(const Quality &quality) {
  Json heads = Json::array();
  for (const HeadQuality &head : quality.heads)
    heads.push_back({{"batch", head.batch},
                     {"head", head.head},
                     {"keptMass", head.keptMass},
                     {"massByFrameDistance", head.massAt},
                     {"keptMassByFrameDistance", head.keptAt},
                     {"relativeError", head.relativeError},
                     {"greatestError", head.greatestError}});
  return {{"rows", quality.rows}, {"heads", heads}};
}

void addCounters(Json &entry, const Comparison &comparison, const Comparison::Row &row) {
  entry["density"] = row.density;
  entry["covered"] = row.covered;
  entry["keptPairs"] = row.keptPairs;
  entry["teraflops"] = row.teraflops;
  entry["speedup"] = comparison.speedup(row);
  entry["idealSpeedup"] = 1 / row.density;
  entry["outputError"] = row.checked.outputError;
  entry["outputLimit"] = row.checked.outputLimit;
  entry["passed"] = row.checked.passed();
  entry["where"] = row.where;
  entry["schedule"] = row.schedule;
  if (!row.quality)
    return;
  entry["keptMass"] = row.quality->keptMass();
  entry["relativeError"] = row.quality->relativeError();
  entry["greatestError"] = row.quality->greatestError();
  entry["keptShareByFrameDistance"] = row.quality->keptShareAt();
  entry["quality"] = qualityOf(*row.quality);
}

} // namespace

Json benchmarkDocument(const Comparison &comparison) {
  Json entries = Json::array();
  for (size_t family = 0; family < comparison.rows.size(); ++family) {
    const Comparison::Row &row = comparison.rows[family];
    size_t repetitions = row.milliseconds.size();
    auto entry = [&](const std::string &name, const char *type) {
      return Json{
          {"name", name},         {"family_index", family}, {"per_family_instance_index", 0},
          {"run_name", row.name}, {"run_type", type},       {"repetitions", repetitions}};
    };
    for (size_t index = 0; index < repetitions; ++index) {
      Json launch = entry(row.name, "iteration");
      launch["repetition_index"] = index;
      launch["threads"] = 1;
      launch["iterations"] = 1;
      launch["real_time"] = row.milliseconds[index];
      launch["cpu_time"] = row.cpuMilliseconds;
      launch["time_unit"] = "ms";
      entries.push_back(std::move(launch));
    }
    Json median = entry(row.name + "_median", "aggregate");
    median["threads"] = 1;
    median["aggregate_name"] = "median";
    median["aggregate_unit"] = "time";
    median["iterations"] = repetitions;
    median["real_time"] = row.median();
    median["cpu_time"] = row.cpuMilliseconds;
    median["time_unit"] = "ms";
    addCounters(median, comparison, row);
    entries.push_back(std::move(median));
  }
  return {{"context", context(comparison)}, {"benchmarks", entries}};
}

} // namespace halftone::cli
