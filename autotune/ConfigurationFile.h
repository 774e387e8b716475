#pragma once

#include "autotune/Configuration.h"

namespace halftone {

/// Configurations as JSON and back. All files of configurations have one form, checked against
/// autotune/configurations.schema.json: an entry of the cache is a file with one configuration, an
/// export a file with many.
///
///   {
///     "configurations": [{"key": {...}, "best": {...}, ..., "sha256": "..."}],
///     "format": "halftone-configurations",
///     "version": 1
///   }
///
/// "sha256" of a configuration is that of the rest of it, written without blanks: it tells damage,
/// not malice.
Result<std::string> writeConfigurations(const std::vector<Configuration> &configurations);

/// Reads a file from anywhere: at most 16 MiB and 64 levels deep, with the schema's fields and no
/// others, each configuration undamaged. The error names the value that is wrong. Blanks and the
/// order of fields do not matter.
Result<std::vector<Configuration>> readConfigurations(std::string_view bytes);

/// Reads a file as writeConfigurations() left it, byte for byte, that holds one configuration whose
/// key has this hash: anything else is damaged.
Result<Configuration> readEntry(std::string_view bytes, std::string_view keyHash);

/// The JSON schema, as text.
std::string_view configurationsSchema();

} // namespace halftone
