// write_sample_images <cpu file> <gpu file> <sm_90a file>: the images that CAbi.c loads.

#include "dsl/Parse.h"
#include "dsl/Program.h"
#include "runtime/Image.h"

#include <cstdio>
#include <fstream>

using namespace halftone;

static bool write(const char *path, Image::Kind kind, const char *target, Element element,
                  int gather = 0) {
  Result<Problem> problem =
      parseProblem("attention query=sequence(64) key=sequence(64) batch=1 heads=2 kv_heads=2 "
                   "head_dim=64 element=f32 lse=1 where k.index <= q.index");
  if (!problem) {
    std::fprintf(stderr, "%s\n", problem.error().text().c_str());
    return false;
  }
  Result<Program> program = lowerProgram(*problem);
  if (!program)
    return false;
  Image image;
  image.kind = kind;
  image.target = target;
  image.entry = "attention";
  image.bytes = {'c', 'o', 'd', 'e'};
  image.maskShape = program->shape();
  image.element = element;
  image.headDim = 64;
  image.lse = true;
  image.schedule.tileQ = 64;
  image.schedule.tileK = 32;
  image.schedule.gather = gather;
  image.planFormat = gather ? Image::chunksFormat : Image::tilesFormat;
  image.threads = 128;
  image.scratchBytes = 4096;
  std::vector<char> bytes = writeImage(image);
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), std::streamsize(bytes.size()));
  return bool(file.flush());
}

int main(int count, char **arguments) {
  if (count != 4)
    return 2;
  return !write(arguments[1], Image::Kind::Object, "cpu", Element::F32) ||
         !write(arguments[2], Image::Kind::Cubin, "sm_90", Element::BF16) ||
         !write(arguments[3], Image::Kind::Cubin, "sm_90a", Element::BF16, 16);
}
