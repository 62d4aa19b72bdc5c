#include "command_line.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "platform/command.h"

namespace hardstop {
namespace {

int Integer(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::Number>().Int32Value();
}

int IntegerOf(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().Int32Value();
}

// leadGroup(): an errno, or 0.
Napi::Value LeadGroup(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), platform::LeadGroup());
}

// ignoreSignal(number)
void IgnoreSignal(const Napi::CallbackInfo& info) { platform::IgnoreSignal(Integer(info, 0)); }

// relayRealTimeSignals(write end)
void RelayRealTimeSignals(const Napi::CallbackInfo& info) {
  platform::RelayRealTimeSignals(Integer(info, 0));
}

// openPipe(): [read end, write end] | undefined
Napi::Value OpenPipe(const Napi::CallbackInfo& info) {
  int ends[2];
  if (!platform::OpenPipe(ends)) return info.Env().Undefined();
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, ends[0]);
  result.Set(1u, ends[1]);
  return result;
}

// start(plan): { pid, error, forked }. The arguments are null-terminated buffers.
Napi::Value Start(const Napi::CallbackInfo& info) {
  auto options = info[0].As<Napi::Object>();
  auto arguments = options.Get("arguments").As<Napi::Array>();
  std::vector<char*> texts;
  for (uint32_t i = 0; i < arguments.Length(); i++) {
    const Napi::Value bytes = arguments.Get(i);
    texts.push_back(reinterpret_cast<char*>(bytes.As<Napi::Uint8Array>().Data()));
  }
  texts.push_back(nullptr);

  auto ignored = options.Get("ignoredSignals").As<Napi::Array>();
  std::uint64_t ignored_signals = 0;
  for (uint32_t i = 0; i < ignored.Length(); i++) {
    const Napi::Value number = ignored.Get(i);
    ignored_signals |= std::uint64_t{1} << number.As<Napi::Number>().Uint32Value();
  }
  auto descriptors = options.Get("inherited").As<Napi::Array>();
  std::vector<int> inherited;
  for (uint32_t i = 0; i < descriptors.Length(); i++) {
    const Napi::Value descriptor = descriptors.Get(i);
    inherited.push_back(descriptor.As<Napi::Number>().Int32Value());
  }
  const auto open_files = options.Get("openFiles").As<Napi::Number>().Int64Value();
  const platform::CommandStart start = platform::StartCommand(
      {texts.data(), IntegerOf(options, "output"), IntegerOf(options, "errors"),
       IntegerOf(options, "deathSignal"), ignored_signals, inherited.data(), inherited.size(),
       static_cast<std::uint64_t>(open_files)});

  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("pid", start.pid);
  result.Set("error", start.error);
  result.Set("forked", start.forked);
  return result;
}

// reap(pid): { exitCode, signal, dumpedCore }; undefined while it runs.
Napi::Value Reap(const Napi::CallbackInfo& info) {
  const platform::CommandEnd end = platform::ReapCommand(Integer(info, 0));
  if (!end.has_ended) return info.Env().Undefined();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("exitCode", end.exit_code);
  result.Set("signal", end.signal);
  result.Set("dumpedCore", end.dumped_core);
  return result;
}

// dieBySignal(number)
void DieBySignal(const Napi::CallbackInfo& info) { platform::DieBySignal(Integer(info, 0)); }

// leave(status)
void Leave(const Napi::CallbackInfo& info) { platform::Leave(Integer(info, 0)); }

// commandLine(): the functions.
Napi::Value CommandLine(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!platform::HasCommands()) return env.Undefined();
  Napi::Object functions = Napi::Object::New(env);
  functions.Set("leadGroup", Napi::Function::New<LeadGroup>(env));
  functions.Set("ignoreSignal", Napi::Function::New<IgnoreSignal>(env));
  functions.Set("relayRealTimeSignals", Napi::Function::New<RelayRealTimeSignals>(env));
  functions.Set("openPipe", Napi::Function::New<OpenPipe>(env));
  functions.Set("start", Napi::Function::New<Start>(env));
  functions.Set("reap", Napi::Function::New<Reap>(env));
  functions.Set("dieBySignal", Napi::Function::New<DieBySignal>(env));
  functions.Set("leave", Napi::Function::New<Leave>(env));
  return functions;
}

}  // namespace

void ExportCommandLine(Napi::Object exports) {
  exports.Set("commandLine", Napi::Function::New<CommandLine>(exports.Env(), "commandLine"));
}

}  // namespace hardstop
