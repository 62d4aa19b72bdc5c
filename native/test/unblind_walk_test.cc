// The cure's look at a stopped thread, on a made-up heap and a made-up stack.
#include "unblind_walk.h"

#include <sys/mman.h>

#include <cstdint>
#include <initializer_list>

#include "test/check.h"

namespace hardstop {
namespace {

using platform::MachineContext;

constexpr uint16_t kMapType = 100;
constexpr uint16_t kFirstFunction = 200;
constexpr uint16_t kLastFunction = 210;
constexpr uint16_t kCellType = 150;

constexpr EngineLayout kLayout = {-16,           -8,        0,  12, 48, kMapType, kFirstFunction,
                                  kLastFunction, kCellType, 20, 16};

template <typename Object>
uintptr_t Address(const Object* object) {
  return reinterpret_cast<uintptr_t>(object);
}
template <typename Object>
uintptr_t Tagged(const Object* object) {
  return Address(object) + kHeapObjectTag;
}

struct alignas(8) Map {
  uintptr_t map;
  uint32_t sizes = 0;
  uint16_t type;
  uint16_t padding = 0;
};
struct alignas(8) Cell {
  uintptr_t map;
  uintptr_t value = 0;
  uint32_t handle = 0x12345678;
  int32_t budget = 1 << 30;
};
struct alignas(8) Function {
  uintptr_t map;
  uintptr_t fields[5] = {};
  uintptr_t cell;
};

// Two JavaScript frames, the inner one calling nothing, under an entry frame whose
// caller is no engine code. The stack grows down: higher index, older frame.
class World {
 public:
  World() {
    const uintptr_t thread_stack = Address(&stack_[0]);
    thread_.stack.low = thread_stack;
    thread_.stack.high = thread_stack + sizeof stack_;
    thread_.heap_code = {0x10000, 0x1000};
    thread_.embedded_code = {0x50000, 0x1000};
    inner_ = MakeFrame(10, 30, 0x10020, Tagged(&functions_[0]));
    outer_ = MakeFrame(30, 50, 0x50020, Tagged(&functions_[1]));
    MakeFrame(50, 60, 0x99999, 2);
    context_ = {0x10010, Address(&stack_[4]), inner_};
  }

  Finding Cure(uintptr_t* function = nullptr) {
    return CureBlindLoop(kLayout, thread_, context_, function);
  }

  Map meta_map_{Tagged(&meta_map_), 0, kMapType, 0};
  Map function_map_{Tagged(&meta_map_), 0, kFirstFunction + 3, 0};
  Map cell_map_{Tagged(&meta_map_), 0, kCellType, 0};
  Cell cells_[2] = {{Tagged(&cell_map_)}, {Tagged(&cell_map_)}};
  Function functions_[2] = {{Tagged(&function_map_), {}, Tagged(&cells_[0])},
                            {Tagged(&function_map_), {}, Tagged(&cells_[1])}};
  uintptr_t stack_[64] = {};
  StuckThread thread_;
  MachineContext context_;
  uintptr_t inner_;
  uintptr_t outer_;

 private:
  uintptr_t MakeFrame(int at, int caller, uintptr_t return_address, uintptr_t function) {
    stack_[at] = Address(&stack_[caller]);
    stack_[at + 1] = return_address;
    stack_[at - 1] = Tagged(&functions_[0]);  // the context: any object
    stack_[at - 2] = function;
    return Address(&stack_[at]);
  }
};

TEST(UsesUpTheBudgetsOfTheFramesOfOneCallFromOutside) {
  World world;
  uintptr_t function = 0;
  CHECK(world.Cure(&function) == Finding::kCured);
  CHECK(function == Tagged(&world.functions_[0]));
  CHECK(world.cells_[0].budget == 0 && world.cells_[1].budget == 0);
  CHECK(world.cells_[0].handle == 0x12345678);
  CHECK(world.Cure() == Finding::kNotBlind);
}

TEST(TouchesNothingWhileTheThreadIsElsewhere) {
  World world;
  world.context_.pc = 0x99999;
  CHECK(world.Cure() == Finding::kElsewhere);
  CHECK(world.cells_[0].budget == 1 << 30);
}

TEST(TakesNoFrameOutsideTheStackOrBelowTheStackPointer) {
  for (const uintptr_t fp : {uintptr_t{0}, uintptr_t{0x7fff00000000}, UINTPTR_MAX - 7}) {
    World world;
    world.context_.fp = fp;
    CHECK(world.Cure() == Finding::kElsewhere);
  }
  World world;
  world.context_.fp += 4;
  CHECK(world.Cure() == Finding::kElsewhere);
  world.context_ = {0x10010, world.inner_ + 8, world.inner_};
  CHECK(world.Cure() == Finding::kElsewhere);
}

TEST(LeavesAHalfBuiltFrameForItsCaller) {
  World world;
  world.context_.sp = world.inner_;
  CHECK(world.Cure() == Finding::kCured);
  CHECK(world.cells_[0].budget == 1 << 30 && world.cells_[1].budget == 0);
}

TEST(LeavesFramesWithoutAContextAlone) {
  World world;
  world.stack_[9] = 14 << 1;  // a frame type
  CHECK(world.Cure() == Finding::kCured);
  CHECK(world.cells_[0].budget == 1 << 30 && world.cells_[1].budget == 0);
}

TEST(EndsAtTheFirstCallerThatIsNotTheEngines) {
  World world;
  world.stack_[11] = 0x99999;
  CHECK(world.Cure() == Finding::kCured);
  CHECK(world.cells_[0].budget == 0 && world.cells_[1].budget == 1 << 30);
}

TEST(EndsWhereTheChainOfFramesTurnsBack) {
  World world;
  world.stack_[10] = world.inner_;
  CHECK(world.Cure() == Finding::kCured);
  CHECK(world.cells_[1].budget == 1 << 30);
}

TEST(TakesOnlyWhatIsProvablyAFunctionWithAFeedbackCell) {
  const auto refuses = [](void (*spoil)(World*)) {
    World world;
    world.stack_[11] = 0x99999;
    spoil(&world);
    CHECK(world.Cure() == Finding::kNoFunction);
    CHECK(world.cells_[0].budget == 1 << 30);
  };
  refuses([](World* world) { world->stack_[8] = 0; });
  refuses([](World* world) { world->stack_[8] = 0x4141414141414141; });
  refuses([](World* world) { world->stack_[8] = 0x10001; });
  refuses([](World* world) { world->functions_[0].map -= kHeapObjectTag; });  // moved
  refuses([](World* world) { world->function_map_.type = kLastFunction + 1; });
  refuses([](World* world) { world->function_map_.type = kFirstFunction - 1; });
  refuses([](World* world) { world->function_map_.map = Tagged(&world->cell_map_); });
  refuses([](World* world) { world->functions_[0].cell = 42 << 1; });
  refuses([](World* world) { world->cell_map_.type = kCellType + 1; });
}

TEST(ReportsMemoryThatCannotBeWritten) {
  World world;
  void* const page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  auto* const cell = static_cast<Cell*>(page);
  *cell = Cell{Tagged(&world.cell_map_)};
  CHECK(mprotect(page, 4096, PROT_READ) == 0);
  world.functions_[0].cell = Tagged(cell);
  world.stack_[11] = 0x99999;
  CHECK(world.Cure() == Finding::kRefused);
  munmap(page, 4096);
}

}  // namespace
}  // namespace hardstop

int main() { return hardstop::test::RunTests(); }
