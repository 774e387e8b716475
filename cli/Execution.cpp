#include "cli/Execution.h"

#include "kernels/Assembler.h"
#include "runtime/Stream.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <utility>

namespace halftone::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// What the processors spent, over all threads.
double processorMsSince(std::clock_t start) {
  return double(std::clock() - start) * 1e3 / CLOCKS_PER_SEC;
}

double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Memory of a GPU, released when it goes out of scope.
class DeviceBuffer {
public:
  static Result<DeviceBuffer> of(const Device &device, size_t bytes) {
    auto pointer = device.allocate(bytes);
    if (!pointer)
      return pointer.error();
    return DeviceBuffer(device, *pointer);
  }
  static Result<DeviceBuffer> holding(const Device &device, const std::vector<char> &bytes) {
    auto buffer = of(device, bytes.size());
    if (buffer)
      if (Status status = device.upload(buffer->data(), bytes.data(), bytes.size()); !status)
        return status.error();
    return buffer;
  }
  DeviceBuffer(DeviceBuffer &&other) noexcept
      : device(std::move(other.device)), pointer(std::exchange(other.pointer, nullptr)) {}
  DeviceBuffer &operator=(DeviceBuffer &&) = delete;
  ~DeviceBuffer() {
    if (pointer)
      device.release(pointer);
  }
  void *data() const { return pointer; }

private:
  DeviceBuffer(const Device &device, void *pointer) : device(device), pointer(pointer) {}
  Device device;
  void *pointer;
};

constexpr unsigned char poison = 0xff; // a NaN in every element type

Status measureOnCpu(const Kernel &kernel, const Inputs &inputs, int repeats, Measured &measured) {
  auto view = [](const HostTensor &tensor) {
    return tensor.view(const_cast<char *>(tensor.bytes.data()));
  };
  HostTensor &o = measured.outputs.o;
  for (int launch = -1; launch < repeats; ++launch) {
    if (launch == repeats - 1) {
      std::memset(o.bytes.data(), poison, o.bytes.size());
      std::memset(measured.outputs.lse.data(), poison, measured.outputs.lse.size() * sizeof(float));
    }
    std::clock_t busy = std::clock();
    auto start = Clock::now();
    if (Status status = kernel(view(inputs.q), view(inputs.k), view(inputs.v), view(o),
                               measured.outputs.lse.data());
        !status)
      return status;
    if (launch < 0)
      continue;
    measured.milliseconds.push_back(millisecondsSince(start));
    measured.cpuMilliseconds += processorMsSince(busy) / repeats;
  }
  return {};
}

Status measureOnGpu(const Kernel &kernel, const Device &device, const Inputs &inputs, int repeats,
                    Measured &measured) {
  HostTensor &o = measured.outputs.o;
  size_t lseBytes = measured.outputs.lse.size() * sizeof(float);
  auto q = DeviceBuffer::holding(device, inputs.q.bytes);
  auto k = DeviceBuffer::holding(device, inputs.k.bytes);
  auto v = DeviceBuffer::holding(device, inputs.v.bytes);
  auto output = DeviceBuffer::of(device, o.bytes.size());
  auto lse = DeviceBuffer::of(device, lseBytes);
  for (auto *buffer : {&q, &k, &v, &output, &lse})
    if (!*buffer)
      return buffer->error();
  auto stream = Stream::create(device);
  if (!stream)
    return stream.error();

  for (int launch = -1; launch < repeats; ++launch) {
    if (launch == repeats - 1) {
      if (Status status = device.fill(output->data(), poison, o.bytes.size()); !status)
        return status;
      if (Status status = device.fill(lse->data(), poison, lseBytes); !status)
        return status;
      // The stream of the launches does not wait for what the device does otherwise.
      if (Status status = device.synchronize(); !status)
        return status;
    }
    std::clock_t busy = std::clock();
    if (Status status = stream->start(); !status)
      return status;
    if (Status status =
            kernel(inputs.q.view(q->data()), inputs.k.view(k->data()), inputs.v.view(v->data()),
                   o.view(output->data()), static_cast<float *>(lse->data()), stream->handle());
        !status)
      return status;
    if (Status status = stream->stop(); !status)
      return status;
    auto elapsed = stream->elapsedMilliseconds();
    if (!elapsed)
      return elapsed.error();
    if (launch < 0)
      continue;
    measured.milliseconds.push_back(*elapsed);
    measured.cpuMilliseconds += processorMsSince(busy) / repeats;
  }
  if (Status status = device.synchronize(); !status)
    return status;
  if (Status status = device.download(o.bytes.data(), output->data(), o.bytes.size()); !status)
    return status;
  return device.download(measured.outputs.lse.data(), lse->data(), lseBytes);
}

} // namespace

Result<Ready> prepare(const Problem &problem, const Schedule &schedule, const Place &place,
                      const CompileOptions &options) {
  Result<Assembler> assembler = Assembler::of(place.target, &place.device, options.ptxas);
  if (!assembler)
    return assembler.error();
  CompileOptions fitting = options;
  fitting.ptxas = assembler->ptxas;
  auto start = Clock::now();
  auto compiled = compile(problem, schedule, place.target, fitting);
  if (!compiled)
    return compiled.error();
  double compileMs = millisecondsSince(start);
  start = Clock::now();
  auto kernel = compiled->cpuEntry ? Kernel::onCpu(compiled->image, problem, compiled->cpuEntry,
                                                   compiled->keepAlive)
                                   : Kernel::load(compiled->image, problem, place.device);
  if (!kernel)
    return kernel.error();
  return Ready{*kernel, compileMs, millisecondsSince(start)};
}

Inputs randomInputs(const Problem &problem, AxisOrder order, uint64_t seed) {
  const AttentionShape &shape = problem.shape();
  auto tensor = [&](const Layout &layout, int64_t heads, uint64_t stream) {
    return HostTensor::random(shape.element, order, shape.batch, layout.tokenCount(), heads,
                              shape.headDim, seed, stream);
  };
  return {tensor(problem.query(), shape.heads, 0), tensor(problem.key(), problem.kvHeads(), 1),
          tensor(problem.key(), problem.kvHeads(), 2)};
}

Result<Measured> execute(const Kernel &kernel, const Place &place, const Inputs &inputs,
                         int repeats) {
  const HostTensor &q = inputs.q;
  Measured measured;
  measured.outputs.o = HostTensor::zeros(q.element, q.order, q.batch, q.tokens, q.heads, q.headDim);
  measured.outputs.lse.resize(size_t(q.batch * q.heads * q.tokens));
  Status status = place.device.isGpu()
                      ? measureOnGpu(kernel, place.device, inputs, repeats, measured)
                      : measureOnCpu(kernel, inputs, repeats, measured);
  if (!status)
    return status.error();
  std::sort(measured.milliseconds.begin(), measured.milliseconds.end());
  return measured;
}

double teraflops(int64_t pairs, int64_t headDim, double milliseconds) {
  return milliseconds > 0 ? 4e-9 * double(pairs) * double(headDim) / milliseconds : 0;
}

} // namespace halftone::cli
