#pragma once

#include "runtime/DeviceProperties.h"
#include "runtime/Image.h"

namespace halftone {

/// The code of an image on one GPU. Loaded once per process for each content and GPU, shared by the
/// kernels that use it, unloaded with the last of them.
class LoadedImage {
public:
  static Result<std::shared_ptr<const LoadedImage>> load(std::shared_ptr<const Image> image,
                                                         const Device &device);
  ~LoadedImage();
  LoadedImage(const LoadedImage &) = delete;
  LoadedImage &operator=(const LoadedImage &) = delete;

  cuda::Function function() const { return entry; }
  const Device &device() const { return gpu; }

private:
  LoadedImage(std::shared_ptr<const Image> image, Device device)
      : image(std::move(image)), gpu(std::move(device)) {}
  Status loadModule();
  Status findEntry();

  std::shared_ptr<const Image> image;
  Device gpu;
  cuda::Module module = nullptr;
  cuda::Function entry = nullptr;
};

/// Whether code for `target` ("sm_80", "sm_90a") of this kind can run on a GPU of
/// `computeCapability`: a cubin on the same major version from its minor on, PTX on everything
/// newer, and code with an 'a' on exactly its own.
bool runsOn(std::string_view target, Image::Kind kind, int computeCapability);

} // namespace halftone
