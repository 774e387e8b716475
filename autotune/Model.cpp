#include "autotune/Model.h"

#include "runtime/Plan.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>
#include <queue>

namespace halftone {

namespace {

// What a streaming multiprocessor does in a clock besides matrix products: exponentials in the
// special function units, fp32 operations, and bytes between shared memory and registers, and
// between the second-level cache and shared memory (NVIDIA's tuning guides for sm_80 and sm_90).
constexpr double exponentialsPerClock = 16, scalarsPerClock = 128, sharedBytesPerClock = 128,
                 copyBytesPerClock = 64;
/// fp32 operations for a score besides its exponential: scale, maximum, subtraction, sum, rounding.
constexpr double scalarsPerScore = 5;
/// What mma.sync reaches of the tensor cores' rate where wgmma would be needed for all of it.
constexpr double mmaShareOfHopper = 0.62;
/// Clocks that no unit is busy with, on sm_90a: barriers and addresses of a stage, and of a chunk.
constexpr double stageOnHopper = 130, chunkOnHopper = 2;
/// The share of a stage's softmax, or products where those are less, that nothing runs beside, on
/// sm_90a. With what else gpuCost says of it, but of clusters, fitted to sweeps of one head on an
/// H200 (bench/results/sweeps); clusters to searches at all heads, where power is short.
double exposedOnHopper(const Schedule &schedule) {
  if (schedule.tileQ == 64)
    return 1;
  if (schedule.tileQ == 192)
    return 0.33;
  return schedule.overlap ? 0.48 : schedule.groupLists ? 0.81 : 0.7;
}
constexpr int registersPerMultiprocessor = 65536, threadsPerMultiprocessor = 2048;

/// When the last of `items` is done if each goes to the worker that is free first.
template <typename Items, typename CyclesOf>
double makespan(const Items &items, int workers, const CyclesOf &cyclesOf) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (int i = 0; i < workers; ++i)
    free.push(0);
  double last = 0;
  for (const auto &item : items) {
    double end = free.top() + cyclesOf(item);
    free.pop();
    free.push(end);
    last = std::max(last, end);
  }
  return last;
}

std::vector<double> ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    for (end = begin; end < order.size() && values[order[end]] == values[order[begin]];)
      ++end;
    for (size_t i = begin; i < end; ++i)
      result[order[i]] = double(begin + end - 1) / 2;
  }
  return result;
}

} // namespace

Model::Model(const Problem &problem, const Target &target, const MachineFacts &machine)
    : problem(problem), target(target), machine(machine) {}

Result<const Model::Items *> Model::itemsOf(const Schedule &schedule) {
  Schedule natural = schedule;
  natural.order = WorkOrder::Natural;
  Schedule tiles;
  tiles.tileQ = schedule.tileQ;
  tiles.tileK = schedule.tileK;
  tiles.gather = schedule.gather;
  tiles.groupLists = schedule.groupLists;
  tiles.cluster = schedule.cluster;
  Planned *found = nullptr;
  {
    std::lock_guard guard(mutex);
    found = &planned[tiles.text()]; // a map's elements stay where they are
  }
  std::call_once(found->once, [&] {
    Result<Plan> plan = makePlan(problem, natural);
    if (!plan) {
      found->items = plan.error();
      return;
    }
    Items items;
    items.reserve(plan->work.size());
    for (const WorkItem &item : plan->work)
      items.push_back({item.full, item.partial});
    found->items = std::move(items);
  });
  if (!*found->items)
    return found->items->error();
  return &**found->items;
}

/// The items as a plan of this order hands them out.
Model::Items Model::ordered(Items items, WorkOrder order) {
  if (order == WorkOrder::LongestFirst)
    std::sort(items.begin(), items.end(),
              [](const Item &a, const Item &b) { return a.length() > b.length(); });
  if ((order == WorkOrder::LongFirst || order == WorkOrder::AcrossFrames) && !items.empty()) {
    double mean = 0;
    for (const Item &item : items)
      mean += double(item.length()) / double(items.size());
    auto isLong = [&](const Item &item) { return item.length() > 1.5 * mean; };
    Items longFirst;
    std::copy_if(items.begin(), items.end(), std::back_inserter(longFirst), isLong);
    std::copy_if(items.begin(), items.end(), std::back_inserter(longFirst), std::not_fn(isLong));
    return longFirst;
  }
  return items;
}

/// What keys and values of a head cost that do not stay in the second-level cache, of which half
/// counts: each of its halves keeps what its multiprocessors read. Measured on an H200 for radial
/// masks, 0.4 % at 35 MB to 4 % at 236 MB (bench/results/2026-11-30-h200-orders.json).
double Model::fromMemory(const Schedule &schedule) const {
  const Layout &queries = problem.query();
  if (schedule.order == WorkOrder::AcrossFrames || bandsAcrossFrames(queries) == 1)
    return 1;
  double bytes = 2.0 * double(problem.key().tokenCount() * problem.shape().headDim) * 2;
  return 1 + 0.045 * std::max(0.0, 1 - double(machine.l2Bytes) / 2 / bytes);
}

