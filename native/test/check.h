#ifndef HARDSTOP_NATIVE_TEST_CHECK_H_
#define HARDSTOP_NATIVE_TEST_CHECK_H_

// The test runner of the C++ unit tests: TEST(Name) { CHECK(condition); } and RunTests() in
// main(). It prints TAP, so that any harness can read it. A failed CHECK ends its process at
// once: nothing after it could be trusted. SKIP_IF(condition, reason) leaves the test.

#include <cstdio>
#include <cstdlib>

namespace hardstop::test {

struct Case {
  const char* name;
  void (*run)();
  Case* next;
};

inline Case*& Cases() {
  static Case* first = nullptr;
  return first;
}

// Appends its case to the list before main() runs, in the order of the file.
struct Registration {
  explicit Registration(Case* added) {
    Case** end = &Cases();
    while (*end != nullptr) end = &(*end)->next;
    *end = added;
  }
};

// Why the test that runs was left without a result; nullptr: it was not.
inline const char*& SkipReason() {
  static const char* reason = nullptr;
  return reason;
}

inline int RunTests() {
  int number = 0;
  for (const Case* test = Cases(); test != nullptr; test = test->next) {
    SkipReason() = nullptr;
    test->run();
    const char* reason = SkipReason();
    std::printf("ok %d - %s%s%s\n", ++number, test->name, reason == nullptr ? "" : " # SKIP ",
                reason == nullptr ? "" : reason);
    std::fflush(stdout);
  }
  std::printf("1..%d\n", number);
  return 0;
}

[[noreturn]] inline void Fail(const char* file, int line, const char* condition) {
  std::printf("not ok - %s:%d: CHECK(%s)\n", file, line, condition);
  std::fflush(stdout);
  std::exit(1);
}

}  // namespace hardstop::test

#define TEST(Name)                                                               \
  static void Name();                                                            \
  static ::hardstop::test::Case case_##Name{#Name, Name, nullptr};               \
  static const ::hardstop::test::Registration registration_##Name{&case_##Name}; \
  static void Name()

#define CHECK(...)                                                                \
  do {                                                                            \
    if (!(__VA_ARGS__)) ::hardstop::test::Fail(__FILE__, __LINE__, #__VA_ARGS__); \
  } while (false)

#define SKIP_IF(condition, reason)               \
  do {                                           \
    if (condition) {                             \
      ::hardstop::test::SkipReason() = (reason); \
      return;                                    \
    }                                            \
  } while (false)

#endif  // HARDSTOP_NATIVE_TEST_CHECK_H_
