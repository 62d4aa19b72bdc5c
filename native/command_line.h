#ifndef HARDSTOP_NATIVE_COMMAND_LINE_H_
#define HARDSTOP_NATIVE_COMMAND_LINE_H_

#include <napi.h>

namespace hardstop {

// Exports `commandLine`, which makes the functions that `hardstop run` calls; it gives undefined
// where the platform has none of them. Mirrored by src/native/command-binding.ts.
void ExportCommandLine(Napi::Object exports);

}  // namespace hardstop

#endif  // HARDSTOP_NATIVE_COMMAND_LINE_H_
