# What a test may say in its RUN lines: halftone-opt, halftone, FileCheck, not, ptxas.
import os

import lit.formats

config.name = "halftone-codegen"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.halftone_exec_root

# A word boundary on the left and no path or option character on the right, so that the name is the
# command and not part of another word.
for name, path in [
    ("halftone-opt", config.halftone_opt),
    ("FileCheck", config.filecheck),
    ("not", config.llvm_not),
]:
    config.substitutions.append((r"(?<![\w/.-])%s(?![\w/.-])" % name, path))

if config.ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append((r"%ptxas", config.ptxas))
