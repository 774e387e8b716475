#!/bin/sh
# check_shared_library.sh <libhalftone_runtime.so>: what the library needs and what it shows.
# It must need neither LLVM nor the CUDA driver, and show the C interface and nothing else.
set -eu
library=$1
needed=$(readelf --dynamic --wide "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
shown=$(nm --dynamic --defined-only --format=posix "$library" | cut -d' ' -f1)
[ -n "$needed" ] && [ -n "$shown" ] || { echo "cannot read $library"; exit 1; }
failed=0
for name in $needed; do
  case $name in
  libstdc++.so.* | libm.so.* | libgcc_s.so.* | libc.so.* | ld-linux-*.so.*) ;;
  *) echo "it needs $name"; failed=1 ;;
  esac
done
for name in $shown; do
  case $name in
  halftone_*) ;;
  *) echo "it shows $name"; failed=1 ;;
  esac
done
for name in version error_text problem_parse image_read kernel_load kernel_launch kernel_free; do
  echo "$shown" | grep -qx "halftone_$name" || { echo "it lacks halftone_$name"; failed=1; }
done
exit $failed
