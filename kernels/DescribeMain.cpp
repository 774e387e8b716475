// describe <file>: writes the canonical text of the problem that describeKernel() gives to a file.
// Compiled in the build of whoever calls halftone_add_kernel(), together with their source.
#include "kernels/DescribeKernel.h"

#include <cstdio>

int main(int count, char **arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: describe FILE\n");
    return 2;
  }
  halftone::Problem problem = describeKernel();
  if (halftone::Status valid = problem.check(); !valid) {
    std::fprintf(stderr, "%s\n", valid.error().text().c_str());
    return int(valid.error().code);
  }
  std::string text = problem.text();
  std::FILE *file = std::fopen(arguments[1], "wb");
  bool written = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file && std::fclose(file) != 0)
    written = false;
  if (!written)
    std::perror(arguments[1]);
  return written ? 0 : 7;
}
