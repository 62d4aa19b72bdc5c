{
  # One addon for every Node version: it needs Node-API 8 and finds the engine's own functions by
  # name. Published packages bring a binary (prebuilds/); this file is for machines that have none
  # and for development, e.g. `npm run build:native -- -- -Dsanitize=address` (undefined, thread).
  # scripts/prebuild reads sources, defines and flags from here too, and understands JSON with
  # comment lines only; new sources have to be listed, or test/pack/manifest.test.ts fails.
  "variables": {
    "sanitize%": "none"
  },
  "targets": [
    {
      "target_name": "hardstop",
      "sources": [
        "native/addon.cc",
        "native/alarm.cc",
        "native/async_context.cc",
        "native/command_line.cc",
        "native/deadline_heap.cc",
        "native/env_state.cc",
        "native/frame_control.cc",
        "native/guard.cc",
        "native/interrupter.cc",
        "native/main_thread.cc",
        "native/process/containment.cc",
        "native/process/killer.cc",
        "native/process/process_snapshot.cc",
        "native/process/tree_end.cc",
        "native/process/tree_end_functions.cc",
        "native/process/tree_members.cc",
        "native/unblind.cc",
        "native/unblind_calibration.cc",
        "native/unblind_layout.cc",
        "native/unblind_walk.cc",
        "native/wake_margin.cc",
        "native/watchdog.cc"
      ],
      "include_dirs": [
        "native",
        "<!(node -p \"require('node-addon-api').include_dir\")"
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "NAPI_HAS_THREADS=0",
        "NODE_ADDON_API_DISABLE_DEPRECATED"
      ],
      "cflags": [
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fvisibility=hidden",
        "-fstack-protector-strong",
        "-ffunction-sections",
        "-fdata-sections"
      ],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": [
        "-std=c++17",
        "-fno-exceptions",
        "-fno-rtti",
        "-fno-threadsafe-statics",
        "-fvisibility-inlines-hidden"
      ],
      "conditions": [
        ["OS=='linux'", {
          "sources": [
            "native/platform/linux/clock.cc",
            "native/platform/linux/control_group.cc",
            "native/platform/linux/control_group_folder.cc",
            "native/platform/linux/directed_signal.cc",
            "native/platform/linux/end_sleeper.cc",
            "native/platform/linux/futex.cc",
            "native/platform/linux/mutex.cc",
            "native/platform/linux/own_memory.cc",
            "native/platform/linux/process_container.cc",
            "native/platform/linux/process_list.cc",
            "native/platform/linux/process_signal.cc",
            "native/platform/linux/sleeper.cc",
            "native/platform/linux/stack_bounds.cc",
            "native/platform/linux/thread.cc",
            "native/platform/linux/thread_cpu_clock.cc",
            "native/platform/linux/thread_handle.cc",
            "native/platform/posix/command.cc",
            "native/platform/posix/cpu_relax.cc",
            "native/platform/posix/detached_thread.cc",
            "native/platform/posix/host_symbol.cc",
            "native/platform/posix/signal_choice.cc",
            "native/platform/posix/unblock_signal.cc"
          ],
          "libraries": ["-ldl", "-lpthread"],
          "ldflags": [
            # Node unloads an addon when the worker that loaded it ends; the watchdog thread must still find its code.
            "-Wl,-z,nodelete",
            "-Wl,-z,relro,-z,now",
            "-Wl,--gc-sections",
            "-Wl,--version-script=<(module_root_dir)/native/exports.map"
          ]
        }],
        ["OS=='mac'", {
          "sources": [
            "native/platform/darwin/clock.cc",
            "native/platform/darwin/directed_signal.cc",
            "native/platform/darwin/mutex.cc",
            "native/platform/darwin/own_memory.cc",
            "native/platform/darwin/process_container.cc",
            "native/platform/darwin/process_list.cc",
            "native/platform/darwin/process_signal.cc",
            "native/platform/darwin/sleeper.cc",
            "native/platform/darwin/stack_bounds.cc",
            "native/platform/darwin/thread.cc",
            "native/platform/darwin/thread_cpu_clock.cc",
            "native/platform/darwin/thread_handle.cc",
            "native/platform/posix/command.cc",
            "native/platform/posix/cpu_relax.cc",
            "native/platform/posix/detached_thread.cc",
            "native/platform/posix/host_symbol.cc",
            "native/platform/posix/signal_choice.cc",
            "native/platform/posix/unblock_signal.cc",
            "native/platform/suspension/end_sleeper.cc",
            "native/platform/suspension/self_signal.cc"
          ],
          "xcode_settings": {
            "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
            "DEAD_CODE_STRIPPING": "YES",
            "GCC_ENABLE_CPP_EXCEPTIONS": "NO",
            "GCC_ENABLE_CPP_RTTI": "NO",
            "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
            "GCC_THREADSAFE_STATICS": "NO",
            "MACOSX_DEPLOYMENT_TARGET": "11.0",
            "WARNING_CFLAGS": ["-Wall", "-Wextra", "-Werror", "-Wthread-safety"]
          }
        }],
        ["OS=='win'", {
          "sources": [
            "native/platform/suspension/end_sleeper.cc",
            "native/platform/suspension/self_signal.cc",
            "native/platform/win32/clock.cc",
            "native/platform/win32/command.cc",
            "native/platform/win32/directed_signal.cc",
            "native/platform/win32/host_symbol.cc",
            "native/platform/win32/mutex.cc",
            "native/platform/win32/own_memory.cc",
            "native/platform/win32/process_container.cc",
            "native/platform/win32/process_list.cc",
            "native/platform/win32/sleeper.cc",
            "native/platform/win32/stack_bounds.cc",
            "native/platform/win32/thread.cc",
            "native/platform/win32/thread_cpu_clock.cc",
            "native/platform/win32/thread_handle.cc"
          ],
          "defines": ["NOMINMAX", "WIN32_LEAN_AND_MEAN", "_WIN32_WINNT=0x0A00", "_HAS_EXCEPTIONS=0"],
          "msvs_settings": {
            "VCCLCompilerTool": {
              "AdditionalOptions": ["/std:c++17", "/guard:cf"],
              "ExceptionHandling": 0,
              "RuntimeTypeInfo": "false",
              "WarnAsError": "true",
              "WarningLevel": 3
            },
            "VCLinkerTool": {"AdditionalOptions": ["/guard:cf"]}
          }
        }],
        ["sanitize!='none'", {
          "cflags": [
            "-fsanitize=<(sanitize)",
            "-fno-sanitize-recover=undefined",
            "-fno-omit-frame-pointer",
            "-g"
          ],
          "ldflags": ["-fsanitize=<(sanitize)"],
          "xcode_settings": {
            "OTHER_CFLAGS": ["-fsanitize=<(sanitize)", "-fno-omit-frame-pointer", "-g"],
            "OTHER_LDFLAGS": ["-fsanitize=<(sanitize)"]
          }
        }]
      ]
    }
  ]
}
