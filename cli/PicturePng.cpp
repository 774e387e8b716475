#include "cli/Picture.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace halftone::cli {
namespace {

std::string bigEndian(uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

/// A PNG chunk: length, type, data, and the checksum of the last two.
void writeChunk(std::string_view type, std::string_view data, const Sink &sink) {
  uLong checksum = ::crc32(0, reinterpret_cast<const Bytef *>(type.data()), uInt(type.size()));
  if (!data.empty()) // zlib takes a null pointer as a request for the initial value
    checksum = ::crc32(checksum, reinterpret_cast<const Bytef *>(data.data()), uInt(data.size()));
  sink(bigEndian(uint32_t(data.size())));
  sink(type);
  sink(data);
  sink(bigEndian(uint32_t(checksum)));
}

/// A deflate stream whose output leaves as IDAT chunks.
class Deflater {
public:
  explicit Deflater(const Sink &sink) : sink(sink), output(1 << 16) {
    ready = ::deflateInit(&stream, Z_DEFAULT_COMPRESSION) == Z_OK;
  }
  Deflater(const Deflater &) = delete;
  Deflater &operator=(const Deflater &) = delete;
  ~Deflater() { ::deflateEnd(&stream); }

  bool ready = false;

  void add(const std::string &bytes, bool last) {
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = uInt(bytes.size());
    do {
      stream.next_out = output.data();
      stream.avail_out = uInt(output.size());
      ::deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
      size_t count = output.size() - stream.avail_out;
      if (count > 0)
        writeChunk("IDAT", {reinterpret_cast<const char *>(output.data()), count}, sink);
    } while (stream.avail_out == 0);
  }

private:
  const Sink &sink;
  z_stream stream{};
  std::vector<Bytef> output;
};

} // namespace

int pngPixels(const BlockMask &mask) {
  int64_t side = std::max<int64_t>({mask.queryBlocks, mask.keyBlocks, 1});
  return int(std::max<int64_t>(1, (512 + side - 1) / side));
}

Status writePng(const BlockMask &mask, int pixels, const Sink &sink) {
  Deflater deflater(sink);
  if (!deflater.ready)
    return Error{ErrorCode::Internal, "zlib could not be started", {}, {}};

  int64_t width = mask.keyBlocks * pixels, height = mask.queryBlocks * pixels;
  sink("\x89PNG\r\n\x1a\n");
  // One bit a pixel, grey; then deflate, adaptive filters, not interlaced: the only values there
  // are.
  writeChunk("IHDR",
             bigEndian(uint32_t(width)) + bigEndian(uint32_t(height)) +
                 std::string{'\1', '\0', '\0', '\0', '\0'},
             sink);
  for (int64_t query = 0; query < mask.queryBlocks; ++query) {
    std::string row(1 + size_t(width + 7) / 8, '\xff'); // 1 is white
    row[0] = '\0';                                      // no filter
    for (uint32_t i = mask.rowStart[query]; i < mask.rowStart[query + 1]; ++i)
      for (int64_t x = int64_t(mask.runs[i].begin) * pixels; x < int64_t(mask.runs[i].end) * pixels;
           ++x)
        row[1 + x / 8] &= char(~(0x80 >> (x % 8)));
    for (int copy = 0; copy < pixels; ++copy)
      deflater.add(row, false);
  }
  deflater.add({}, true);
  writeChunk("IEND", {}, sink);
  return {};
}

} // namespace halftone::cli
