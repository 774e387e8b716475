# cmake -DROOT=<source tree> -DLIST=<file with one path a line> -DTEMPLATE=<.in> -DOUTPUT=<.cpp> -P SourceFingerprint.cmake
# Writes OUTPUT from TEMPLATE with HALFTONE_SOURCE_FINGERPRINT: one SHA-256 of the names and bytes of all files.
file(STRINGS ${LIST} files)
set(all)
foreach(file IN LISTS files)
  file(SHA256 ${file} digest)
  file(RELATIVE_PATH name ${ROOT} ${file})
  string(APPEND all "${name} ${digest}\n")
endforeach()
string(SHA256 HALFTONE_SOURCE_FINGERPRINT "${all}")
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