Model::Cost Model::gpuCost(const Schedule &schedule) const {
  double depth = double(problem.shape().headDim);
  double rows = schedule.tileQ, columns = schedule.tileK;
  bool isHop = target.name.ends_with('a');
  double rate = peakFlopsPerClock(machine);
  if (!isHop && machine.computeCapability >= 90)
    rate *= mmaShareOfHopper;

  double products = 4 * rows * columns * depth / rate;
  double softmax =
      rows * columns / exponentialsPerClock + scalarsPerScore * rows * columns / scalarsPerClock;
  double rescale = schedule.skipRescale ? 0 : rows * depth / scalarsPerClock;
  double tileBytes = 2 * columns * depth * 2;
  // With mma.sync every warp reads the whole key and value tile into its registers.
  double reads = isHop ? 0 : schedule.warps * tileBytes / sharedBytesPerClock;
  double copies = tileBytes / copyBytesPerClock / schedule.cluster;

  int threads = isHop ? schedule.tileQ * 2 + 128 : schedule.warps * 32;
  double shared = depth * 2 * (rows + 2.0 * schedule.stages * columns) + 1024;
  double registers =
      isHop ? registersPerMultiprocessor
            : threads * std::min(255.0, 40 + rows / schedule.warps * (1.5 * depth + columns) / 32);
  int blocks = std::max(1, std::min({int(double(machine.sharedBytesPerMultiprocessor) / shared),
                                     int(registersPerMultiprocessor / registers),
                                     threadsPerMultiprocessor / threads}));

  double matrix = std::max(products, reads), scalar = softmax + rescale;
  double busiest = std::max({matrix, scalar, copies}), alone = 0;
  if (isHop) {
    alone = busiest + exposedOnHopper(schedule) * std::min(matrix, scalar) + stageOnHopper;
    // The test sits among more scores than the registers beside them let it move.
    if (schedule.skipRescale && schedule.overlap && columns > 160)
      alone += 1.2 * rows * depth / scalarsPerClock;
    int chunks = schedule.gather ? schedule.tileK / schedule.gather : 1;
    alone += chunkOnHopper * chunks;
    alone *= 1 + 0.016 * (schedule.stages - 2) + (chunks > 1 ? 0.04 : 0);
    // Bytes that one copy brings to two blocks take no power.
    if (schedule.cluster > 1)
      alone *= 0.985;
  } else {
    // Of two blocks one's softmax runs under the other's products.
    alone = blocks > 1 ? busiest + 0.25 * std::min(matrix, scalar) : matrix + scalar;
  }
  if (schedule.stages == 1)
    alone += copies / blocks;
  // Blocks on one multiprocessor share its units.
  double cycles = std::max(alone, busiest * blocks) * fromMemory(schedule);
  Cost cost;
  cost.full = cycles;
  // What lists mask was evaluated before (KeptPairs).
  cost.partial =
      cycles + blocks * (schedule.groupLists ? 2 : 12) * rows * columns / scalarsPerClock;
  cost.once = 2000 + blocks * (rows * depth * 4 / copyBytesPerClock);
  cost.workers = blocks * machine.multiprocessors;
  return cost;
}

Model::Cost Model::cpuCost(const Schedule &schedule) const {
  double depth = double(problem.shape().headDim);
  double rows = schedule.tileQ, columns = schedule.tileK;
  double width = schedule.vectorWidth ? std::min(schedule.vectorWidth, machine.vectorWidth)
                                      : machine.vectorWidth;
  width = std::max(width, 1.0);
  double products = 4 * rows * columns * depth / (4 * width) / 0.6;
  double softmax = rows * columns * 20 / width;
  double rescale = rows * depth * 2 / width;
  // Scores, accumulators and a key tile beyond the first-level cache come from the second.
  double bytes = 4 * (rows * columns + rows * depth + 2 * columns * depth);
  double spill = bytes > 48 * 1024 ? bytes / 32 : 0;
  Cost cost;
  cost.full = products + softmax + rescale + spill + 500;
  cost.partial = cost.full + rows * columns * 6 / width;
  cost.once = 2000 + rows * depth * 8 / width;
  cost.workers = machine.multiprocessors;
  return cost;
}

Model::Cost Model::costOf(const Schedule &schedule) const {
  return target.kind == Target::Kind::Cpu ? cpuCost(schedule) : gpuCost(schedule);
}

Result<double> Model::predict(const Schedule &schedule) {
  Result<const Items *> planned = itemsOf(schedule);
  if (!planned)
    return planned.error();
  Items items = ordered(**planned, schedule.order);
  Cost cost = costOf(schedule);
  double cycles = makespan(items, std::max(1, cost.workers), [&](const Item &item) {
    return cost.once + item.full * cost.full + item.partial * cost.partial;
  });
  return cycles / (machine.clockHz > 0 ? machine.clockHz : 1e9);
}

double rankCorrelation(std::span<const double> first, std::span<const double> second) {
  size_t count = std::min(first.size(), second.size());
  if (count < 2)
    return 0;
  std::vector<double> a = ranks(first.first(count)), b = ranks(second.first(count));
  double mean = double(count - 1) / 2, product = 0, squareA = 0, squareB = 0;
  for (size_t i = 0; i < count; ++i) {
    product += (a[i] - mean) * (b[i] - mean);
    squareA += (a[i] - mean) * (a[i] - mean);
    squareB += (b[i] - mean) * (b[i] - mean);
  }
  return squareA > 0 && squareB > 0 ? product / std::sqrt(squareA * squareB) : 0;
}

} // namespace halftone
